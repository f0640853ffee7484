"""Write what is known about a trained model: origin, data, and what it did on days it had not seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prover.compile.architecture import Architecture
from prover.compile.integer_model import IntegerWeights, evaluate_many
from strategies.performance import Samples, activity, measure, samples_of
from strategies.quantise import FloatModel, quantisation_difference
from strategies.ticks import TickSeries
from strategies.vault_rules import BPS

FORMAT = "provault-card-1"
YEAR_SECS = 365 * 86_400
_ROUNDED = 6  # decimals of a figure

#: What a model is measured beside: all risky, and the half of it.
CONSTANTS_BPS = {"holding": BPS, "constant 50 %": BPS // 2}


@dataclass(frozen=True)
class Period:
    """Hold one part of the data: its intervals, and the figures on it."""

    first_interval: int
    last_interval: int
    decisions: int
    figures: Mapping[str, Mapping[str, float]]  # by row: model, holding, constant 50 %
    activity: Mapping[str, float]


@dataclass(frozen=True)
class ModelCard:
    """Hold everything a card states; the fitted period is given with its digest."""

    name: str
    seed: int
    data_file: str
    data_file_sha256: str
    training_ticks_sha256: str
    interval_secs: int
    window_ticks: int
    cost: float
    fit: Period
    select: Period
    test: Period
    quantisation_mean_bps: float
    quantisation_most_bps: float
    public: bool
    notes: tuple[str, ...] = ()


def ticks_digest(*parts: TickSeries) -> str:
    """Return the SHA-256 of ticks: for each run first interval, length and ticks, 8 bytes each."""
    digest = hashlib.sha256()
    for part in parts:
        for segment in part.segments:
            digest.update(segment.first_interval.to_bytes(8, "big"))
            digest.update(len(segment.ticks).to_bytes(8, "big"))
            digest.update(segment.ticks.astype(">i8").tobytes())
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def targets_of(architecture: Architecture, weights: IntegerWeights, samples: Samples) -> NDArray[np.int64]:
    """Return the integer model's target for every sample, in bps."""
    return evaluate_many(architecture, weights, np.ascontiguousarray(samples.inputs))[:, 0]


def measure_period(
    architecture: Architecture, weights: IntegerWeights, series: TickSeries, window_ticks: int, cost: float
) -> Period:
    """Measure the integer model on one part of the data, beside holding and beside a constant."""
    samples = samples_of(series, window_ticks)
    targets = targets_of(architecture, weights, samples)
    rows = {"model": targets}
    rows |= {name: np.full(len(targets), bps, dtype=np.int64) for name, bps in CONSTANTS_BPS.items()}
    year = YEAR_SECS / series.interval_secs
    figures = {
        name: _rounded(asdict(measure(row, samples, cost=cost, intervals_a_year=year)))
        for name, row in rows.items()
    }
    return Period(
        int(samples.intervals[0]),
        int(samples.intervals[-1]),
        len(targets),
        figures,
        _rounded(asdict(activity(targets / BPS, samples))),
    )


def quantisation_figures(
    model: FloatModel, architecture: Architecture, weights: IntegerWeights, samples: Samples
) -> tuple[float, float]:
    """Return mean and largest difference between integer and float model, in bps."""
    mean, most = quantisation_difference(model, architecture, weights, np.ascontiguousarray(samples.inputs))
    return round(mean, _ROUNDED), round(most, _ROUNDED)


def render_card(card: ModelCard) -> str:
    """Render a card as Markdown that ends with the same facts as one JSON block."""
    secrecy = (
        "The weights are public: they are shipped for the demonstration and hide nothing."
        if card.public
        else "The weights are secret; this card is public."
    )
    lines = [
        f"# {card.name}",
        "",
        secrecy,
        f"Fitted from seed {card.seed} on `{card.data_file}`, intervals of {card.interval_secs} s,",
        f"input window of {card.window_ticks} ticks.",
        "",
        f"* fitted on {_span(card, card.fit)}",
        f"* checkpoint selected on {_span(card, card.select)}",
        f"* not seen: {_span(card, card.test)}",
        f"* SHA-256 of the file: `{card.data_file_sha256}`",
        f"* SHA-256 of the ticks fitted and selected on: `{card.training_ticks_sha256}`",
        "",
        f"Loss is minus the annualised Sharpe ratio of log growth; each trade costs {card.cost:g} of it.",
        "All figures are those of the integer model, the one that is proven.",
        "",
        "| period | targets | loss | growth a year | turnover a year | mean target | std of target |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, period in (("fitted", card.fit), ("selection", card.select), ("not seen", card.test)):
        for row, f in period.figures.items():
            lines.append(
                f"| {name} | {row} | {f['loss']:.3f} | {f['growth_a_year']:+.3f} "
                f"| {f['turnover_a_year']:.1f} | {f['mean_target_bps']:.0f} bps "
                f"| {f['target_std_bps']:.0f} bps |"
            )
    seen = card.test.activity
    lines += [
        "",
        f"Out of sample {seen['buys']:.1%} of decisions buy, {seen['sells']:.1%} sell, {seen['holds']:.1%}",
        f"stay within 50 bps. At least 3 buys, 3 sells and 1 hold occur in {seen['days_with_all']:.2%}",
        f"of the {seen['stretches']:.0f} stretches of 24 consecutive decisions.",
        "",
        f"Rounding to integers moves the target by {card.quantisation_mean_bps:.2f} bps on average, at most "
        f"{card.quantisation_most_bps:.2f} bps.",
        "",
        *(f"{note}\n" for note in card.notes),
        "```json",
        json.dumps({"format": FORMAT, **asdict(card)}, indent=1, sort_keys=True),
        "```",
        "",
    ]
    return "\n".join(lines)


def card_facts(text: str) -> dict[str, Any]:
    """Return the JSON block of a rendered card.

    Raises: ValueError when there is none.
    """
    facts: dict[str, Any] = json.loads(text.split("```json\n", 1)[1].split("\n```", 1)[0])
    if facts.get("format") != FORMAT:
        raise ValueError("not a model card of this version")
    return facts


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    """Round figures, so that a card does not depend on the last bits of a sum."""
    return {name: round(value, _ROUNDED) for name, value in figures.items()}


def _span(card: ModelCard, period: Period) -> str:
    """Return a period as dates."""
    ends = [
        datetime.fromtimestamp(interval * card.interval_secs, UTC).strftime("%Y-%m-%d %H:%M")
        for interval in (period.first_interval, period.last_interval)
    ]
    return f"{ends[0]} to {ends[1]} UTC ({period.decisions} decisions)"
