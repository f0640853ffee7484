"""The record of a deployment is whole before and after whatever happens to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.deployment_plan import creation_address
from contracts.deployment_record import Attempt, DeploymentRecord, Step, Transaction
from contracts.errors import RecordError

SENDER = "0x6AC7ea33F8831Ea9dCC53393aAa88b25A785DBf0"


def record() -> DeploymentRecord:
    """Return a record with a step of each state."""
    steps = [
        Step("a", "verifier", 1, address="0xA", transaction=Transaction("0x01", 5, 6, 7), code_hash="0x02"),
        Step("b", "vault", 2, attempts=[Attempt("0x03", "0x04", 8, 9)], data="0x05"),
        Step("c", "zap", 3, arguments=[["0x06", 2**200, True]]),
    ]
    return DeploymentRecord(1, SENDER, "digest", {"vyper": "0"}, {"name": "x"}, steps)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "deployment.json"
    assert DeploymentRecord.load(path) is None
    record().save(path)
    found = DeploymentRecord.load(path)
    assert found == record()
    assert found is not None
    assert [step.state for step in found.steps] == ["done", "open", "planned"]
    assert found.open_step() == found.steps[1]
    assert found.find("zap") == found.steps[2]
    assert [entry.name for entry in tmp_path.iterdir()] == ["deployment.json"], "nothing is left beside it"


def test_a_write_that_fails_leaves_the_old_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deployment.json"
    record().save(path)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    changed = record()
    changed.failed.append("0x07")
    with pytest.raises(RecordError, match="cannot be written: no space left on device"):
        changed.save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["deployment.json"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such file or directory"):
        record().save(tmp_path / "nowhere" / "deployment.json")


@pytest.mark.parametrize("change", ["format", "steps", "sender"])
def test_a_record_that_lacks_something_is_refused(tmp_path: Path, change: str) -> None:
    path = tmp_path / "deployment.json"
    record().save(path)
    document = json.loads(path.read_text())
    del document[change]
    path.write_text(json.dumps(document))
    with pytest.raises(RecordError, match="is no deployment record of the format"):
        DeploymentRecord.load(path)


def test_the_address_of_a_creation_is_the_known_one() -> None:
    """Source: the first contracts of that account on Ethereum, as in go-ethereum's TestCreateAddress."""
    assert creation_address("0x970E8128AB834E8EAC17Ab8E3812F010678CF791", 0) == (
        "0x333c3310824b7c685133F2BeDb2CA4b8b4DF633d"
    )
    assert creation_address("0x970E8128AB834E8EAC17Ab8E3812F010678CF791", 1) == (
        "0x8bDa78331C916A08481428e4b07C96D3e916D165"
    )
