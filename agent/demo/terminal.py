"""Show a demo on a terminal: progress on stderr while it runs, the tables when it is done."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from agent.demo.result import DemoResult
from agent.demo.wording import (
    FRAUD_SENTENCES,
    gas,
    outcome,
    period,
    price,
    slippage,
    start_time,
    summary_facts,
    verdict,
)

WORDS = ("epoch", "trade or idle")
COLUMNS = ("epoch", "UTC", "target", "trade or idle", "price", "slip", "proof s", "gas")


class BarNarrator:
    """Draw a progress bar on a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("starting", total=None)

    def stage(self, text: str) -> None:
        """Name what is being done now."""
        self._progress.update(self._task, description=text)

    def steps(self, total: int) -> None:
        """Say how many steps there are in all."""
        self._progress.update(self._task, total=total)

    def advance(self, text: str) -> None:
        """Move the bar."""
        self._progress.update(self._task, description=text, advance=1)


class LineNarrator:
    """Write a line for each stage and step, where stderr is no terminal."""

    def __init__(self) -> None:
        self._done, self._total = 0, 0

    def stage(self, text: str) -> None:
        """Name what is being done now."""
        self._say(text)

    def steps(self, total: int) -> None:
        """Say how many steps there are in all."""
        self._total = total

    def advance(self, text: str) -> None:
        """Count the step."""
        self._done += 1
        self._say(f"{self._done}/{self._total} {text}")

    def _say(self, text: str) -> None:
        sys.stderr.write(f"demo: {text}\n")
        sys.stderr.flush()


@contextmanager
def narrator() -> Iterator[BarNarrator | LineNarrator]:
    """Give the narrator that fits stderr."""
    if not sys.stderr.isatty():
        yield LineNarrator()
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as progress:
        yield BarNarrator(progress)


def draw(result: DemoResult) -> RenderableType:
    """Return the tables and the sentences around them."""
    closing = f"Report: {result.report_path}\nRecording: {result.recording_path}, for `provault backtest`"
    if result.chain_kept:
        closing += (
            f"\nThe chain runs on at {result.rpc_url} until `provault demo --stop`; check the vault with\n"
            f"provault audit run {result.vault} --rpc {result.rpc_url}"
        )
    parts = (_epochs(result), _frauds(result), _summary(result), Text(verdict(result)))
    return Group(*(item for part in parts for item in (part, Text())), Text(closing))


def _epochs(result: DemoResult) -> Table:
    table = _table(f"Every epoch: {period(result)}, prices of {result.data_source}")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in WORDS else "right", no_wrap=True)
    for line in result.lines:
        style = ("green" if line.fills[0].buy else "red") if line.executed else "dim"
        table.add_row(
            f"{line.epoch}{' *' if line.after_frauds else ''}",
            start_time(line),
            str(line.target_bps),
            Text(outcome(line, result), style=style),
            price(line),
            slippage(line),
            f"{line.prove_secs:.2f}",
            gas(line.decide_gas),
        )
    table.caption = "* after the frauds; target and slip in bps, the pool's fee included; trades in base"
    table.caption_justify = "left"
    return table


def _frauds(result: DemoResult) -> Table:
    table = _table(f"Frauds in epoch {result.lines[-1].epoch}, each mined, and refused by the verifier")
    for name in ("fraud", "what differs", "reason", "gas"):
        table.add_column(name, justify="right" if name == "gas" else "left")
    for refusal in result.refusals:
        sentence = FRAUD_SENTENCES[refusal.fraud]
        table.add_row(refusal.fraud, sentence, refusal.reason, gas(refusal.gas_used))
    return table


def _table(title: str) -> Table:
    return Table(
        title=title,
        title_justify="left",
        header_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )


def _summary(result: DemoResult) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for label, value, note in summary_facts(result):
        table.add_row(label, value, note)
    return table
