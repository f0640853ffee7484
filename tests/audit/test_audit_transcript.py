"""The transcript against a Keccak written out by hand and constants known from elsewhere."""

from __future__ import annotations

from audit.verifier.field import SCALAR_MODULUS
from audit.verifier.transcript import TRANSCRIPT_TAG, Transcript, context_of, keccak256

MASK = (1 << 64) - 1


def permute(state: list[int]) -> list[int]:
    """Keccak-f[1600] from its definition; round constants from the degree-8 shift register."""
    register = 1
    for _ in range(24):
        parity = [state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20] for x in range(5)]
        turned = [parity[(x - 1) % 5] ^ rotate(parity[(x + 1) % 5], 1) for x in range(5)]
        state = [lane ^ turned[i % 5] for i, lane in enumerate(state)]
        x, y, current = 1, 0, state[1]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            state[x + 5 * y], current = rotate(current, (t + 1) * (t + 2) // 2 % 64), state[x + 5 * y]
        state = [
            state[i] ^ (~state[5 * (i // 5) + (i + 1) % 5] & MASK & state[5 * (i // 5) + (i + 2) % 5])
            for i in range(25)
        ]
        for j in range(7):
            if register & 1:
                state[0] ^= 1 << ((1 << j) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
    return state


def rotate(lane: int, bits: int) -> int:
    return (lane << bits | lane >> (64 - bits)) & MASK if bits else lane


def keccak_by_hand(content: bytes) -> bytes:
    padded = bytearray(content + b"\x01" + bytes(-(len(content) + 1) % 136))
    padded[-1] |= 0x80
    state = [0] * 25
    for start in range(0, len(padded), 136):
        for i in range(17):
            state[i] ^= int.from_bytes(padded[start + 8 * i : start + 8 * i + 8], "little")
        state = permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def test_keccak_is_the_one_of_ethereum() -> None:
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"abc").hex() == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"


def test_keccak_equals_the_permutation_written_out() -> None:
    for length in (0, 1, 32, 135, 136, 137, 300):
        content = bytes(i * 7 % 256 for i in range(length))
        assert keccak256(content) == keccak_by_hand(content), length


def test_the_tag_has_32_bytes() -> None:
    assert TRANSCRIPT_TAG == b"provault.transcript.keccak256.v1"
    assert len(TRANSCRIPT_TAG) == 32


def test_the_chain_and_its_challenges_follow_the_specification() -> None:
    transcript = Transcript(b"first")
    three = transcript.absorb(b"second", 3)
    one = transcript.absorb(b"third", 1)
    h_0 = keccak_by_hand(TRANSCRIPT_TAG + b"first")
    h_1 = keccak_by_hand(h_0 + b"second")
    h_2 = keccak_by_hand(h_1 + b"third")
    digests = (h_1, keccak_by_hand(h_1 + b"\x01"), keccak_by_hand(h_1 + b"\x02"))
    assert three == tuple(int.from_bytes(digest, "big") % SCALAR_MODULUS for digest in digests)
    assert one == (int.from_bytes(h_2, "big") % SCALAR_MODULUS,)


def test_a_context_is_four_words() -> None:
    words = b"".join(value.to_bytes(32, "big") for value in (1, 2, 3, 4))
    assert context_of(1, 2, 3, 4) == keccak_by_hand(words)
    assert context_of(0, 0, 0, 0) == keccak_by_hand(bytes(128))
    assert len({context_of(*(int(i == j) for j in range(4))) for i in range(4)}) == 4
