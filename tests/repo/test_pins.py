"""Every dependency is pinned to one version, and the versions installed are the pinned ones."""

import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

# Packaging tools of the interpreter: pinned in [build-system] where they build anything.
NOT_PINNED = frozenset({"pip", "setuptools", "wheel"})


def read_pins(text: str) -> dict[str, str]:
    """Return name -> version of a constraints file.

    Raises: ValueError for a line that does not pin one public version of one package.
    """
    pins: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, separator, pinned = line.partition("==")
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            raise ValueError(f"{line!r} is not a requirement") from None
        plain = separator and not set(pinned) & set("*+, ;<>=@") and not requirement.extras
        if not plain or requirement.url:
            raise ValueError(f"{line!r} does not pin one public version")
        key = canonicalize_name(name)
        if key in pins:
            raise ValueError(f"{name} is pinned twice")
        pins[key] = pinned
    return pins


def needed(requirements: list[str]) -> set[str]:
    """Return the names of everything that requirements bring with them on this machine, at any depth."""
    seen: set[tuple[str, str]] = set()
    todo = [(Requirement(line), "") for line in requirements]
    while todo:
        requirement, extra = todo.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                todo += [(Requirement(line), wanted) for line in requires(name) or []]
    return {name for name, _ in seen}


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, str]:
    return read_pins((root / "constraints.txt").read_text("utf-8"))


@pytest.fixture(scope="module")
def requirements(root: Path) -> list[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert {"dev", "train"} <= set(extras)
    return [*project["dependencies"], *(line for lines in extras.values() for line in lines)]


def test_every_requirement_allows_its_pin(pins: dict[str, str], requirements: list[str]) -> None:
    for line in requirements:
        requirement = Requirement(line)
        pinned = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pinned, prereleases=True), f"{line} does not allow {pinned}"


def test_everything_that_is_brought_along_is_pinned(pins: dict[str, str], requirements: list[str]) -> None:
    assert needed(requirements) - set(pins) <= NOT_PINNED


def test_the_installed_versions_are_the_pinned_ones(pins: dict[str, str], requirements: list[str]) -> None:
    different = {}
    for name in needed(requirements) - NOT_PINNED:
        try:
            installed = version(name).partition("+")[0]
        except PackageNotFoundError:
            installed = "missing"
        if installed != pins[name]:
            different[name] = (installed, pins[name])
    assert different == {}


@pytest.mark.parametrize(
    "line",
    [
        "torch==2.13.0+cpu",
        "numpy>=2",
        "numpy",
        "numpy==2.*",
        "numpy==2.4.6 ; python_version > '3.11'",
        "numpy @ https://example.org/numpy.whl",
        "-e .",
        "a==1\nA==1",
    ],
)
def test_a_line_that_pins_nothing_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"pin|requirement"):
        read_pins(line)
