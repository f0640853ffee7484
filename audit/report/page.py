"""Draw an audit's document as one self-contained HTML page with plots."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from audit.errors import FileError
from audit.report.wording import Document, amount, day, facts, outcome, proof_word, verdict
from audit.vault.arithmetic import q_ratio_at_tick, value_at_down

NUMBERS = ("target, bps", "value", "value of a share")
STYLE = """
:root { --ink: #1b2430; --soft: #5e6a78; --line: #e1e6ec; --good: #0c7a58; --bad: #b3261e; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f6f9; color: var(--ink);
  font: 15px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 30px 20px 60px; }
h1 { font-size: 1.6rem; margin: 0 0 8px; } h2 { font-size: 1.1rem; margin: 0 0 8px; }
section { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px;
  margin-top: 18px; }
.verdict { font-size: 1.05rem; font-weight: 600; } .good { color: var(--good); } .bad { color: var(--bad); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(135px, 1fr)); gap: 14px 12px; }
.facts b { display: block; font-size: 1.1rem; font-variant-numeric: tabular-nums; }
.facts span, footer { color: var(--soft); font-size: 0.86rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 10px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); font-size: 0.8rem; white-space: nowrap; }
.number { text-align: right; } td.short, td.number { white-space: nowrap; }
tr.off td { background: #fdecea; }
code { font: 0.88em ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
"""
INK, SOFT, LINE = "#1b2430", "#5e6a78", "#e1e6ec"
ACCENT, MUTED, THIRD = "#2b59c3", "#94a0ae", "#0c7a58"
FONT = "system-ui, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif"
PLOT_CONFIG = {"displaylogo": False, "responsive": True, "displayModeBar": False}


def write_page(document: Document, path: Path) -> None:
    """Write the page, at once and whole.

    Raises
    ------
    FileError : a place that cannot be written.
    """
    content = page(document)
    try:
        part = path.with_name(f".{path.name}.part")
        part.write_text(content, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise FileError(path, error.strerror or "it cannot be written") from error


def page(document: Document) -> str:
    """Return the page."""
    head, checked, kind = document["head"], document["checked"], "good" if document["ok"] else "bad"
    tiles = "".join(
        f"<div><b>{html.escape(value)}</b><span>{html.escape(label)}</span></div>"
        for label, value in facts(document)
    )
    notes = "".join(f"<p>{html.escape(note)}</p>" for note in document["notes"])
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>provault audit</title><style>{STYLE}</style></head><body><main>
<h1>Audit of a vault</h1>
<p><code>{document["vault"]}</code> on chain {document["chain_id"]}, up to block {head["block"]}
(<code>{head["hash"]}</code>) of {day(head["time"])} UTC. Compare this hash with another source.</p>
<p class="verdict {kind}">{html.escape(verdict(document))}</p>{notes}
{_findings(document)}
<section><div class="facts">{tiles}</div></section>
{_plots(document)}
{_epochs(document)}
{_table("Powers over this vault", ("who", "may", "limit", "now"), _power_rows(document))}
{_table("Roles and parameters", ("parameter", "value"), _parameter_rows(document))}
{_table("Strategies", ("commitment", "data contract", "key"), _strategy_rows(document))}
<footer>Read from the chain alone: headers, receipts, code and storage were hashed again.
{checked["logs"]:,} logs in {checked["blocks"]:,} blocks, {document["seconds"]} s.</footer>
</main></body></html>
"""


def _findings(document: Document) -> str:
    if document["ok"]:
        return ""
    rows: list[tuple[str, ...]] = [
        (
            "vault" if finding["epoch"] is None else str(finding["epoch"]),
            finding["subject"],
            finding["detail"],
            finding["expected"],
            finding["found"],
        )
        for finding in document["findings"]
    ]
    return _table("What is off", ("epoch", "subject", "what", "expected", "found"), rows)


def _epochs(document: Document) -> str:
    market = document["market"]
    rows = "".join(
        f'<tr class="{"" if epoch["ok"] else "off"}"><td>{epoch["epoch"]}</td>'
        f'<td class="short">{day(epoch["time"])}</td>'
        f'<td class="number">{epoch["target_bps"]}</td><td>{proof_word(epoch)}</td>'
        f'<td class="short">{html.escape(outcome(epoch, market))}</td>'
        f'<td class="number">{amount(epoch["nav"], market["base_decimals"])}</td>'
        f'<td class="number">{amount(epoch["nav_per_share"], market["base_decimals"], 6)}</td></tr>'
        for epoch in document["epochs"]
    )
    heads = "".join(
        f'<th class="{"number" if name in NUMBERS else ""}">{name}</th>'
        for name in ("epoch", "UTC", "target, bps", "proof", "trade or idle", "value", "value of a share")
    )
    return (
        f'<section><h2>Every decision</h2><div class="wide"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f'<section><h2>{html.escape(title)}</h2><div class="wide"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></section>"
    )


def _power_rows(document: Document) -> list[tuple[str, ...]]:
    return [(row["who"], row["may"], row["limit"], row["now"]) for row in document["powers"]]


def _parameter_rows(document: Document) -> list[tuple[str, ...]]:
    merged = {**document["roles"], **document["market"], **document["parameters"]}
    return [(name, str(value)) for name, value in merged.items()]


def _strategy_rows(document: Document) -> list[tuple[str, ...]]:
    return [
        (
            strategy["commitment"],
            strategy["address"],
            "rebuilt from the published circuit" if strategy["key_rebuilt"] else "NOT REBUILT",
        )
        for strategy in document["strategies"]
    ]


def _plots(document: Document) -> str:
    epochs = document["epochs"]
    if not epochs:
        return ""
    drawn = ""
    for index, (title, figure) in enumerate(_figures(document)):
        plot = figure.to_html(
            full_html=False, include_plotlyjs=index == 0, config=PLOT_CONFIG, default_height="320px"
        )
        drawn += f"<section><h2>{title}</h2>{plot}</section>"
    return drawn


def _figures(document: Document) -> list[tuple[str, Any]]:
    from plotly import graph_objects

    epochs = document["epochs"]
    times = [epoch["time"] for epoch in epochs]
    first = epochs[0]
    share = [epoch["nav_per_share"] / first["nav_per_share"] for epoch in epochs]
    hold = [1.0001 ** (epoch["tick"] - first["tick"]) for epoch in epochs]
    half = [(1 + value) / 2 for value in hold]
    values = graph_objects.Figure()
    for name, series, colour in (
        ("a share", share, ACCENT),
        ("holding", hold, MUTED),
        ("half and half", half, THIRD),
    ):
        values.add_scatter(x=times, y=series, name=name, mode="lines", line={"color": colour, "width": 2.2})
    exposure = graph_objects.Figure()
    exposure.add_scatter(
        x=times, y=_held_after(document), name="held afterwards", line={"color": MUTED, "shape": "hv"}
    )
    targets = [epoch["target_bps"] / 100 for epoch in epochs]
    exposure.add_scatter(
        x=times, y=targets, name="target", mode="markers", marker={"color": ACCENT, "size": 7}
    )
    exposure.update_yaxes(title={"text": "% in risky", "font": {"color": SOFT, "size": 12}})
    for figure in (values, exposure):
        figure.update_layout(
            template="plotly_white",
            font={"family": FONT, "color": INK},
            margin={"l": 10, "r": 10, "t": 34, "b": 10},
            legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        )
        figure.update_xaxes(tickangle=0, nticks=6, automargin=True, gridcolor=LINE, tickfont={"color": SOFT})
        figure.update_yaxes(automargin=True, gridcolor=LINE, tickfont={"color": SOFT})
    return [("A share beside holding, first decision = 1", values), ("Target and holdings", exposure)]


def _held_after(document: Document) -> list[float]:
    """Return the percent in risky after each epoch, as the next decision or the head states it."""
    epochs = document["epochs"]
    parts = []
    for epoch, after in zip(epochs, [*epochs[1:], document["state"]], strict=True):
        risky = value_at_down(after["risky"], q_ratio_at_tick(epoch["tick"]))
        value = after["base"] + risky
        parts.append(100 * risky / value if value else 0.0)
    return parts
