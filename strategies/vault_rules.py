"""The vault's shares, drip and bond in plain integers, the twin of the contract.

No price enters a share computation. Rounding favours the holders who stay: mint amounts up, redeem amounts,
fee shares and drip down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from strategies.errors import RulesError, VaultRefusal

ONE = 10**18
BPS = 10_000
SHARE_DECIMALS = 18
NEVER = (1 << 256) - 1
YEAR_SECS = 365 * 86_400
RING_INTERVALS = 256


class Side(IntEnum):
    """Say which way the swaps of a decision go: the first one fixes it."""

    UNSET = 0
    BUY = 1
    SELL = 2


@dataclass(frozen=True)
class VaultRules:
    """Hold what the constructor fixes, as far as arithmetic needs it.

    Fractions have 1e18 = 1 (`_e18`); amounts are base units (`_base`).
    Raises: RulesError for a value that the constructor refuses.
    """

    risky_is_token0: bool
    base_decimals: int
    pool_fee_pips: int  # millionths
    interval_secs: int = 3600
    window_ticks: int = 33
    previous_target: bool = False  # the strategy reads the previous target too
    decide_secs: int = 1200
    recent_secs: int = 600
    tolerance_ticks: int = 40
    deviation_ticks: int = 250
    band_bps: int = 50
    budget_e18: int = 5 * 10**15
    period_secs: int = 86_400
    liquidity_min: int = 1  # harmonic mean liquidity
    cut_base: int = 25_000_000
    bounty_base: int = 1_000_000
    drip_secs: int = 7 * 86_400
    seed_min_base: int = 1_000_000
    max_shares: int = (1 << 128) - 1

    def __post_init__(self) -> None:
        """Refuse what the constructor refuses."""
        bounds = {
            "base_decimals": (0, 18),
            "pool_fee_pips": (0, 999_999),
            "interval_secs": (1, NEVER),
            "window_ticks": (2, 128),
            "decide_secs": (1, self.interval_secs - 1),
            "recent_secs": (1, NEVER),
            "tolerance_ticks": (1, 300),
            "deviation_ticks": (0, 887_272),
            "band_bps": (0, BPS - 1),
            "budget_e18": (1, ONE),
            "period_secs": (1, NEVER),
            "liquidity_min": (1, NEVER),
            "bounty_base": (0, self.cut_base - 1),
            "drip_secs": (1, NEVER),
            "seed_min_base": (1, NEVER),
            "max_shares": (1, (1 << 128) - 1),
        }
        for name, (low, high) in bounds.items():
            found = getattr(self, name)
            if not low <= found <= high:
                raise RulesError(name, found, f"{low}..{high}")

    @property
    def orientation(self) -> int:
        """Return s: oriented tick = s times the pool's tick."""
        return 1 if self.risky_is_token0 else -1

    @property
    def shares_per_base(self) -> int:
        """Return the shares that a seed of one base unit gives."""
        shares: int = 10 ** (SHARE_DECIMALS - self.base_decimals)
        return shares

    @property
    def worst_cost_e18(self) -> int:
        """Return the most a unit traded can cost: TOLERANCE * 1.02e14 + poolFee * 1e12 + 1e12, 1e18 = all."""
        return self.tolerance_ticks * 102 * 10**12 + (self.pool_fee_pips + 1) * 10**12


@dataclass(frozen=True)
class VaultState:
    """Hold the vault's storage that arithmetic reads; times in seconds, fractions with 1e18 = 1."""

    base: int = 0
    risky: int = 0
    supply: int = 0
    fee_e18: int = 0
    first_epoch: int = NEVER
    end_at: int = NEVER
    target_bps: int = 0
    target_epoch: int = 0
    target_tick: int = 0  # oriented
    side: Side = Side.UNSET
    spent_e18: int = 0
    spent_at: int = 0
    bond: int = 0
    drip_left: int = 0
    drip_last: int = 0
    drip_end: int = 0


def open_vault(rules: VaultRules, *, seed: int, bond: int, fee_e18: int, now: int) -> VaultState:
    """Found the vault: shares = seed * 10^(18 - base decimals), the next epoch is the first to decide.

    Raises: VaultRefusal("cap") for a seed or bond below the least one, RulesError for a fee above 2 % a year.
    """
    if fee_e18 < 0 or fee_e18 * YEAR_SECS > rules.interval_secs * (ONE // 50):
        raise RulesError("fee_e18", fee_e18, "at most 2 % a year over all epochs")
    if seed < rules.seed_min_base or bond < rules.cut_base + rules.bounty_base:
        raise VaultRefusal("cap", f"seed {seed} or bond {bond} is below the least one")
    if seed > rules.max_shares // rules.shares_per_base:
        raise VaultRefusal("cap", f"seed {seed} is above the most shares")
    return VaultState(
        base=seed,
        supply=seed * rules.shares_per_base,
        fee_e18=fee_e18,
        first_epoch=now // rules.interval_secs + 1,
        bond=bond,
    )


def due(state: VaultState, now: int) -> int:
    """Return what is due: floor(left * (now - last) / (end - last)), all of it at the end."""
    if now >= state.drip_end:
        return state.drip_left
    return state.drip_left * (now - state.drip_last) // (state.drip_end - state.drip_last)


def drip(state: VaultState, now: int) -> VaultState:
    """Move what is due from the drip into base; write nothing when nothing is due."""
    amount = due(state, now)
    if amount == 0:
        return state
    return replace(state, base=state.base + amount, drip_left=state.drip_left - amount, drip_last=now)


def mint(rules: VaultRules, state: VaultState, shares: int, now: int) -> tuple[int, int, VaultState]:
    """Give shares for b = ceil(shares * base / S) and r = ceil(shares * risky / S).

    Returns: (base in, risky in, state).
    Raises: VaultRefusal: opened, closed, amount, cap.
    """
    if state.supply == 0:
        raise VaultRefusal("opened", "the vault is not open")
    if state.end_at != NEVER:
        raise VaultRefusal("closed", "the vault takes no more deposits")
    state = drip(state, now)
    base_in = -(-shares * state.base // state.supply)
    risky_in = -(-shares * state.risky // state.supply)
    if base_in + risky_in == 0:
        raise VaultRefusal("amount", "the shares cost nothing")
    if state.supply + shares > rules.max_shares:
        raise VaultRefusal("cap", f"{state.supply + shares} shares are more than {rules.max_shares}")
    after = replace(
        state, base=state.base + base_in, risky=state.risky + risky_in, supply=state.supply + shares
    )
    return base_in, risky_in, after


def redeem(state: VaultState, shares: int, now: int) -> tuple[int, int, VaultState]:
    """Burn shares for b = floor(shares * base / S) and r = floor(shares * risky / S).

    Returns: (base out, risky out, state).
    Raises: VaultRefusal: amount.
    """
    if not 0 < shares <= state.supply:
        raise VaultRefusal("amount", f"{shares} of {state.supply} shares cannot be burned")
    state = drip(state, now)
    base_out = shares * state.base // state.supply
    risky_out = shares * state.risky // state.supply
    after = replace(
        state, base=state.base - base_out, risky=state.risky - risky_out, supply=state.supply - shares
    )
    return base_out, risky_out, after


def miss(rules: VaultRules, state: VaultState, now: int) -> tuple[int, int, VaultState]:
    """Cut the bond for a decision left out: the bounty to the caller, the cut into the drip.

    Returns: (cut, bounty, state).
    Raises: VaultRefusal: ended, when there is no bond left.
    """
    if state.bond == 0:
        raise VaultRefusal("ended", "no bond is left")
    bounty = min(rules.bounty_base, state.bond)
    cut = min(rules.cut_base, state.bond - bounty)
    state = drip(replace(state, bond=state.bond - bounty - cut), now)
    state = replace(state, drip_left=state.drip_left + cut, drip_last=now, drip_end=now + rules.drip_secs)
    if state.bond < rules.cut_base + rules.bounty_base and now < state.end_at:
        state = replace(state, end_at=now)
    return cut, bounty, state


def fee_shares(state: VaultState) -> int:
    """Return floor(S * fee), minted to the operator at each decision."""
    return state.supply * state.fee_e18 // ONE


def spent_now(rules: VaultRules, state: VaultState, now: int) -> int:
    """Return max(0, spent - floor(BUDGET * (now - spent_at) / PERIOD)), 1e18 = 1."""
    refill = rules.budget_e18 * (now - state.spent_at) // rules.period_secs
    return max(0, state.spent_e18 - refill)
