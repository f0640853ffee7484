"""Tracked files name no machine and no registry."""

import re
from pathlib import Path

import pytest

# The patterns are put together here, so that this file does not hold what it looks for.
FOLDERS = ("home", "opt", "root", "tmp", "Users", "var", "work")
MACHINE_PATH = re.compile(r"(?<![\w.*<>{}$/-])/(?:" + "|".join(FOLDERS) + r")/[\w.-]")
REGISTRY_HOST = re.compile(
    "|".join(
        re.escape(host + "." + top)
        for host, top in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("npmjs", "com"),
            ("npmmirror", "com"),
            ("download.pytorch", "org"),
        )
    )
    + r"|file:/{2}"
)


def machine_traces(text: str, path: Path) -> list[str]:
    """Return where a text names a folder of some machine or a package registry."""
    return [
        f"{path}:{number} {match.group()}"
        for number, line in enumerate(text.splitlines(), start=1)
        for match in (*MACHINE_PATH.finditer(line), *REGISTRY_HOST.finditer(line))
    ]


def test_no_file_names_a_machine_or_a_registry(root: Path, files: list[Path]) -> None:
    # Every byte is read as one character: binary files are searched too.
    found = [line for path in files for line in machine_traces((root / path).read_text("latin-1"), path)]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "see /{}/shared".format("work"),
        "path = '/{}/me/.cache'".format("home"),
        "`/{}/x.log`".format("tmp"),
        "in /{}/.local/share".format("root"),
        "https://{}.org/simple".format("pypi"),
        "registry.{}.org".format("npmjs"),
        "-e file:{}x".format("//"),
    ],
)
def test_a_trace_is_found(line: str) -> None:
    assert machine_traces(line, Path("x.md"))


@pytest.mark.parametrize(
    "line",
    ["../shared/data", "https://example.org/tmp/x", "agent/work/x", "$XDG_CACHE_HOME/provault", "1/tmp/2"],
)
def test_other_text_is_left_alone(line: str) -> None:
    assert machine_traces(line, Path("x.md")) == []
