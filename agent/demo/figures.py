"""Draw a demo: price with trades, vault beside holding, target beside what is held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import plotly.graph_objects as go

from agent.demo.result import DemoResult, EpochLine

INK, SOFT, LINE = "#16202c", "#5b6775", "#e3e8ee"
BUY, SELL, ACCENT, MUTED = "#0f7b5f", "#b4471f", "#2b59c3", "#9aa5b1"


@dataclass(frozen=True)
class Plot:
    """A figure with its title and one sentence."""

    title: str
    caption: str
    figure: Any


def figures(result: DemoResult) -> list[Plot]:
    """Return the three plots."""
    return [
        Plot(
            "Price and trades",
            "The mean price that the chain recorded for each hour, and what the vault did at its end.",
            _prices(result),
        ),
        Plot(
            "The vault beside holding",
            "In the base token, at the mean price of each hour: the vault after all costs; holding, bought"
            " once at the first price at no cost.",
            _values(result),
        ),
        Plot(
            "Target and holdings",
            "The share of the vault in the risky token: what was proven, and what was held after the trade.",
            _targets(result),
        ),
    ]


def _prices(result: DemoResult) -> Any:  # noqa: ANN401
    figure = _empty("base per risky")
    lines = result.lines
    figure.add_trace(
        go.Scatter(x=_times(lines), y=[line.mark for line in lines], mode="lines", name="price",
                   line={"color": MUTED, "width": 2})
    )  # fmt: skip
    kinds = (
        ("buy", BUY, "triangle-up", [line for line in lines if line.executed and line.fills[0].buy]),
        ("sell", SELL, "triangle-down", [line for line in lines if line.executed and not line.fills[0].buy]),
        ("hold", INK, "circle-open", [line for line in lines if not line.executed]),
    )
    for name, colour, symbol, chosen in kinds:
        if chosen:
            figure.add_trace(
                go.Scatter(x=_times(chosen), y=[line.mark for line in chosen], mode="markers", name=name,
                           marker={"color": colour, "symbol": symbol, "size": 10})
            )  # fmt: skip
    return figure


def _values(result: DemoResult) -> Any:  # noqa: ANN401
    figure = _empty("value in base")
    scale = 10**result.base_decimals
    vault = [line.value() / scale for line in result.lines]
    hold = [result.hold_value(line.tick) / scale for line in result.lines]
    for name, colour, values in (("vault", ACCENT, vault), ("holding", MUTED, hold)):
        figure.add_trace(
            go.Scatter(x=_times(result.lines), y=values, mode="lines", name=name,
                       line={"color": colour, "width": 2.4})
        )  # fmt: skip
    return figure


def _targets(result: DemoResult) -> Any:  # noqa: ANN401
    figure = _empty("% of the vault")
    lines = result.lines
    held = [100 * (line.value() - line.base) / line.value() for line in lines]
    figure.add_trace(
        go.Scatter(x=_times(lines), y=held, mode="lines", name="held", line={"color": MUTED, "shape": "hv"})
    )
    figure.add_trace(
        go.Scatter(x=_times(lines), y=[line.target_bps / 100 for line in lines], mode="markers",
                   name="target", marker={"color": ACCENT, "size": 7})
    )  # fmt: skip
    return figure


def _times(lines: tuple[EpochLine, ...] | list[EpochLine]) -> list[datetime]:
    return [datetime.fromtimestamp(line.starts_secs, UTC) for line in lines]


def _empty(y_title: str) -> Any:  # noqa: ANN401
    axis = {"gridcolor": LINE, "linecolor": LINE, "zeroline": False, "tickfont": {"color": SOFT}}
    return go.Figure(
        layout={
            "margin": {"l": 10, "r": 10, "t": 34, "b": 10},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": "system-ui, -apple-system, Segoe UI, Roboto, Arial, sans-serif", "color": INK},
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "hovermode": "x unified",
            "xaxis": {**axis, "automargin": True, "tickangle": 0, "nticks": 6},
            "yaxis": {
                **axis,
                "automargin": True,
                "title": {"text": y_title, "font": {"color": SOFT, "size": 12}},
            },
        }
    )
