"""Run a recorded run again, from its ticks and market readings alone, and compare every integer.

Decisions come from the strategy's integer model on the recorded ticks; shares, trades, fees, cuts and the
drip from the vault's rules. Nothing is copied from the outcome: the first figure that differs is an error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prover.compile.architecture import Architecture
from prover.compile.integer_model import IntegerWeights, evaluate
from strategies.backtest.result import EpochResult, decided_epoch, traded_epoch
from strategies.decision import (
    Idle,
    IdleReason,
    MarketView,
    Traded,
    decide,
    decision_inputs,
    trade,
)
from strategies.errors import ReplayError, StrategyDigestError
from strategies.pool import PoolState
from strategies.recording import (
    BondAdded,
    BondTaken,
    DecisionMade,
    EndSet,
    EpochMissed,
    FeeLowered,
    FinalState,
    IdleOutcome,
    MarketReading,
    Opened,
    Pushed,
    Recording,
    Restarted,
    SharesMinted,
    SharesRedeemed,
    TradeCalled,
    TradedOutcome,
)
from strategies.vault_rules import VaultRules, VaultState, mint, miss, open_vault, redeem

if TYPE_CHECKING:
    from strategies.artefacts import CommittedStrategy


@dataclass(frozen=True)
class ReplayResult:
    """Hold the outcome of a replay; every figure equals the recorded one."""

    epochs: tuple[EpochResult, ...]
    final: VaultState
    events: int


def replay(recording: Recording, strategy: CommittedStrategy) -> ReplayResult:
    """Reproduce a run to the integer.

    Raises: StrategyDigestError for another strategy; ReplayError at the first figure that differs;
    VaultRefusal where the rules refuse what the recording holds.
    """
    if strategy.digest != recording.strategy_digest:
        raise StrategyDigestError(recording.strategy_digest, strategy.digest or "that is not committed")
    run = _Replay(recording, strategy.architecture, strategy.weights)
    for index, event in enumerate(recording.events):
        run.take(f"event {index} ({event.kind} at {event.time})", event)
    run.compare("the end", FinalState.of(run.state), recording.final)
    return ReplayResult(tuple(run.epochs), run.state, len(recording.events))


class _Replay:
    """Hold the vault and the price log while events pass."""

    def __init__(self, recording: Recording, architecture: Architecture, weights: IntegerWeights) -> None:
        self.rules: VaultRules = recording.rules.rules()
        self.tick_spacing = recording.tick_spacing
        self.architecture = architecture
        self.weights = weights
        self.state = VaultState()
        self.ticks: dict[int, int] = {}
        self.epochs: list[EpochResult] = []
        self.last_time = 0

    def take(self, name: str, event: object) -> None:
        """Apply one event and compare what it states."""
        time = getattr(event, "time", 0)
        if time < self.last_time:
            raise ReplayError(name, "time", f"not before {self.last_time}", time)
        self.last_time = time
        match event:
            case Pushed():
                self.ticks[event.interval] = event.tick
            case Restarted():
                self.ticks.clear()
            case Opened():
                self.state = open_vault(
                    self.rules, seed=event.seed, bond=event.bond, fee_e18=event.fee_e18, now=event.time
                )
            case DecisionMade():
                self._decide(name, event)
            case TradeCalled():
                self._trade(name, event)
            case SharesMinted():
                base, risky, self.state = mint(self.rules, self.state, event.shares, event.time)
                self._equal(name, event, base=base, risky=risky)
            case SharesRedeemed():
                base, risky, self.state = redeem(self.state, event.shares, event.time)
                self._equal(name, event, base=base, risky=risky)
            case EpochMissed():
                cut, bounty, self.state = miss(self.rules, self.state, event.time)
                self._equal(name, event, cut=cut, bounty=bounty, bond=self.state.bond)
            case BondAdded():
                self.state = replace(self.state, bond=self.state.bond + event.amount)
            case BondTaken():
                self.state = replace(self.state, bond=0)
            case FeeLowered():
                if event.rate_e18 >= self.state.fee_e18:
                    raise ReplayError(name, "rate_e18", event.rate_e18, f"less than {self.state.fee_e18}")
                self.state = replace(self.state, fee_e18=event.rate_e18)
            case EndSet():
                self.state = replace(self.state, end_at=event.at)

    def _decide(self, name: str, event: DecisionMade) -> None:
        """Compute the target from the recorded ticks and take it."""
        first = event.epoch - self.rules.window_ticks + 1
        missing = [k for k in range(first, event.epoch + 1) if k not in self.ticks]
        if missing:
            raise ReplayError(
                name, "window", f"ticks of intervals {first}..{event.epoch}", f"none of {missing[0]}"
            )
        window = [self.ticks[k] for k in range(first, event.epoch + 1)]
        inputs = decision_inputs(self.rules, self.state, window)
        (target,) = evaluate(self.architecture, self.weights, inputs)
        self._equal(name, event, target_bps=target)
        decided, self.state = decide(
            self.rules, self.state, epoch=event.epoch, now=event.time, target_bps=target, window=window
        )
        self._equal(
            name,
            event,
            previous_bps=decided.previous_bps,
            tick=decided.tick,
            fee_shares=decided.fee_shares,
            base=self.state.base,
            risky=self.state.risky,
            supply=self.state.supply,
        )
        self.epochs.append(decided_epoch(decided, self.state, event.time))

    def _trade(self, name: str, event: TradeCalled) -> None:
        """Trade inside the recorded liquidity and compare the outcome."""
        if event.market is None:
            if event.outcome != IdleOutcome(reason=IdleReason.IN_BAND):
                raise ReplayError(name, "market", "left out", "what a trade beyond the band reads")
            market = _no_market(self.rules, self.tick_spacing)
        else:
            market = _market(event.market, self.rules, self.tick_spacing)
        outcome, self.state, _ = trade(self.rules, self.state, market, event.time)
        self.compare(name, _outcome(outcome), event.outcome)
        self._equal(name, event, epoch=self.state.target_epoch)
        self.epochs[-1] = traded_epoch(self.epochs[-1], outcome, self.state)

    def _equal(self, name: str, event: object, **found: int) -> None:
        for field, value in found.items():
            expected = getattr(event, field)
            if expected != value:
                raise ReplayError(name, field, expected, value)

    def compare(self, name: str, found: object, expected: object) -> None:
        """Compare two records field by field."""
        if type(found) is not type(expected):
            raise ReplayError(name, "outcome", expected, found)
        for field in type(expected).model_fields:  # type: ignore[attr-defined]
            if getattr(found, field) != getattr(expected, field):
                raise ReplayError(name, field, getattr(expected, field), getattr(found, field))


def _market(reading: MarketReading, rules: VaultRules, tick_spacing: int) -> MarketView:
    pool = PoolState(
        reading.sqrt_ratio_x96,
        reading.tick,
        reading.liquidity,
        rules.pool_fee_pips,
        tick_spacing,
        reading.ticks,
    )
    return MarketView(reading.recent_known, reading.recent_tick, reading.harmonic_liquidity, pool)


def _no_market(rules: VaultRules, tick_spacing: int) -> MarketView:
    """Return a market that allows nothing: whatever passes the band is then seen to differ."""
    return MarketView(False, 0, 0, PoolState(1 << 96, 0, 0, rules.pool_fee_pips, tick_spacing))


def _outcome(event: Traded | Idle) -> IdleOutcome | TradedOutcome:
    if isinstance(event, Idle):
        return IdleOutcome(reason=int(event.reason))
    return TradedOutcome(**vars(event))
