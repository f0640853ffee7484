"""The auditor reads the ceremony's published transcript by itself: by hash, by form and by pairings."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.errors import CeremonyError
from audit.verifier import ceremony_transcript
from audit.verifier.ceremony_check import check_power_lists
from audit.verifier.ceremony_setup import find_setup
from audit.verifier.ceremony_transcript import ENVIRONMENT_VARIABLE, PUBLISHED, load_transcript
from audit.verifier.curve import choose_group
from prover.ceremony_transcript import PUBLISHED_SHA256, TRANSCRIPTS, ceremony_for
from tests.prover.own_transcript import OwnTranscript, publish, text_g1, text_g2

COUNTS = (8, 16)
TAUS = (secrets.randbelow(1 << 250) + 2, secrets.randbelow(1 << 250) + 2)


@pytest.fixture(scope="module")
def own() -> OwnTranscript:
    return OwnTranscript.make(TAUS, COUNTS)


@pytest.fixture
def named(own: OwnTranscript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = own.publish(tmp_path / "transcript.json", monkeypatch)
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(path))
    return path


def reason_of(path: Path, monkeypatch: pytest.MonkeyPatch, powers: int = 16) -> str:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(path))
    with pytest.raises(CeremonyError) as caught:
        find_setup(powers)
    return caught.value.reason


def test_both_implementations_pin_the_same_transcript() -> None:
    assert {PUBLISHED.sha256} == {PUBLISHED_SHA256} == set(TRANSCRIPTS)
    assert TRANSCRIPTS[PUBLISHED_SHA256].counts == PUBLISHED.counts


def test_both_implementations_read_the_same_setup(
    named: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prover.ceremony_transcript.cache_folder", lambda: tmp_path)
    for count in COUNTS:
        setup, ceremony = find_setup(count), ceremony_for(count)
        assert setup is not None
        assert (setup.digest, setup.tau_g2) == (ceremony.digest, ceremony.tau_g2)
        check_power_lists(setup.ceremony(), choose_group(True))


def test_numbers_of_powers_that_no_file_has_are_unknown(
    named: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for count in (0, 1, 15, 32, 4095, 2**40, 2**256 - 1):
        assert find_setup(count) is None
    monkeypatch.delenv(ENVIRONMENT_VARIABLE)
    assert find_setup(16) is None
    pinned = find_setup(4096)
    assert pinned is not None and pinned.transcript is None


def test_a_transcript_of_ones_own_is_refused_by_its_hash(
    own: OwnTranscript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "transcript.json"
    for content in (own.content(), own.content()[:-10], b"", b"<html>", b"[" * 5000):
        path.write_bytes(content)
        assert reason_of(path, monkeypatch) == "hash"
    assert reason_of(tmp_path / "absent.json", monkeypatch) == "file"


@pytest.mark.parametrize("place", range(16))
def test_an_altered_g1_power_in_any_position_is_caught(
    place: int, own: OwnTranscript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = own.with_point(1, "G1Powers", place, text_g1(31337)).publish(tmp_path / "t.json", monkeypatch)
    assert reason_of(path, monkeypatch) == ("generator" if place == 0 else "powers")


@pytest.mark.parametrize("place", range(4))
def test_an_altered_g2_power_in_any_position_is_caught(
    place: int, own: OwnTranscript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = own.with_point(1, "G2Powers", place, text_g2(31337)).publish(tmp_path / "t.json", monkeypatch)
    assert reason_of(path, monkeypatch) == ("generator" if place == 0 else "powers")


def test_a_transcript_to_which_nobody_contributed_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = OwnTranscript.make((1, 1), COUNTS).publish(tmp_path / "t.json", monkeypatch)
    assert reason_of(path, monkeypatch) == "generator"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda content: content.replace(b'"numG1Powers":16', b'"numG1Powers":17'), "format"),
        (lambda content: content.replace(b'"G2Powers"', b'"G3Powers"', 1), "format"),
        (lambda content: content.replace(b'"G1Powers":["0x', b'"G1Powers":["0X'), "format"),
        (lambda content: content.replace(b'"G1Powers":["0x97', b'"G1Powers":["0xd7'), "point"),
        (lambda content: content.replace(b'"G1Powers":["0x97f1', b'"G1Powers":["0x97F1'), "format"),
        (lambda content: content[: content.index(b'"G2Powers"')], "format"),
    ],
    ids=["count", "field", "prefix", "infinity", "upper", "cut"],
)
def test_a_pinned_file_of_another_form_is_refused(
    change: Callable[[bytes], bytes],
    reason: str,
    own: OwnTranscript,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = change(own.content())
    assert content != own.content()
    path = publish(tmp_path / "t.json", content, COUNTS, monkeypatch)
    assert reason_of(path, monkeypatch) == reason


@pytest.mark.parametrize("chunk", [1, 7, 64, 1000])
def test_a_file_larger_than_a_chunk_is_read_in_pieces(
    chunk: int, named: Path, own: OwnTranscript, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load_transcript(named, 16)
    monkeypatch.setattr(ceremony_transcript, "CHUNK_BYTES", chunk)
    assert load_transcript(named, 16) == whole


def test_white_space_in_the_file_changes_nothing(
    own: OwnTranscript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaced = json.dumps(own.document, indent=2).encode()
    path = publish(tmp_path / "spaced.json", spaced, COUNTS, monkeypatch)
    ceremony = load_transcript(path, 8)
    assert ceremony is not None and len(ceremony.powers) == 8
