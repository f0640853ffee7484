"""key.bin: what it says is read back, and every condition of the specification is refused by name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from prover.ceremony import load_ceremony
from prover.errors import VerificationError
from prover.kernel import default_kernel
from prover.protocol.key import VerifyingKey
from prover.protocol.verify import VerifierSetup
from tests.attacks.circuits import Circuit, small_circuit


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    return small_circuit("relu")


def word(index: int, value: int) -> Callable[[bytes], bytes]:
    """Overwrite one 32-byte word."""
    return lambda key: key[: 32 * index] + (value % 2**256).to_bytes(32, "big") + key[32 * (index + 1) :]


BENT: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda key: b"",
    "magic": lambda key: b"q" + key[1:],
    "version": word(0, 2),
    "n = 0": word(3, 0),
    "n = 48": word(3, 48),
    "n = 2^33": word(3, 2**33),
    "n = 64 with the omega of 32": word(3, 64),
    "t = 1": word(4, 1),
    "t = 0": word(4, 0),
    "t beyond the powers": word(4, 200),
    "L = 5": word(5, 5),
    "wa = 0": word(6, 0),
    "wa > L": word(6, 7),
    "K = 0": word(7, 0),
    "lam = 0": word(8, 0),
    "lam = 13": word(8, 13),
    "N smaller": word(9, 64),
    "flags = 2": word(10, 2),
    "flags = 2^255": word(10, 2**255),
    "|pub| not a multiple of L": word(11, 7),
    "|pub| one multiple more": word(11, 12),
    "|pub| = 0": word(11, 0),
    "n_in = 0": word(12, 0),
    "n_in not the sum of the runs": word(12, 4),
    "n_out = 0": word(13, 0),
    "runs = 0": word(14, 0),
    "runs = 2^200": word(14, 2**200),
    "omega = 1": word(15, 1),
    "omega^-1": lambda key: word(15, pow(VerifyingKey.from_bytes(key).omega, -1, 2**255 - 19))(key),
    "1/n + r": lambda key: word(16, VerifyingKey.from_bytes(key).rows_inverse + default_order())(key),
    "1/n = 1": word(16, 1),
    "optimiser 1": word(17, 1),
    "optimiser 3": word(17, 3),
    "run of 0": word(18, 0),
    "low above high": word(19, 5),
    "high beyond 2^62": word(20, 2**62 + 1),
    "truncated": lambda key: key[:-1],
    "trailing byte": lambda key: key + b"\0",
}


def default_order() -> int:
    from prover.field import SCALAR_MODULUS

    return SCALAR_MODULUS


def test_a_key_reads_back(circuit: Circuit) -> None:
    key = VerifyingKey.from_bytes(circuit.key_bytes)
    assert key == circuit.setup.key and key.to_bytes() == circuit.key_bytes


@pytest.mark.parametrize("name", BENT)
def test_a_bent_key_is_refused(name: str, circuit: Circuit) -> None:
    with pytest.raises(VerificationError) as refusal:
        VerifyingKey.from_bytes(BENT[name](circuit.key_bytes))
    assert refusal.value.reason == "key"


def test_a_key_of_another_ceremony_is_refused(circuit: Circuit) -> None:
    bent = word(2, 1)(circuit.key_bytes)
    with pytest.raises(VerificationError) as refusal:
        VerifierSetup.load(default_kernel(), load_ceremony(), bent, circuit.commitment)
    assert refusal.value.reason == "ceremony"


@pytest.mark.parametrize("point", [bytes(96), b"\x01" * 96])
def test_a_bad_commitment_or_fixed_point_is_refused(point: bytes, circuit: Circuit) -> None:
    kernel, ceremony = default_kernel(), load_ceremony()
    with pytest.raises(VerificationError) as refusal:
        VerifierSetup.load(kernel, ceremony, circuit.key_bytes, point + circuit.commitment[96:])
    assert refusal.value.reason == "point"
    with pytest.raises(VerificationError) as refusal:
        VerifierSetup.load(kernel, ceremony, circuit.key_bytes[:-96] + point, circuit.commitment)
    assert refusal.value.reason == "point"


def test_another_number_of_commitment_points_is_refused(circuit: Circuit) -> None:
    for commitment in (circuit.commitment[:96], circuit.commitment * 2, b""):
        with pytest.raises(VerificationError) as refusal:
            VerifierSetup.load(default_kernel(), load_ceremony(), circuit.key_bytes, commitment)
        assert refusal.value.reason == "key"


def test_signed_bounds_survive_the_encoding(circuit: Circuit) -> None:
    runs = VerifyingKey.from_bytes(circuit.key_bytes).bounds
    assert [(run.count, run.low, run.high) for run in runs] == [(3, -4, 4)]
