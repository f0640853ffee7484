"""Draw a backtest as one HTML page that needs nothing else: value, exposure, drawdown, figures."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from strategies.artefacts import write_file
from strategies.backtest.metrics import Metrics, curves
from strategies.backtest.result import EpochResult

TOO_SHORT = "not said of so short a run"

BUSY_POINTS = 500  # beyond, a line of every target hides the rest
INK, SOFT, LINE = "#16202c", "#5b6775", "#e3e8ee"
ACCENT, MUTED, THIRD, FALL = "#2b59c3", "#94a0ae", "#0f7b5f", "#b4471f"
FONT = "system-ui, -apple-system, Segoe UI, Roboto, Arial, sans-serif"
PLOT_CONFIG = {"displaylogo": False, "responsive": True, "displayModeBar": False}
STYLE = """
* { box-sizing: border-box; }
body { margin: 0; background: #f5f7fa; color: #16202c;
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 1.6rem; margin: 0 0 6px; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 0 0 4px; }
p { margin: 4px 0 14px; color: #5b6775; max-width: 75ch; }
section { background: #fff; border: 1px solid #e3e8ee; border-radius: 10px; padding: 18px 20px;
  margin-top: 18px; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
td { padding: 6px 10px 6px 0; border-bottom: 1px solid #e3e8ee; vertical-align: top; }
td:first-child { color: #5b6775; width: 45%; }
td + td { padding-right: 0; overflow-wrap: anywhere; }
"""


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
    plots = ""
    for index, (name, caption, figure) in enumerate(_figures(epochs)):
        drawn = figure.to_html(
            full_html=False,
            include_plotlyjs="inline" if index == 0 else False,
            config=PLOT_CONFIG,
            default_height="330px",
        )
        plots += f"<section><h2>{name}</h2><p>{caption}</p>{drawn}</section>"
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{html.escape(title)}</h1>{_table('Result', figures_text(metrics, base_decimals))}"
        f"{plots}{_table('What was run', facts)}</main></body></html>\n"
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


def _table(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """Return rows of name and value under a title."""
    body = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>" for name, value in rows
    )
    return f"<section><h2>{title}</h2><table>{body}</table></section>"


def _figures(epochs: Sequence[EpochResult]) -> list[tuple[str, str, go.Figure]]:
    """Return title, caption and figure of value beside holding, holdings beside target, and drawdown."""
    series = curves(epochs)
    times = [datetime.fromtimestamp(int(time), UTC) for time in series.times]
    value, held, fall = _empty("first decision = 1"), _empty("% of the vault"), _empty("%")
    for name, values, colour in (
        ("vault", series.share, ACCENT),
        ("holding", series.hold, MUTED),
        ("half holding", series.half, THIRD),
    ):
        value.add_trace(go.Scatter(x=times, y=values, name=name, mode="lines", line={"color": colour}))
    busy = len(times) > BUSY_POINTS
    targets = go.Scatter(
        x=times,
        y=100 * series.targets,
        name="target",
        mode="lines" if busy else "markers",
        line={"color": ACCENT, "width": 1},
        marker={"color": ACCENT, "size": 6},
    )
    line = {"color": MUTED, "width": 1.4, "shape": "linear" if busy else "hv"}
    held.add_trace(go.Scatter(x=times, y=100 * series.exposure, name="held", mode="lines", line=line))
    held.add_trace(targets)
    below = 100 * (series.share / np.maximum.accumulate(series.share) - 1)
    fall.add_trace(
        go.Scatter(x=times, y=below, name="below the peak", fill="tozeroy", line={"color": FALL, "width": 1})
    )
    fall.update_layout(showlegend=False)
    return [
        ("A share beside holding", "At the mean price of each interval, after all costs of trading.", value),
        ("Target and holdings", "The part of the vault in the risky token.", held),
        ("Drawdown", "How far a share stood below its highest value so far.", fall),
    ]


def _empty(y_title: str) -> go.Figure:
    axis = {"gridcolor": LINE, "linecolor": LINE, "zeroline": False, "tickfont": {"color": SOFT}}
    return go.Figure(
        layout={
            "margin": {"l": 10, "r": 10, "t": 34, "b": 10},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONT, "color": INK},
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "hovermode": "x unified",
            "xaxis": {**axis, "automargin": True, "tickangle": 0, "nticks": 4},
            "yaxis": {
                **axis,
                "automargin": True,
                "title": {"text": y_title, "font": {"color": SOFT, "size": 12}},
            },
        }
    )
