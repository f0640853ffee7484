"""Draw a backtest as one HTML page that needs nothing else: value, exposure, drawdown, figures."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from strategies.artefacts import write_file
from strategies.backtest.metrics import Metrics, curves
from strategies.backtest.result import EpochResult

TOO_SHORT = "not said of so short a run"

_STYLE = (
    "body{font-family:system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b2330}"
    "table{border-collapse:collapse}td{padding:.2rem 1rem .2rem 0;border-bottom:1px solid #dde}"
    "td+td{text-align:right;font-variant-numeric:tabular-nums}"
)


def write_report(
    path: Path,
    *,
    title: str,
    facts: Sequence[tuple[str, str]],
    epochs: Sequence[EpochResult],
    metrics: Metrics,
    base_decimals: int,
) -> None:
    """Write the page.

    Parameters: `facts`, what the run was and what it assumed, shown as they are.
    """
    figure = _figure(epochs).to_html(full_html=False, include_plotlyjs="inline", default_height=820)
    rows = [*facts, *figures_text(metrics, base_decimals)]
    table = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>" for name, value in rows
    )
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{html.escape(title)}</h1>{figure}<table>{table}</table>"
        "</body></html>\n"
    )
    write_file(path, page.encode(), mode=0o644)


def figures_text(metrics: Metrics, base_decimals: int) -> list[tuple[str, str]]:
    """Return the figures of a run in words, in the order of a report."""
    unit = 10**base_decimals
    costs = metrics.costs

    def base(amount: int) -> str:
        return f"{amount / unit:,.2f} base"

    return [
        ("decisions", f"{metrics.decisions}"),
        ("bought, sold, held, waited", f"{metrics.buys}, {metrics.sells}, {metrics.held}, {metrics.waited}"),
        ("value at first and last decision", f"{base(metrics.value_start)}, {base(metrics.value_end)}"),
        ("return of a share", f"{metrics.total_return:+.2%}"),
        ("holding, half holding", f"{metrics.hold_return:+.2%}, {metrics.half_return:+.2%}"),
        ("growth a year", TOO_SHORT if metrics.growth_a_year is None else f"{metrics.growth_a_year:+.2%}"),
        ("volatility a year", f"{metrics.volatility:.2%}"),
        (
            "Sharpe ratio (95 % interval), of holding",
            f"{metrics.sharpe:.2f} ({metrics.sharpe_low:.2f} to {metrics.sharpe_high:.2f}), "
            f"{metrics.hold_sharpe:.2f}",
        ),
        ("Sortino ratio", f"{metrics.sortino:.2f}"),
        ("Calmar ratio", TOO_SHORT if metrics.calmar is None else f"{metrics.calmar:.2f}"),
        ("largest drawdown, of holding", f"{metrics.max_drawdown:.2%}, {metrics.hold_max_drawdown:.2%}"),
        ("longest time below a peak", f"{metrics.max_drawdown_secs / 86_400:.1f} days"),
        ("turnover a year", f"{metrics.turnover_a_year:.1f} times"),
        ("mean share in risky", f"{metrics.exposure:.1%}"),
        ("trades the next interval agreed with", f"{metrics.hit_rate:.1%}"),
        ("gains over losses", f"{metrics.profit_factor:.3f}"),
        ("alpha a year, beta to holding", f"{metrics.alpha_a_year:+.2%}, {metrics.beta:.2f}"),
        ("cost: pool fee", base(costs.pool_fee)),
        ("cost: slippage against the interval's tick", base(costs.slippage)),
        ("cost: operator's shares", base(costs.operator_fee)),
        ("cost: gas, paid by the operator", base(costs.gas)),
    ]


def facts_of(settings: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return settings as rows of a report."""
    return [(name.replace("_", " "), str(value)) for name, value in settings.items()]


def _figure(epochs: Sequence[EpochResult]) -> go.Figure:
    """Draw value beside holding, exposure and target, and the drawdown, on one axis of time."""
    series = curves(epochs)
    times = [datetime.fromtimestamp(int(time), UTC) for time in series.times]
    figure = make_subplots(
        rows=3,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.05,
        row_heights=[0.5, 0.25, 0.25],
        subplot_titles=("value of one base unit", "share in risky", "drawdown"),
    )
    for name, values in (("vault", series.share), ("holding", series.hold), ("half holding", series.half)):
        figure.add_trace(go.Scatter(x=times, y=values, name=name, mode="lines"), row=1, col=1)
    figure.add_trace(go.Scatter(x=times, y=series.targets, name="target", mode="lines"), row=2, col=1)
    figure.add_trace(go.Scatter(x=times, y=series.exposure, name="held", mode="lines"), row=2, col=1)
    fall = series.share / np.maximum.accumulate(series.share) - 1
    figure.add_trace(go.Scatter(x=times, y=fall, name="drawdown", fill="tozeroy"), row=3, col=1)
    figure.update_layout(template="plotly_white", hovermode="x unified", margin={"t": 40})
    return figure
