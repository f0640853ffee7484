"""Products of 512 bits, against Python's integers."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.contracts.support.evm import Deployed, deploy, refused

WORD = 2**256
words = st.one_of(
    st.integers(0, WORD - 1),
    st.integers(0, 255).flatmap(lambda bits: st.integers(0, 2**bits)),
    st.sampled_from([0, 1, 2**128, 2**128 - 1, WORD - 1, WORD - 2]),
)
# a divisor with a large power of two in it, where the high word of the product counts
even = st.builds(lambda odd, shift: (odd << shift) % WORD, st.integers(1, WORD - 1), st.integers(1, 255))


@pytest.fixture(scope="module")
def probe() -> Deployed:
    return deploy("testing/ArithmeticProbe")


@settings(max_examples=300)
@given(words, words, st.one_of(words, even))
@example(WORD - 1, WORD - 1, WORD - 1)
@example(WORD - 1, WORD - 1, 0)
@example(WORD - 1, 1, 2)
@example(2**128, 2**128, 1)
@example(2**255, 2, 2**255)
# the remainder is above the product's low word, and the divisor even
@example(
    79836935910293974581159176134773181727994643330248,
    67221145242570537529325048204479308473382956386247563,
    25125371794913119645214587718987644574338053542383846308255584877985268760576,
)
def test_mul_div_is_exact_or_refused(probe: Deployed, a: int, b: int, d: int) -> None:
    for name, rounding in (("mul_div_down", 0), ("mul_div_up", 1)):
        call = getattr(probe, name)
        if d == 0 or a * b // d >= WORD:
            with refused("overflow"):
                call(a, b, d)
            continue
        expected = a * b // d + (rounding if a * b % d else 0)
        if expected >= WORD:
            with refused(""):
                call(a, b, d)
        else:
            assert call(a, b, d) == expected


def test_rounding_up_into_overflow_is_refused(probe: Deployed) -> None:
    # 2^257 - 1 = 535006138814359 * ..., so half of it is 2^256 - 1 and a half
    assert probe.mul_div_up(WORD - 1, WORD - 1, WORD - 1) == WORD - 1
    a, b, d = 535006138814359, 432862656469423142931042426214547535783388063929571229938474969, 2
    assert a * b // d == WORD - 1 and a * b % d == 1
    assert probe.mul_div_down(a, b, d) == WORD - 1
    with refused(""):
        probe.mul_div_up(a, b, d)
