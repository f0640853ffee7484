"""The trusted setup: the shipped file is the one everybody has, and no point of it can be exchanged."""

import dataclasses
import hashlib
import secrets
from importlib import resources
from pathlib import Path

import eth_account
import pytest
from eth_hash.auto import keccak
from py_ecc.bls.point_compression import compress_G1, compress_G2
from py_ecc.optimized_bls12_381 import G1, G2, multiply

from prover import ceremony as ceremony_module
from prover.ceremony import (
    PINS,
    SHIPPED,
    SHIPPED_SHA256,
    Ceremony,
    check_powers,
    load_ceremony,
    parse_ceremony,
)
from prover.errors import CeremonyError, ProverError
from prover.field import BASE_MODULUS as BASE
from prover.field import SCALAR_MODULUS as R
from prover.field import root_of_unity
from prover.kernel import GENERATOR_G1, GENERATOR_G2, Kernel, default_kernel, plain_kernel
from prover.kernel.cache import cache_folder

ETH_ACCOUNT_COPY = (
    Path(eth_account.__file__).parent / "typed_transactions/blob_transactions/kzg_trusted_setup.txt"
)
SHIPPED_FILE = resources.files("prover") / "data" / SHIPPED
G1_COUNT, G2_COUNT = 16, 3


def text_g1(scalar: int) -> str:
    return compress_G1(multiply(G1, scalar % R)).to_bytes(48, "big").hex()


def text_g2(scalar: int) -> str:
    z1, z2 = compress_G2(multiply(G2, scalar % R))
    return (z1.to_bytes(48, "big") + z2.to_bytes(48, "big")).hex()


def lagrange_at(tau: int, count: int) -> list[int]:
    """l_j(tau) = omega^j (tau^n - 1) / (n (tau - omega^j))."""
    omega = root_of_unity(count)
    return [
        pow(omega, j, R) * (pow(tau, count, R) - 1) * pow(count * (tau - pow(omega, j, R)), -1, R) % R
        for j in range(count)
    ]


def small_file(tau: int, scale: int = 1) -> list[str]:
    """Lines of a file with a known tau; all points times `scale`."""
    return [
        str(G1_COUNT),
        str(G2_COUNT),
        *(text_g1(scale * value) for value in lagrange_at(tau, G1_COUNT)),
        *(text_g2(scale * pow(tau, i, R)) for i in range(G2_COUNT)),
        *(text_g1(scale * pow(tau, i, R)) for i in range(G1_COUNT)),
    ]


def read(lines: list[str]) -> Ceremony:
    return parse_ceremony("\n".join([*lines, ""]).encode(), G1_COUNT, G2_COUNT)


TAU = secrets.randbelow(R)


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return small_file(TAU)


@pytest.fixture(scope="module", params=["fast", "plain"])
def kernel(request: pytest.FixtureRequest) -> Kernel:
    return default_kernel() if request.param == "fast" else plain_kernel()


@pytest.fixture(scope="module")
def shipped() -> Ceremony:
    return load_ceremony()


def reason_of(ceremony: Ceremony, kernel: Kernel) -> str:
    with pytest.raises(CeremonyError) as refusal:
        check_powers(ceremony, kernel)
    return refusal.value.reason


def with_point(points: bytes, index: int, point: bytes) -> bytes:
    size = len(point)
    assert points[index * size : (index + 1) * size] != point
    return points[: index * size] + point + points[(index + 1) * size :]


def altered(ceremony: Ceremony, name: str, index: int, point: bytes) -> Ceremony:
    return dataclasses.replace(ceremony, **{name: with_point(getattr(ceremony, name), index, point)})


OTHER_G1 = default_kernel().mul_point(GENERATOR_G1, secrets.randbelow(R))
OTHER_G2_SCALAR = secrets.randbelow(R)


@pytest.fixture(scope="module")
def other_g2() -> bytes:
    """Another point of the subgroup of G2."""
    ceremony = read(small_file(OTHER_G2_SCALAR))
    return ceremony.tau_g2


# The shipped file


def test_the_shipped_file_is_eth_accounts_copy() -> None:
    assert SHIPPED_FILE.read_bytes() == ETH_ACCOUNT_COPY.read_bytes()
    assert hashlib.sha256(SHIPPED_FILE.read_bytes()).hexdigest() == SHIPPED_SHA256
    assert set(PINS) == {SHIPPED_SHA256}


def test_the_shipped_file_holds_powers_of_one_tau(shipped: Ceremony) -> None:
    assert shipped.power_count == 4096
    assert len(shipped.powers_g1) == len(shipped.lagrange_g1) == 4096 * 96
    assert len(shipped.powers_g2) == 65 * 192
    assert shipped.powers_g1[:96] == GENERATOR_G1
    assert shipped.powers_g2[:192] == GENERATOR_G2
    check_powers(shipped, default_kernel())


def test_the_digest_is_over_powers_and_tau(shipped: Ceremony) -> None:
    assert shipped.tau_g2 == shipped.powers_g2[192:384]
    assert shipped.digest == keccak(shipped.powers_g1 + shipped.tau_g2)
    assert shipped.digest.hex() == "c28f034759a8556fdc4839227c41d062855177818972f1160a703cedd8b49535"


@pytest.mark.parametrize("index", [0, 1, 2047, 4094, 4095])
def test_an_altered_power_is_caught(shipped: Ceremony, index: int) -> None:
    reason = reason_of(altered(shipped, "powers_g1", index, OTHER_G1), default_kernel())
    assert reason == ("generator" if index == 0 else "powers_g1")


@pytest.mark.parametrize("index", [0, 1, 2, 33, 63, 64])
def test_an_altered_power_in_g2_is_caught(shipped: Ceremony, index: int, other_g2: bytes) -> None:
    reason = reason_of(altered(shipped, "powers_g2", index, other_g2), default_kernel())
    assert reason == {0: "generator", 1: "powers_g1"}.get(index, "powers_g2")


@pytest.mark.parametrize("index", [0, 1, 2048, 4095])
def test_an_altered_lagrange_point_is_caught(shipped: Ceremony, index: int) -> None:
    assert reason_of(altered(shipped, "lagrange_g1", index, OTHER_G1), default_kernel()) == "lagrange"


@pytest.mark.parametrize("position", [0, 4, 10, 100_000, 800_000, -2, -1])
def test_altered_bytes_are_refused_by_their_hash(tmp_path: Path, position: int) -> None:
    data = bytearray(SHIPPED_FILE.read_bytes())
    data[position] ^= 1
    path = tmp_path / "altered.txt"
    path.write_bytes(data)
    with pytest.raises(CeremonyError, match="no known ceremony") as refusal:
        load_ceremony(path)
    assert refusal.value.reason == "hash"


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"\n", lambda data: b""])
def test_other_lengths_are_refused_by_their_hash(tmp_path: Path, change: object) -> None:
    assert callable(change)
    path = tmp_path / "altered.txt"
    path.write_bytes(change(SHIPPED_FILE.read_bytes()))
    with pytest.raises(CeremonyError) as refusal:
        load_ceremony(path)
    assert refusal.value.reason == "hash"


def test_a_locally_made_setup_is_refused(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "known-tau.txt"
    path.write_text("\n".join([*lines, ""]))
    with pytest.raises(CeremonyError) as refusal:
        load_ceremony(path)
    assert refusal.value.reason == "hash"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CeremonyError, match=r"none\.txt") as refusal:
        load_ceremony(tmp_path / "none.txt")
    assert refusal.value.reason == "missing"
    assert isinstance(refusal.value, ProverError)


# The cache


def test_the_cache_is_used_and_a_poisoned_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Ceremony
) -> None:
    parsed = []

    def count(*arguments: object) -> Ceremony:
        parsed.append(arguments)
        return shipped

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(ceremony_module, "parse_ceremony", count)
    assert load_ceremony() == shipped
    assert len(parsed) == 1
    checked: list[Ceremony] = []
    monkeypatch.setattr(ceremony_module, "check_powers", lambda ceremony, kernel: checked.append(ceremony))
    (cached,) = cache_folder().glob("ceremony-*.bin")
    honest = cached.read_bytes()
    assert load_ceremony() == shipped
    assert len(parsed) == 1
    poisoned = with_point(honest, 4096 + 7, OTHER_G1)
    for number, content in enumerate((poisoned, honest[:-1], honest + b"\x00", b"")):
        cached.write_bytes(content)
        with pytest.warns(UserWarning, match="does not hold the pinned ceremony points"):
            assert load_ceremony() == shipped
        assert len(parsed) == 2 + number
        assert len(checked) == 1 + number
        assert cached.read_bytes() == honest


def test_the_first_load_checks_the_powers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Ceremony
) -> None:
    """A file whose pin were wrong is still caught before it is kept."""
    wrong = altered(shipped, "powers_g1", 9, OTHER_G1)
    expanded = wrong.lagrange_g1 + wrong.powers_g1 + wrong.powers_g2
    pin = dataclasses.replace(PINS[SHIPPED_SHA256], expanded_sha256=hashlib.sha256(expanded).hexdigest())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setitem(PINS, SHIPPED_SHA256, pin)
    monkeypatch.setattr(ceremony_module, "parse_ceremony", lambda *arguments: wrong)
    with pytest.raises(CeremonyError) as refusal:
        load_ceremony()
    assert refusal.value.reason == "powers_g1"
    assert list(cache_folder().glob("ceremony-*.bin")) == []


def test_points_that_are_not_the_pinned_ones_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Ceremony
) -> None:
    wrong = altered(shipped, "powers_g1", 9, OTHER_G1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(ceremony_module, "parse_ceremony", lambda *arguments: wrong)
    with pytest.raises(CeremonyError) as refusal:
        load_ceremony()
    assert refusal.value.reason == "hash"
    assert list(cache_folder().glob("ceremony-*.bin")) == []


# The same code on a small file with a known tau


def test_a_small_file_is_read_and_passes(lines: list[str], kernel: Kernel) -> None:
    ceremony = read(lines)
    assert ceremony.power_count == G1_COUNT
    powers = kernel.points(ceremony.powers_g1)
    expected = b"".join(kernel.mul_point(GENERATOR_G1, pow(TAU, i, R)) for i in range(G1_COUNT))
    assert kernel.encode_points(powers) == expected
    check_powers(ceremony, kernel)


@pytest.mark.parametrize("index", range(G1_COUNT))
def test_any_altered_power_of_a_small_file_is_caught(lines: list[str], index: int) -> None:
    ceremony = altered(read(lines), "powers_g1", index, OTHER_G1)
    assert reason_of(ceremony, default_kernel()) == ("generator" if index == 0 else "powers_g1")


@pytest.mark.parametrize("index", range(G2_COUNT))
def test_any_altered_power_in_g2_of_a_small_file_is_caught(
    lines: list[str], index: int, other_g2: bytes
) -> None:
    reason = reason_of(altered(read(lines), "powers_g2", index, other_g2), default_kernel())
    assert reason == ["generator", "powers_g1", "powers_g2"][index]


@pytest.mark.parametrize("index", range(G1_COUNT))
def test_any_altered_lagrange_point_of_a_small_file_is_caught(lines: list[str], index: int) -> None:
    assert reason_of(altered(read(lines), "lagrange_g1", index, OTHER_G1), default_kernel()) == "lagrange"


@pytest.mark.parametrize(
    ("name", "index", "reason"),
    [("powers_g1", 5, "powers_g1"), ("lagrange_g1", 3, "lagrange")],
)
def test_altered_points_are_caught_by_the_plain_kernel(
    lines: list[str], name: str, index: int, reason: str
) -> None:
    assert reason_of(altered(read(lines), name, index, OTHER_G1), plain_kernel()) == reason


def test_two_powers_exchanged_are_caught(lines: list[str]) -> None:
    ceremony = read(lines)
    fifth, sixth = ceremony.powers_g1[5 * 96 : 6 * 96], ceremony.powers_g1[6 * 96 : 7 * 96]
    swapped = altered(altered(ceremony, "powers_g1", 5, sixth), "powers_g1", 6, fifth)
    assert reason_of(swapped, default_kernel()) == "powers_g1"


def test_powers_of_two_different_taus_are_caught(lines: list[str]) -> None:
    other = small_file(TAU + 1)
    g2, g1 = 2 + G1_COUNT, 2 + G1_COUNT + G2_COUNT
    for mixed, reason in (
        (lines[:g2] + other[g2:g1] + lines[g1:], "powers_g1"),
        (lines[:g1] + other[g1:], "powers_g1"),
        (other[:g2] + lines[g2:], "lagrange"),
    ):
        assert reason_of(read(mixed), default_kernel()) == reason


def test_powers_of_another_generator_are_caught() -> None:
    assert reason_of(read(small_file(TAU, scale=5)), default_kernel()) == "generator"


@pytest.mark.parametrize("name", ["powers_g1", "lagrange_g1"])
@pytest.mark.parametrize("index", [0, 7, 15])
def test_a_point_outside_the_subgroup_is_caught(lines: list[str], name: str, index: int) -> None:
    of_order_three = bytes(48) + (2).to_bytes(48, "big")
    ceremony = read(lines)
    point = getattr(ceremony, name)[index * 96 : (index + 1) * 96]
    moved = default_kernel().add_points([point, of_order_three])
    assert reason_of(altered(ceremony, name, index, moved), default_kernel()) == "subgroup"


def test_a_point_at_infinity_is_caught(lines: list[str]) -> None:
    ceremony = read(lines)
    for name, size in (("powers_g1", 96), ("lagrange_g1", 96), ("powers_g2", 192)):
        assert reason_of(altered(ceremony, name, 2, bytes(size)), default_kernel()) == "infinity"


def test_lists_of_wrong_length_are_caught(lines: list[str]) -> None:
    ceremony = read(lines)
    for changed in (
        dataclasses.replace(ceremony, lagrange_g1=ceremony.lagrange_g1[:-96]),
        dataclasses.replace(ceremony, lagrange_g1=b""),
        dataclasses.replace(
            ceremony, powers_g1=ceremony.powers_g1[:96], lagrange_g1=ceremony.lagrange_g1[:96]
        ),
    ):
        assert reason_of(changed, default_kernel()) == "format"
    without_tau = dataclasses.replace(ceremony, powers_g2=ceremony.powers_g2[:192])
    assert reason_of(without_tau, default_kernel()) == "format"


# Reading


def test_malformed_files_are_refused(lines: list[str]) -> None:
    point = next(i for i, line in enumerate(lines) if i > 2 and line.upper() != line)
    zero_flag = f"{int(lines[2][:2], 16) & 0x7F:02x}" + lines[2][2:]
    not_on_curve = next(f"80{x:094x}" for x in range(1, 50) if pow(x**3 + 4, (BASE - 1) // 2, BASE) != 1)
    for changed, reason in (
        ([], "format"),
        (lines[:1], "format"),
        (["17", *lines[1:]], "format"),
        (["016", *lines[1:]], "format"),
        ([lines[0], "4", *lines[2:]], "format"),
        (lines[:-1], "format"),
        ([*lines, lines[-1]], "format"),
        ([*lines, ""], "format"),
        ([*lines[:point], lines[point].upper(), *lines[point + 1 :]], "format"),
        ([*lines[:2], "0x" + lines[2], *lines[3:]], "format"),
        ([*lines[:2], " " + lines[2], *lines[3:]], "format"),
        ([*lines[:2], lines[2] + "\r", *lines[3:]], "format"),
        ([*lines[:2], "\u00e9" + lines[2][1:], *lines[3:]], "format"),
        ([*lines[:2], lines[2][:-2], *lines[3:]], "encoding"),
        ([*lines[:2], lines[2 + G1_COUNT], *lines[3:]], "encoding"),
        ([*lines[:2], zero_flag, *lines[3:]], "encoding"),
        ([*lines[:2], "9f" + "ff" * 47, *lines[3:]], "encoding"),
        ([*lines[:2], "c0" + "00" * 47, *lines[3:]], "infinity"),
        ([*lines[:2], not_on_curve, *lines[3:]], "curve"),
    ):
        with pytest.raises(CeremonyError) as refusal:
            read(changed)
        assert refusal.value.reason == reason


@pytest.mark.parametrize(("g1_count", "g2_count"), [(1, 2), (0, 2), (12, 2), (16, 1), (16, 0)])
def test_counts_that_leave_nothing_to_check_are_refused(g1_count: int, g2_count: int) -> None:
    with pytest.raises(CeremonyError, match="nothing to check") as refusal:
        parse_ceremony(b"", g1_count, g2_count)
    assert refusal.value.reason == "format"
