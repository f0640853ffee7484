"""The commands that README shows exist."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from agent.cli import build

FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")


def shown_commands(text: str) -> list[list[str]]:
    """Return the `make` and `provault` commands of a page, in blocks and between backticks, as words."""
    lines = [line for block in FENCE.findall(text) for line in block.splitlines()]
    lines += INLINE.findall(FENCE.sub("", text))
    commands = []
    for line in lines:
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if len(words) > 1 and words[0].rsplit("/", 1)[-1] in ("make", "provault"):
            commands.append([words[0].rsplit("/", 1)[-1], *words[1:]])
    return commands


def make_targets(makefile: str) -> set[str]:
    """Return the targets that a Makefile lists for its users."""
    return set(re.findall(r"^([a-z][a-z-]*):.*##", makefile, re.MULTILINE))


def unknown_word(words: list[str], targets: set[str]) -> str | None:
    """Return the first word of a command that does not exist: a target, a command or an option; or None."""
    if words[0] == "make":
        return next((word for word in words[1:] if "=" not in word and word not in targets), None)
    command: Any = typer.main.get_command(build())
    for word in words[1:]:
        if word.startswith("-"):
            options = {"--help", *(name for parameter in command.params for name in parameter.opts)}
            if word.partition("=")[0] not in options:
                return word
        elif hasattr(command, "commands") and not word.isupper():
            if word not in command.commands:
                return word
            command = command.commands[word]
    return None


def test_every_command_of_the_readme_exists(root: Path) -> None:
    commands = shown_commands((root / "README.md").read_text("utf-8"))
    targets = make_targets((root / "Makefile").read_text("utf-8"))
    assert ["make", "test"] in commands
    assert [words for words in commands if unknown_word(words, targets)] == []


def test_commands_are_read_from_blocks_and_from_text() -> None:
    text = "Run `make x`.\n\n```\n$ .venv/bin/provault a --b C  # why\nmake y\nls\n```\n`provault` alone\n"
    assert shown_commands(text) == [["provault", "a", "--b", "C"], ["make", "y"], ["make", "x"]]


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["make", "moon"], "moon"),
        (["make", "test", "moon"], "moon"),
        (["provault", "moon"], "moon"),
        (["provault", "--moon"], "--moon"),
        (["provault", "setup", "--moon"], "--moon"),
        (["provault", "-v", "setup", "--json"], None),
        (["provault", "-v", "COMMAND"], None),
        (["make", "test", "PYTHON=python3"], None),
    ],
)
def test_a_word_that_does_not_exist_is_found(words: list[str], wrong: str | None) -> None:
    assert unknown_word(words, {"test"}) == wrong
