"""Larger ceremony files: the published form, by hash and by pairings, on a small file with known taus."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_hash.auto import keccak

from prover import ceremony_transcript
from prover.ceremony_transcript import (
    ENVIRONMENT_VARIABLE,
    PUBLISHED_SHA256,
    TRANSCRIPTS,
    ceremony_for,
    load_transcript,
    read_transcript,
)
from prover.errors import CeremonyError
from prover.field import SCALAR_MODULUS as R
from prover.json_stream import JsonStream, JsonStreamError
from prover.kernel import GENERATOR_G1, default_kernel
from tests.prover.own_transcript import G2_COUNT, OwnTranscript, publish, text_g1, text_g2, text_of

COUNTS = (8, 16)
TAUS = (secrets.randbelow(R - 2) + 2, secrets.randbelow(R - 2) + 2)


@pytest.fixture(scope="module")
def own() -> OwnTranscript:
    return OwnTranscript.make(TAUS, COUNTS)


@pytest.fixture(autouse=True)
def kept_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep points in an empty folder."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(ceremony_transcript, "cache_folder", lambda: folder)
    return folder


def reason_of(path: Path, powers: int = 16) -> str:
    with pytest.raises(CeremonyError) as refusal:
        load_transcript(path, powers)
    assert not list(ceremony_transcript.cache_folder().iterdir())
    return refusal.value.reason


# What is pinned


def test_only_the_published_transcript_is_pinned() -> None:
    """SHA-256 and size are those of the ceremony's own repository."""
    assert set(TRANSCRIPTS) == {PUBLISHED_SHA256}
    assert PUBLISHED_SHA256 == "8ed1c73857e77ae98ea23e36cdcf828ccbf32b423fddc7480de658f9d116c848"
    pin = TRANSCRIPTS[PUBLISHED_SHA256]
    assert pin.size == 253_714_449
    assert pin.counts == ((4096, 65), (8192, 65), (16384, 65), (32768, 65))


def test_a_transcript_of_ones_own_is_refused_by_its_hash(own: OwnTranscript, tmp_path: Path) -> None:
    path = tmp_path / "transcript.json"
    path.write_bytes(own.content())
    with pytest.raises(CeremonyError, match=PUBLISHED_SHA256) as refusal:
        load_transcript(path, 16)
    assert refusal.value.reason == "hash"


# A file with known taus, pinned for the test


@pytest.mark.parametrize("index", [0, 1])
def test_each_set_holds_the_powers_of_its_own_tau(
    index: int, own: OwnTranscript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = own.publish(tmp_path / "transcript.json", monkeypatch)
    lines: list[str] = []
    ceremony = load_transcript(path, COUNTS[index], announce=lines.append)
    kernel = default_kernel()
    expected = [kernel.mul_point(GENERATOR_G1, pow(TAUS[index], i, R)) for i in range(COUNTS[index])]
    assert ceremony.powers_g1 == b"".join(expected)
    assert len(ceremony.powers_g2) == 192 * G2_COUNT
    assert kernel.pairing_product_is_one(
        [(kernel.mul_point(expected[1], -1), ceremony.powers_g2[:192]), (GENERATOR_G1, ceremony.tau_g2)]
    )
    assert ceremony.digest == keccak(ceremony.powers_g1 + ceremony.tau_g2)
    assert lines[0] == f"ceremony: reading {path}"
    assert lines[-1] == f"ceremony: checking {COUNTS[index]} powers by pairings"


@pytest.mark.parametrize("place", range(16))
def test_an_altered_g1_power_in_any_position_is_caught(
    place: int, own: OwnTranscript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the hash, and where the pin itself is wrong, by the pairings."""
    bent = own.with_point(1, "G1Powers", place, text_g1(31337))
    path = tmp_path / "transcript.json"
    path.write_bytes(bent.content())
    assert reason_of(path) == "hash"
    bent.publish(path, monkeypatch)
    assert reason_of(path) == ("generator" if place == 0 else "powers_g1")


@pytest.mark.parametrize(
    ("place", "reason"), [(0, "generator"), (1, "powers_g1"), (2, "powers_g2"), (3, "powers_g2")]
)
def test_an_altered_g2_power_in_any_position_is_caught(
    place: int, reason: str, own: OwnTranscript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bent = own.with_point(1, "G2Powers", place, text_g2(31337))
    assert reason_of(bent.publish(tmp_path / "transcript.json", monkeypatch)) == reason


def test_two_powers_exchanged_are_caught(
    own: OwnTranscript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = own.document["transcripts"][1]["powersOfTau"]["G1Powers"]
    bent = own.with_point(1, "G1Powers", 4, points[5]).with_point(1, "G1Powers", 5, points[4])
    assert reason_of(bent.publish(tmp_path / "transcript.json", monkeypatch)) == "powers_g1"


def test_a_transcript_to_which_nobody_contributed_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first state of a ceremony: tau is 1, every equation of powers holds."""
    path = OwnTranscript.make((1, 1), COUNTS).publish(tmp_path / "transcript.json", monkeypatch)
    with pytest.raises(CeremonyError, match="tau is 1") as refusal:
        load_transcript(path, 16)
    assert refusal.value.reason == "generator"


def test_points_that_are_none_are_caught(
    own: OwnTranscript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_order_three = bytes(48) + (2).to_bytes(48, "big")
    third = bytes.fromhex(text_g1(pow(TAUS[1], 3, R))[2:])
    kernel = default_kernel()
    whole = kernel.mul_point(GENERATOR_G1, pow(TAUS[1], 3, R))
    assert text_of(whole) == "0x" + third.hex()
    for text, reason in (
        (text_of(kernel.add_points([whole, of_order_three])), "subgroup"),
        ("0xc0" + "00" * 47, "infinity"),
        ("0x9f" + "ff" * 47, "encoding"),
        ("0x" + f"{third[0] & 0x7F:02x}" + third[1:].hex(), "encoding"),
        ("0x80" + f"{1:094x}", "curve"),
    ):
        bent = own.with_point(1, "G1Powers", 3, text)
        assert reason_of(bent.publish(tmp_path / "transcript.json", monkeypatch)) == reason


def test_other_numbers_of_powers_are_refused_by_size(
    own: OwnTranscript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = own.publish(tmp_path / "transcript.json", monkeypatch)
    assert reason_of(path, powers=32) == "size"
    assert reason_of(path, powers=4096) == "size"


def change(own: OwnTranscript, edit: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(own.content())
    edit(document)
    return json.dumps(document, separators=(",", ":")).encode()


FORMS: list[tuple[str, Callable[[OwnTranscript], bytes], str]] = [
    ("empty", lambda own: b"", "the file ends"),
    ("text", lambda own: b"4096\n65\n97f1d3", "no '{'"),
    ("html", lambda own: b"<!DOCTYPE html>", "no '{'"),
    ("list", lambda own: b"[]", "no '{'"),
    ("no-sets", lambda own: b'{"participantIds":[]}', "no key transcripts"),
    ("cut", lambda own: own.content()[:3000], "the file ends"),
    ("cut-in-the-witness", lambda own: own.content()[:-400], "the file ends"),
    ("more", lambda own: own.content() + b"{}", "something follows"),
    ("fewer-points", lambda own: change(own, lambda d: points(d).pop()), "holds 15 and 4 powers"),
    ("more-points", lambda own: change(own, lambda d: points(d).append(points(d)[3])), "holds 17 and 4"),
    ("number", lambda own: change(own, lambda d: points(d).__setitem__(2, 5)), "no plain string"),
    ("no-0x", lambda own: change(own, lambda d: points(d).__setitem__(2, points(d)[2][2:])), "[2] is not 0x"),
    ("upper", lambda own: change(own, lambda d: points(d).__setitem__(2, points(d)[2].upper())), "is not 0x"),
    ("short", lambda own: change(own, lambda d: points(d).__setitem__(2, points(d)[2][:-2])), "is not 0x"),
    ("no-count", lambda own: change(own, lambda d: d["transcripts"][1].pop("numG1Powers")), "lacks"),
    ("no-powers", lambda own: change(own, lambda d: d["transcripts"][1].pop("powersOfTau")), "lacks"),
    ("key-twice", lambda own: own.content().replace(b'"numG2Powers"', b'"numG1Powers"'), "comes twice"),
    ("deep", lambda own: b'{"a":' + b"[" * 5000, "nesting"),
]


def points(document: dict[str, Any]) -> list[Any]:
    found: list[Any] = document["transcripts"][1]["powersOfTau"]["G1Powers"]
    return found


@pytest.mark.parametrize(("make", "complaint"), [form[1:] for form in FORMS], ids=[form[0] for form in FORMS])
def test_a_file_of_another_form_is_refused_by_name(
    make: Callable[[OwnTranscript], bytes],
    complaint: str,
    own: OwnTranscript,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where its hash is pinned."""
    path = publish(tmp_path / "transcript.json", make(own), COUNTS, monkeypatch)
    with pytest.raises(CeremonyError) as refusal:
        load_transcript(path, 16)
    assert refusal.value.reason == "format"
    assert complaint in str(refusal.value)


def test_an_incomplete_download_is_told_from_another_file(own: OwnTranscript, tmp_path: Path) -> None:
    path = tmp_path / "transcript.json"
    path.write_bytes(own.content()[:-100])
    with pytest.raises(CeremonyError, match=r"not the whole of transcript\.json") as refusal:
        load_transcript(path, 16)
    assert refusal.value.reason == "format"


def test_sets_other_than_the_pinned_ones_are_refused(
    own: OwnTranscript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reason_of(publish(tmp_path / "t.json", own.content(), (8, 8), monkeypatch)) == "format"


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    assert reason_of(tmp_path / "absent.json") == "missing"
    assert reason_of(tmp_path) == "missing"


# Kept points


def test_kept_points_are_used_only_if_they_are_those_of_the_file(
    own: OwnTranscript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_folder: Path
) -> None:
    path = own.publish(tmp_path / "transcript.json", monkeypatch)
    calls = []
    honest = ceremony_transcript.decompress_g1
    monkeypatch.setattr(ceremony_transcript, "decompress_g1", lambda e: calls.append(e) or honest(e))
    first = load_transcript(path, 16)
    (kept,) = kept_folder.glob("ceremony-powers-1-*-16.bin")
    assert len(calls) == 16
    assert load_transcript(path, 16) == first
    assert len(calls) == 16

    content = kept.read_bytes()
    y = int.from_bytes(content[48:96], "big")
    negated = (ceremony_transcript.BASE_MODULUS - y).to_bytes(48, "big")
    other = OwnTranscript.make((5, 7), COUNTS)
    other_points = load_transcript(other.publish(tmp_path / "other.json", monkeypatch), 16).powers_g1
    calls.clear()
    for number, bent in enumerate(
        (
            content[:48] + negated + content[96:],
            content[:95] + bytes([content[95] ^ 1]) + content[96:],
            content[96:192] + content[96:],
            content[:-96],
            content + content[:96],
            b"",
            other_points,
        ),
        start=1,
    ):
        kept.write_bytes(bent)
        with pytest.warns(UserWarning, match="does not hold the points"):
            assert load_transcript(path, 16) == first
        assert len(calls) == 16 * number
        assert kept.read_bytes() == content


# The number of powers chooses the file


def test_4096_powers_are_the_shipped_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(tmp_path / "absent.json"))
    assert ceremony_for(4096).digest.hex().startswith("c28f0347")


def test_larger_files_are_those_that_the_environment_names(
    own: OwnTranscript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = own.publish(tmp_path / "transcript.json", monkeypatch)
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    with pytest.raises(CeremonyError, match="PROVAULT_CEREMONY") as refusal:
        ceremony_for(16)
    assert refusal.value.reason == "missing"
    with pytest.raises(CeremonyError, match="4096, 8192, 16384, 32768") as refusal:
        ceremony_for(5000)
    assert refusal.value.reason == "size"
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(path))
    assert ceremony_for(16) == load_transcript(path, 16)
    assert "uncompressing point 0 of 16" in capsys.readouterr().err


# Reading in one pass


def test_a_file_larger_than_the_window_is_read_in_pieces(
    own: OwnTranscript, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows of every small size: tokens then end anywhere in a window."""
    document = json.loads(own.content())
    document["transcripts"][0]["witness"]["blsSignatures"] = ["x" * (i % 300) for i in range(500)]
    document["notes"] = {"a": [1, -2.5e3, True, None, {"b": [[], {}, ["c", ["d"]]]}], "e": 'q"\\'}
    for separators in ((",", ":"), (" ,\n", " :\t")):
        content = json.dumps(document, separators=separators).encode()
        monkeypatch.undo()
        whole = read_transcript(io.BytesIO(content), len(content))
        assert [len(each.powers_g1) for each in whole[1]] == [8, 16]
        for chunk in (4096, 4099, 5003, 1 << 16):
            monkeypatch.setattr("prover.json_stream.CHUNK_BYTES", chunk)
            assert read_transcript(io.BytesIO(content), len(content)) == whole


def test_values_that_are_passed_over_must_still_be_json() -> None:
    broken = (b'["a","b",]', b'{"a" 1}', b'{"a":}', b"[1 2]", b'["a"', b"{,}", b"[,]", b"tru", b'{"a":1,}')
    for text in broken:
        with pytest.raises(JsonStreamError):
            stream = JsonStream(io.BytesIO(text))
            stream.skip()
            stream.finish()
    for text in (b"[]", b"{}", b' [ "a" , "b" ] ', b'{"a":{"b":[1,2,{"c":"\\""}]}}', b"-1.5e+3", b"null"):
        stream = JsonStream(io.BytesIO(text))
        stream.skip()
        assert stream.finish()[1] == len(text)
