"""Circuits published on chain: found by digest alone, and whatever does not hash to it passed over."""

import random
import zlib

import pytest

from contracts.errors import RegistrationError
from contracts.node import Anvil
from contracts.publication import PREFIX, Publication, creation_code, find_publication, publish_circuit

CIRCUIT = Publication(b'{"layers": [1, 2, 3]}' * 40, b'{"rows": 256}')


def test_a_circuit_is_found_by_its_digest(chain: Anvil) -> None:
    address = publish_circuit(chain.web3, CIRCUIT, sender=chain.accounts[0])
    assert bytes(chain.web3.eth.get_code(address)) == CIRCUIT.code
    assert find_publication(chain.web3, CIRCUIT.circuit_digest) == CIRCUIT
    assert find_publication(chain.web3, bytes(32)) is None


def test_files_that_do_not_hash_to_the_digest_are_passed_over(chain: Anvil) -> None:
    sender, other = chain.accounts[0], Publication(b"{}", b"{}")
    for code in (other.code, b"\x00\x02not packed", b""):
        data = creation_code(code, CIRCUIT.circuit_digest)
        chain.web3.eth.send_transaction({"from": sender, "data": data})
    assert find_publication(chain.web3, CIRCUIT.circuit_digest) is None
    publish_circuit(chain.web3, CIRCUIT, sender=sender)
    assert find_publication(chain.web3, CIRCUIT.circuit_digest) == CIRCUIT


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (b"\x00\x01" + CIRCUIT.code[2:], "does not begin with 0x0002"),
        (PREFIX + b"garbage", "cannot be unpacked"),
        (CIRCUIT.code[:-3], "cut short"),
        (CIRCUIT.code + b"\x00", "followed by something"),
        (PREFIX + zlib.compress((9).to_bytes(4, "big") + b"short"), "cut short"),
    ],
)
def test_other_code_is_refused(code: bytes, sentence: str) -> None:
    with pytest.raises(RegistrationError, match=sentence):
        Publication.of_code(code)


def test_a_circuit_beyond_the_code_size_is_refused(chain: Anvil) -> None:
    noise = random.Random(1).randbytes(30_000)
    with pytest.raises(RegistrationError, match="24,576"):
        publish_circuit(chain.web3, Publication(noise, b"{}"), sender=chain.accounts[0])
