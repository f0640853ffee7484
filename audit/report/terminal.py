"""Draw an audit's document on a terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from audit.report.wording import Document, amount, day, facts, outcome, proof_word, verdict

EPOCH_COLUMNS = ("epoch", "UTC", "target", "proof", "trade or idle", "value", "")


def draw(document: Document) -> RenderableType:
    """Return the epochs, the powers, the summary, and last what is off."""
    parts = (_epochs(document), _powers(document), _summary(document))
    return Group(*(item for part in parts for item in (part, Text())), *_findings(document))


def _table(title: str, columns: tuple[str, ...], right: tuple[str, ...] = ()) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
        show_header=any(columns),
    )
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return table


def _epochs(document: Document) -> Table:
    market = document["market"]
    title = f"Vault {document['vault']}, block {document['head']['block']}"
    table = _table(title, EPOCH_COLUMNS, ("target", "value"))
    for epoch in document["epochs"]:
        table.add_row(
            str(epoch["epoch"]),
            epoch["time"][5:16].replace("T", " "),
            str(epoch["target_bps"]),
            proof_word(epoch),
            escape(outcome(epoch, market)),
            amount(epoch["nav"], market["base_decimals"]),
            "" if epoch["ok"] else Text("OFF", style="bold red"),
        )
    return table


def _powers(document: Document) -> Table:
    table = _table("Powers over this vault", ("who", "may", "limit", "now"))
    for row in document["powers"]:
        table.add_row(*(escape(row[name]) for name in ("who", "may", "limit", "now")))
    return table


def _summary(document: Document) -> Table:
    table = _table("Summary", ("", ""))
    head = document["head"]
    table.add_row("head block", f"{head['block']} of {day(head['time'])} UTC; compare its hash elsewhere")
    table.add_row("its hash", head["hash"])
    for label, value in facts(document):
        table.add_row(label, escape(value))
    table.add_row("factory of the pool", document["market"]["factory"])
    for role, address in document["roles"].items():
        table.add_row(role, address)
    for strategy in document["strategies"]:
        state = "key rebuilt from the published circuit" if strategy["key_rebuilt"] else "KEY NOT REBUILT"
        table.add_row("strategy", f"{strategy['commitment']}: {state}")
    for note in document["notes"]:
        table.add_row("note", escape(note))
    return table


def _findings(document: Document) -> list[Text]:
    style = "bold green" if document["ok"] else "bold red"
    lines = [Text(verdict(document), style=style)]
    return lines + [Text(f"  {finding['text']}", style="red") for finding in document["findings"]]
