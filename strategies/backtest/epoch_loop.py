"""Go through epochs: one decision and one call of trade each, by the vault's rules, in any market."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from prover.compile.architecture import Architecture, Market
from prover.compile.integer_model import IntegerWeights, evaluate, evaluate_many
from strategies.backtest.result import EpochResult, decided_epoch, traded_epoch
from strategies.decision import MarketView, decide, decision_inputs, trade
from strategies.errors import ArtefactError, GapError
from strategies.features import difference_matrix
from strategies.ticks import TickSegment, TickSeries
from strategies.vault_rules import ONE, YEAR_SECS, VaultRules, VaultState, open_vault

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Run:
    """Hold the outcome of a run."""

    epochs: tuple[EpochResult, ...]
    rules: VaultRules
    final: VaultState
    fee_e18: int


def strategy_market(architecture: Architecture) -> Market:
    """Return how a strategy's inputs come from prices.

    Raises: ArtefactError for a network that is no strategy.
    """
    if architecture.market is None:
        raise ArtefactError("architecture.json", "market is null: this network is no trading strategy")
    return architecture.market


def decided_segments(series: TickSeries, window_ticks: int) -> list[TickSegment]:
    """Return the runs long enough for a decision.

    Raises: GapError when there is none.
    """
    found = [segment for segment in series.segments if len(segment.ticks) >= window_ticks]
    if not found:
        last = series.segments[-1].last_interval if series.segments else 0
        raise GapError(last, window_ticks)
    return found


def first_epoch(series: TickSeries, window_ticks: int) -> int:
    """Return the first epoch whose window is covered.

    Raises: GapError when there is none.
    """
    return decided_segments(series, window_ticks)[0].first_interval + window_ticks - 1


def run_epochs(
    series: TickSeries,
    market_at: Callable[[int], MarketView],
    architecture: Architecture,
    weights: IntegerWeights,
    rules: VaultRules,
    *,
    seed: int,
    vault_fee_a_year: float = 0.0,
    progress: Progress | None = None,
) -> Run:
    """Decide and trade at the beginning of every epoch whose window is covered; a gap leaves epochs out.

    Parameters: `market_at(epoch)` the market then; `seed` base units; `vault_fee_a_year` of the supply.
    Raises: GapError when no window is covered.
    """
    market = strategy_market(architecture)
    segments = decided_segments(series, market.window_ticks)
    fee_e18 = int(vault_fee_a_year * ONE) * rules.interval_secs // YEAR_SECS
    state = open_vault(
        rules,
        seed=seed,
        bond=rules.cut_base + rules.bounty_base,
        fee_e18=fee_e18,
        now=first_epoch(series, market.window_ticks) * rules.interval_secs - 1,
    )
    total = sum(len(segment.ticks) - market.window_ticks + 1 for segment in segments)
    epochs: list[EpochResult] = []
    for segment in segments:
        targets = None if market.previous_target else _targets(architecture, weights, segment, rules)
        for row in range(len(segment.ticks) - market.window_ticks + 1):
            epoch = segment.first_interval + market.window_ticks - 1 + row
            window = segment.ticks[row : row + market.window_ticks].tolist()
            if targets is None:
                target = evaluate(architecture, weights, decision_inputs(rules, state, window))[0]
            else:
                target = targets[row]
            now = epoch * rules.interval_secs
            decision, state = decide(rules, state, epoch=epoch, now=now, target_bps=target, window=window)
            result = decided_epoch(decision, state, now)
            outcome, state, _ = trade(rules, state, market_at(epoch), now)
            epochs.append(traded_epoch(result, outcome, state))
            if progress is not None:
                progress(len(epochs), total)
    return Run(tuple(epochs), rules, state, fee_e18)


def _targets(
    architecture: Architecture, weights: IntegerWeights, segment: TickSegment, rules: VaultRules
) -> list[int]:
    """Return the targets of a whole run at once: they depend on prices alone."""
    rows = difference_matrix(segment.ticks, rules.window_ticks, sign=rules.orientation)
    targets: list[int] = evaluate_many(architecture, weights, np.ascontiguousarray(rows))[:, 0].tolist()
    return targets
