"""Compare the benchmark's figures with the peer's and with the targets, and write them as Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.errors import BenchmarkError

START: Final = "<!-- figures: start; written by `provault bench prover --markdown` -->"
END: Final = "<!-- figures: end -->"

#: What is compared with the peer: field, and what its ratio is called.
COMPARED: Final = {
    "prove_seconds": "prove, median",
    "prove_seconds_min": "prove, least",
    "prove_cpu_seconds": "prove, processor time",
    "verify_seconds": "verify off chain",
    "peak_rss_mb": "peak memory",
    "proof_bytes": "proof",
    "calldata_bytes": "calldata",
    "proving_key_bytes": "proving key",
    "verify_tx_gas": "verify transaction",
}


@dataclass(frozen=True)
class Target:
    """A figure to reach, and one beyond."""

    model: str
    field: str
    reach: float
    beyond: float | None = None


#: The numbers that this prover set out for; ratios are at least, everything else is at most.
TARGETS: Final = (
    Target("r1", "prove_seconds", 0.2, 0.1),
    Target("r1", "proving_key_bytes", 2_000_000),
    Target("r1", "peak_rss_mb", 350, 200),
    Target("r1", "proof_bytes", 1600, 1400),
    Target("r1", "verify_tx_gas", 300_000, 270_000),
    Target("r1", "verify_seconds", 0.01),
    Target("r1", "prove_seconds_ratio", 10),
    Target("r1", "command_beyond_seconds", 1.2),
    Target("r1-time", "prove_seconds", 0.2, 0.1),
    Target("r1-time", "verify_tx_gas", 300_000, 270_000),
    Target("r1-time", "prove_seconds_ratio", 10),
    Target("r2", "prove_seconds", 1.0, 0.5),
    Target("r2", "verify_tx_gas", 600_000, 425_000),
    Target("r2", "verify_seconds", 0.01),
)


def compared(row: Mapping[str, Any], peer: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return how many times the peer's figure is ours, for its default and its best setting."""
    ratios: dict[str, dict[str, float]] = {}
    for side in ("default", "best"):
        theirs = peer[side] or {}
        ratios[side] = {
            name: round(theirs[name] / row[name], 2) for name in COMPARED if name in theirs and row[name]
        }
    return ratios


def targets_of(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each target of a network with what was found, and whether it is met and surpassed."""
    found = dict(row)
    best = row.get("ratios", {}).get("best", {})
    if "prove_seconds" in best:
        found["prove_seconds_ratio"] = best["prove_seconds"]
    results = []
    for target in TARGETS:
        if target.model != row["model"] or target.field not in found:
            continue
        value = found[target.field]
        results.append(
            {
                "field": target.field,
                "found": value,
                "reach": target.reach,
                "reached": _meets(target, value, target.reach),
                "beyond": target.beyond,
                "surpassed": None if target.beyond is None else _meets(target, value, target.beyond),
            }
        )
    return results


def _meets(target: Target, value: float, wanted: float) -> bool:
    return value >= wanted if target.field.endswith("_ratio") else value <= wanted


def machine() -> str:
    """Describe processors, interpreter and the load before the run in one line."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.is_file():
        names = [
            line for line in information.read_text("utf-8").splitlines() if line.startswith("model name")
        ]
        model = names[0].split(":")[1].strip() if names else model
    load = os.getloadavg()[0]
    python = platform.python_version()
    return f"{model}, {os.cpu_count()} processors, Python {python}, load {load:.2f} at the end"


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write all figures as Markdown tables."""
    parts = [
        machine() + ".",
        "### provault",
        _models_table(rows),
        "### Batches, seconds a decision",
        _batches(rows),
    ]
    judged = [(row["model"], target) for row in rows for target in row["targets"]]
    if judged:
        parts += ["### Targets", _targets_table(judged)]
    parts += ["### A warm `provault prove`, seconds beyond the proof", _command_table(rows)]
    parts += ["### Where the time goes, seconds by step", _profile_table(rows)]
    parts += ["### The floor", _floor_table(rows)]
    for row in rows:
        if "peer" in row:
            parts += [f"### Compared with EZKL: {row['model']}", _ratio_table(row)]
            parts += [f"### EZKL, every setting: {row['model']}", _grid_table(row["peer"])]
    return "\n\n".join(parts) + "\n"


def require_markers(path: Path) -> tuple[str, str]:
    """Return what stands before and after the two markers of a document.

    Raises: BenchmarkError when the document or a marker is missing.
    """
    if not path.is_file():
        raise BenchmarkError(f"{path} is not here; --markdown replaces a part of a document")
    before, start, rest = path.read_text("utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise BenchmarkError(f"{path.name} lacks the lines between which figures go: {START} and {END}")
    return before, after


def write_into(path: Path, text: str) -> None:
    """Replace what stands between the two markers of a document.

    Raises: BenchmarkError when the document or a marker is missing.
    """
    before, after = require_markers(path)
    path.write_text(f"{before}{START}\n\n{text}\n{END}{after}", "utf-8")


def _table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10_000:
        return f"{value:,}"
    return str(value)


def _models_table(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = {
        "model": "network",
        "widths": "widths",
        "params": "parameters",
        "prove_seconds": "prove s",
        "prove_seconds_min": "least",
        "prove_cpu_seconds": "processor s",
        "prove_unprepared_seconds": "unprepared s",
        "verify_seconds": "verify s",
        "verify_py_ecc_seconds": "py_ecc s",
        "peak_rss_mb": "peak MB",
        "proof_bytes": "proof B",
        "calldata_bytes": "calldata B",
        "proving_key_bytes": "key B",
        "verify_tx_gas": "verify gas",
        "rows": "rows",
        "lanes": "lanes",
        "packs": "points",
    }
    table = _table(list(columns.values()), [[row[name] for name in columns] for row in rows])
    searched = [
        f"`{row['model']}` is the {row['chosen_by']}." for row in rows if row["chosen_by"] != "by hand"
    ]
    return "\n\n".join([table, *searched])


def _batches(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        [row["model"], batch["decisions"], batch["prove_seconds_each"], batch["verify_seconds_each"]]
        for row in rows
        for batch in row["batches"]
    ]
    return _table(["network", "decisions", "prove s each", "verify s each"], lines)


def _command_table(rows: Sequence[Mapping[str, Any]]) -> str:
    names = ["model", "command_beyond_seconds", "command_beyond_seconds_min"]
    names += ["load_seconds", "prepare_seconds"]
    headings = ["network", "median", "least", "loading alone", "preparing for many proofs"]
    return _table(headings, [[row[name] for name in names] for row in rows])


def _targets_table(judged: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    def answer(met: bool | None) -> str:
        return "" if met is None else "yes" if met else "**no**"

    return _table(
        ["network", "figure", "found", "to reach", "met", "beyond", "met"],
        [
            [
                name,
                *(found[part] for part in ("field", "found", "reach")),
                answer(found["reached"]),
                found["beyond"],
                answer(found["surpassed"]),
            ]
            for name, found in judged
        ],
    )


def _profile_table(rows: Sequence[Mapping[str, Any]]) -> str:
    return _table(
        ["network", "step", "seconds", "products", "transforms", "other kernel calls"],
        [
            [row["model"]]
            + [step[name] for name in ("step", "seconds", "products", "transforms", "other_kernel")]
            for row in rows
            for step in row["profile"]
        ],
    )


def _floor_table(rows: Sequence[Mapping[str, Any]]) -> str:
    lines: list[list[object]] = []
    for row in rows:
        lines += [[row["model"], part["part"], part["seconds"]] for part in row["floor"]]
        lines.append(
            [row["model"], f"**sum; proving takes {row['over_floor']} times this**", row["floor_seconds"]]
        )
    return _table(["network", "what cannot be avoided", "seconds"], lines)


def _ratio_table(row: Mapping[str, Any]) -> str:
    peer, lines = row["peer"], []
    for name, title in COMPARED.items():
        line: list[object] = [title, row[name]]
        for side in ("default", "best"):
            theirs = peer[side] or {}
            line += [theirs.get(name), row["ratios"][side].get(name)]
        lines.append(line)
    best = (peer["best"] or {}).get("label", "none proved")
    note = (
        f"Best setting: {best}. Largest difference from the float model, in output units: provault"
        f" {row['largest_difference']}, EZKL default {(peer['default'] or {}).get('largest_difference')},"
        f" best {(peer['best'] or {}).get('largest_difference')}."
    )
    headings = ["figure", "provault", "EZKL default", "ratio", "EZKL best", "ratio"]
    return _table(headings, lines) + "\n\n" + note


def _grid_table(peer: Mapping[str, Any]) -> str:
    columns = {
        "label": "setting",
        "logrows": "rows 2^",
        "num_rows": "used rows",
        "prove_seconds": "prove s",
        "prove_cpu_seconds": "processor s",
        "verify_seconds": "verify s",
        "peak_rss_mb": "peak MB",
        "proof_bytes": "proof B",
        "calldata_bytes": "calldata B",
        "proving_key_bytes": "key B",
        "contract_bytes": "contract B",
        "verify_tx_gas": "gas",
        "largest_difference": "off by",
    }
    lines = []
    for found in peer["results"]:
        line = [found.get(name) for name in columns]
        lines.append([*line, found.get("failed") or found.get("contract_failed")])
    return _table([*columns.values(), "what failed"], lines)
