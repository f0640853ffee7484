"""The file of a run: everything the vault's arithmetic read, and everything it gave.

A recording is one JSON document. Amounts, square-root prices and liquidity are decimal strings; ticks,
epochs, times and bps are integers. Pushed ticks and market readings are in the pool's own sign, the ticks of
decisions and trades are oriented, as in the vault's events. Events stand in the order of the chain.

    format, data_source, chain_id, vault, strategy_digest      where the run comes from
    base_decimals, risky_decimals, tick_spacing, rules         what never changed in it
    events                                                     see the classes below, told apart by `kind`
    final                                                      the vault's storage after the last event

`pushed` events reach back far enough for the window of the first decision. A trade whose outcome is Idle 0
read nothing of the market and may leave it out. `ticks` of a market are the initialised ticks from the spot
tick up to the limit, with their net liquidity, ascending.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from strategies.errors import RecordingError
from strategies.vault_rules import VaultRules, VaultState

FORMAT: Final = "provault-recording-1"
_MOST = 1 << 256


def _parse_amount(value: object) -> int:
    """Return an integer from its canonical decimal string, or the integer itself."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= 80:
        parsed = int(value, 10)
        if str(parsed) == value:
            return parsed
    raise ValueError("expected an integer as a decimal string")


Amount = Annotated[
    int, BeforeValidator(_parse_amount), Field(ge=0, lt=_MOST), PlainSerializer(str, return_type=str)
]
SignedAmount = Annotated[
    int, BeforeValidator(_parse_amount), Field(gt=-_MOST, lt=_MOST), PlainSerializer(str, return_type=str)
]
Tick = Annotated[int, Field(strict=True, ge=-887_272, le=887_272)]
Whole = Annotated[int, Field(strict=True, ge=0)]


class _Strict(BaseModel):
    """Refuse unknown keys and stay as loaded."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Opened(_Strict):
    """The vault was founded."""

    kind: Literal["opened"] = "opened"
    time: Whole
    seed: Amount
    bond: Amount
    fee_e18: Amount


class Pushed(_Strict):
    """The price log took an interval's tick."""

    kind: Literal["pushed"] = "pushed"
    time: Whole
    interval: Whole
    tick: Tick


class Restarted(_Strict):
    """The price log lost its history: no window reaches across `interval`, its new head."""

    kind: Literal["restarted"] = "restarted"
    time: Whole
    interval: Whole


class DecisionMade(_Strict):
    """A proven decision was taken; `base`, `risky`, `supply` as the event states them, after the fee."""

    kind: Literal["decided"] = "decided"
    time: Whole
    epoch: Whole
    target_bps: Whole
    previous_bps: Whole
    tick: Tick
    fee_shares: Amount
    base: Amount
    risky: Amount
    supply: Amount


class MarketReading(_Strict):
    """What a call of trade read: recent price, and the pool just before the swap."""

    recent_known: bool
    recent_tick: Tick
    harmonic_liquidity: Amount
    sqrt_ratio_x96: Amount
    tick: Tick
    liquidity: Amount
    ticks: tuple[tuple[Tick, SignedAmount], ...]


class IdleOutcome(_Strict):
    """The call swapped nothing."""

    kind: Literal["idle"] = "idle"
    reason: Annotated[int, Field(strict=True, ge=0, le=3)]


class TradedOutcome(_Strict):
    """The call swapped; the fields of the Traded event."""

    kind: Literal["traded"] = "traded"
    buy: bool
    paid: Amount
    got: Amount
    wanted: Amount
    recent_tick: Tick
    limit_tick: Tick
    spent_e18: Amount


class TradeCalled(_Strict):
    """Trade was called, alone or inside decide."""

    kind: Literal["trade"] = "trade"
    time: Whole
    epoch: Whole
    market: MarketReading | None
    outcome: Annotated[IdleOutcome | TradedOutcome, Field(discriminator="kind")]


class SharesMinted(_Strict):
    """Somebody entered; the seed of the opening is not listed again."""

    kind: Literal["minted"] = "minted"
    time: Whole
    shares: Amount
    base: Amount
    risky: Amount


class SharesRedeemed(_Strict):
    """Somebody left."""

    kind: Literal["redeemed"] = "redeemed"
    time: Whole
    shares: Amount
    base: Amount
    risky: Amount


class EpochMissed(_Strict):
    """A decision that was left out was claimed; `bond` is what is left."""

    kind: Literal["missed"] = "missed"
    time: Whole
    epoch: Whole
    cut: Amount
    bounty: Amount
    bond: Amount


class BondAdded(_Strict):
    """Somebody added to the bond."""

    kind: Literal["bond_added"] = "bond_added"
    time: Whole
    amount: Amount


class BondTaken(_Strict):
    """The operator took the bond after the end."""

    kind: Literal["bond_taken"] = "bond_taken"
    time: Whole


class FeeLowered(_Strict):
    """The operator lowered the fee."""

    kind: Literal["fee_lowered"] = "fee_lowered"
    time: Whole
    rate_e18: Amount


class EndSet(_Strict):
    """The vault's end was fixed by retiring or shutting it; a miss that ends it is not listed again."""

    kind: Literal["ending"] = "ending"
    time: Whole
    at: Whole


Event = (
    Opened
    | Pushed
    | Restarted
    | DecisionMade
    | TradeCalled
    | SharesMinted
    | SharesRedeemed
    | EpochMissed
    | BondAdded
    | BondTaken
    | FeeLowered
    | EndSet
)


class RecordedRules(_Strict):
    """The vault's constants, field by field those of VaultRules."""

    risky_is_token0: bool
    base_decimals: Whole
    pool_fee_pips: Whole
    interval_secs: Whole
    window_ticks: Whole
    previous_target: bool
    decide_secs: Whole
    recent_secs: Whole
    tolerance_ticks: Whole
    deviation_ticks: Whole
    band_bps: Whole
    budget_e18: Amount
    period_secs: Whole
    liquidity_min: Amount
    cut_base: Amount
    bounty_base: Amount
    drip_secs: Whole
    seed_min_base: Amount
    max_shares: Amount

    @classmethod
    def of(cls, rules: VaultRules) -> RecordedRules:
        """Copy the constants of a vault."""
        return cls(**{name: getattr(rules, name) for name in cls.model_fields})

    def rules(self) -> VaultRules:
        """Return the constants as the arithmetic takes them.

        Raises: RulesError.
        """
        return VaultRules(**{name: getattr(self, name) for name in type(self).model_fields})


class FinalState(_Strict):
    """The vault's storage after the last event."""

    base: Amount
    risky: Amount
    supply: Amount
    bond: Amount
    drip_left: Amount
    target_bps: Whole
    spent_e18: Amount

    @classmethod
    def of(cls, state: VaultState) -> FinalState:
        """Copy the storage of a vault."""
        return cls(**{name: getattr(state, name) for name in cls.model_fields})


class Recording(_Strict):
    """Hold a whole run."""

    format: Literal["provault-recording-1"] = "provault-recording-1"
    data_source: str
    chain_id: Whole
    vault: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
    strategy_digest: Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
    risky_decimals: Whole
    tick_spacing: Annotated[int, Field(strict=True, ge=1)]
    rules: RecordedRules
    events: tuple[Annotated[Event, Field(discriminator="kind")], ...]
    final: FinalState

    def to_bytes(self) -> bytes:
        """Encode as JSON."""
        return (json.dumps(self.model_dump(mode="json"), indent=1) + "\n").encode()


def read_recording(path: str | Path) -> Recording:
    """Read a recording.

    Raises: RecordingError naming the place; FileNotFoundError.
    """
    file = Path(path)
    try:
        document = json.loads(file.read_bytes())
    except ValueError as error:
        raise RecordingError(file, f"is no JSON ({error})") from None
    if not is_recording(document):
        raise RecordingError(file, f"its format is not {FORMAT}")
    try:
        return Recording.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RecordingError(file, f"{place}: {first['msg']}") from None


def is_recording(document: object) -> bool:
    """Tell a recording from other JSON, such as an array of candles."""
    return isinstance(document, dict) and document.get("format") == FORMAT
