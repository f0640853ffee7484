"""Write the page of a demo: one self-contained HTML file with the table, the frauds and three plots."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from pathlib import Path

from agent.demo.figures import figures
from agent.demo.result import DemoResult, EpochLine
from agent.demo.wording import (
    FRAUD_SENTENCES,
    amount,
    gas,
    outcome,
    period,
    price,
    share,
    slippage,
    start_time,
    summary_facts,
    verdict,
)
from prover.kernel.cache import write_atomic

STYLE = """
:root { --ink: #16202c; --soft: #5b6775; --line: #e3e8ee; --paper: #ffffff; --wash: #f5f7fa;
  --buy: #0f7b5f; --sell: #b4471f; --accent: #2b59c3; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--wash); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 1.7rem; margin: 0 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 1.12rem; margin: 0 0 4px; }
p { margin: 4px 0 14px; color: var(--soft); max-width: 75ch; }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px;
  margin-top: 18px; }
.notice { background: #fff6e0; border: 1px solid #f0d48a; border-radius: 8px; padding: 8px 14px;
  color: #6b4e00; display: inline-block; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
  margin-top: 18px; }
.fact { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; }
.fact b { display: block; font-size: 1.22rem; font-variant-numeric: tabular-nums; }
.fact span { color: var(--soft); font-size: 0.86rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th, td { padding: 6px 10px; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; font-size: 0.8rem; }
td.word, th.word { text-align: left; }
td.text { text-align: left; white-space: normal; min-width: 16em; }
tr.frauds td { background: #eef3ff; }
.buy { color: var(--buy); } .sell { color: var(--sell); } .hold { color: var(--soft); }
code { font: 0.88em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: 0.85rem; margin-top: 22px; }
"""
PLOT_CONFIG = {"displaylogo": False, "responsive": True, "displayModeBar": False}


def write_report(result: DemoResult, path: Path) -> None:
    """Write the page, at once and whole."""
    write_atomic(path, page(result).encode())


def page(result: DemoResult) -> str:
    """Return the page."""
    plots = ""
    for index, plot in enumerate(figures(result)):
        drawn = plot.figure.to_html(
            full_html=False, include_plotlyjs=index == 0, config=PLOT_CONFIG, default_height="340px"
        )
        plots += f"<section><h2>{plot.title}</h2><p>{plot.caption}</p>{drawn}</section>\n"
    notice = ""
    if result.data_source.startswith("synthetic"):
        notice = '<div class="notice">The prices of this run are synthetic, not those of a market.</div>'
    facts = "".join(_fact(*fact) for fact in summary_facts(result))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>provault demo</title><style>{STYLE}</style></head>
<body><main>
<h1>provault demo</h1>
<p>{period(result)}. {html.escape(verdict(result))}</p>
{notice}
<div class="facts">{facts}</div>
{plots}
{_epochs(result)}
{_frauds(result)}
<footer>Prices: {html.escape(result.data_source)}. Vault <code>{result.vault}</code> on a chain of its own
({html.escape(result.rpc_url)}{", still running" if result.chain_kept else ", ended"}).
Written {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.</footer>
</main></body></html>
"""


def _fact(label: str, value: str, note: str) -> str:
    unbroken = html.escape(note).replace(" ", "&nbsp;")
    return f'<div class="fact"><b>{html.escape(value)}</b><span>{html.escape(label)} {unbroken}</span></div>'


def _epochs(result: DemoResult) -> str:
    rows = "".join(_row(line, result) for line in result.lines)
    columns = ("target", "trade", "price", "slippage, bps", "in risky", "vault", "holding", "proof", "gas")
    heads = "".join(f'<th class="{"word" if name == "trade" else ""}">{name}</th>' for name in columns)
    return f"""<section><h2>Every epoch</h2>
<p>A target is what the network decided and the proof shows, in basis points of the vault's value. Slippage is
how much worse than the price just before it a trade was, pool fee included. Gas is that of the whole
transaction: price log, proof check, decision and trade. The shaded epoch is the one in which the frauds were
tried first.</p>
<div class="wide"><table><thead><tr><th class="word">epoch</th><th class="word">day, UTC</th>{heads}</tr>
</thead>
<tbody>{rows}</tbody></table></div></section>"""


def _row(line: EpochLine, result: DemoResult) -> str:
    kind = ("buy" if line.fills[0].buy else "sell") if line.executed else "hold"
    cells = [
        f'<td class="word">{line.epoch}</td>',
        f'<td class="word">{start_time(line)}</td>',
        f"<td>{line.target_bps}</td>",
        f'<td class="word {kind}">{html.escape(outcome(line, result))}</td>',
        f"<td>{price(line)}</td>",
        f"<td>{slippage(line)}</td>",
        f"<td>{share(line)}</td>",
        f"<td>{amount(line.value(), result)}</td>",
        f"<td>{amount(result.hold_value(line.tick), result)}</td>",
        f"<td>{line.prove_secs:.2f} s</td>",
        f"<td>{gas(line.decide_gas)}</td>",
    ]
    return f'<tr class="{"frauds" if line.after_frauds else ""}">{"".join(cells)}</tr>'


def _frauds(result: DemoResult) -> str:
    rows = "".join(
        f'<tr><td class="word"><code>{refusal.fraud}</code></td>'
        f'<td class="text">{FRAUD_SENTENCES[refusal.fraud]}</td>'
        f'<td class="word"><code>{html.escape(refusal.reason)}</code></td>'
        f"<td>{gas(refusal.gas_used)}</td></tr>"
        for refusal in result.refusals
    )
    return f"""<section><h2>Frauds, each mined and refused</h2>
<p>Sent to the live vault in the open, undecided epoch {result.lines[-1].epoch}. Each differs from the honest
call in one thing; each reverted in the verifier and left the vault's storage as it was. <code>opening</code>
is the verifier's word for a proof whose last equation does not hold. The honest proof was accepted
afterwards.</p>
<div class="wide"><table><thead><tr><th class="word">fraud</th><th class="word">what differs</th>
<th class="word">reason</th><th>gas</th></tr></thead><tbody>{rows}</tbody></table></div></section>"""
