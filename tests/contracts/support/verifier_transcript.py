"""The transcript of docs/protocol.md section 8, from that page alone, sharing no code with a verifier."""

from __future__ import annotations

from eth_utils.crypto import keccak

from tests.contracts.support.verifier_cases import Case

R = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
NAMES = ("alpha", "beta", "theta", "chi", "y", "gamma", "z")


def public_cells(case: Case) -> list[int]:
    """Inputs, zeros up to a multiple of wa, outputs, zeros up to |pub|."""
    weight_lanes, count = case.word(6), case.word(11)
    cells = list(case.inputs)
    while len(cells) % weight_lanes:
        cells.append(0)
    cells += case.outputs
    return cells + [0] * (count - len(cells))


def messages(case: Case) -> list[bytes]:
    """Cut a statement and a proof into messages 0 to 6."""
    width, lanes, weight_lanes, rows, powers = (case.word(index) for index in (4, 5, 6, 3, 9))
    packs = -(-(lanes + 2) // width)
    flags = case.word(10)
    assert flags in (0, 1)
    factors = lanes - flags * (lanes // 2)  # L - h
    degree = (factors + 1) * rows + factors + 4
    chunks = 1 if degree < powers else -(-(degree + 1) // (powers - 1))
    evaluations = lanes + 2 + weight_lanes + 9 + 4 + 2 * flags
    cells = public_cells(case)
    first = (1).to_bytes(32, "big") + keccak(case.key) + case.commitment + case.context
    first += len(cells).to_bytes(32, "big") + b"".join((cell % R).to_bytes(32, "big") for cell in cells)
    cut = [first]
    at = 0
    for length in (96 * (packs + 1), 96, 96 * chunks, 32 * evaluations, 96, 96):
        cut.append(case.proof[at : at + length])
        at += length
    assert at == len(case.proof)
    return cut


def chain(case: Case) -> list[bytes]:
    """h_0 .. h_5."""
    parts = messages(case)
    links = [keccak(b"provault.transcript.keccak256.v1" + parts[0])]
    for part in parts[1:6]:
        links.append(keccak(links[-1] + part))
    return links


def challenges(case: Case) -> tuple[int, ...]:
    """alpha, beta, theta, chi, y, gamma, z."""
    links = chain(case)
    digests = [links[1], keccak(links[1] + b"\x01"), keccak(links[1] + b"\x02"), *links[2:6]]
    return tuple(int.from_bytes(digest, "big") % R for digest in digests)
