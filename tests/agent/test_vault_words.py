"""Every word that a contract may refuse with has a sentence."""

from __future__ import annotations

import re

from agent.vault_words import ANY, MEANINGS, SILENT, meaning_of
from contracts.compile import source_folder

SAID = re.compile(r"""(?:refusal\.check\(.*|assert .*), "([a-z]+)"\)?$""", re.MULTILINE)
PARTS = ("Vault", "PriceLog", "Zap", "modules/erc20", "modules/roles", "modules/strategy_pin")
# said by constructors, by functions that no command calls, or where arithmetic cannot go on
ELSEWHERE = {"target", "signature", "overflow", "tick", "interval", "step", "ready"}


def words() -> set[str]:
    """Return the words of the contracts that commands call."""
    return {
        word for part in PARTS for word in SAID.findall((source_folder() / f"{part}.vy").read_text("utf-8"))
    }


def test_every_word_has_a_meaning_where_commands_meet_it() -> None:
    found = words()
    assert {"auth", "closed", "window", "balance", "expired", "cardinality"} <= found, "the sources are read"
    known = {word for _, word in MEANINGS}
    assert found - known <= ELSEWHERE


def test_a_word_means_what_its_function_means_by_it() -> None:
    assert meaning_of("pause", "early") != meaning_of("miss", "early") != meaning_of(ANY, "early")
    assert meaning_of("shut", "auth") == meaning_of("pause", "auth")
    assert meaning_of("shut", "") == SILENT
    assert meaning_of("shut", "STF") == "a token or contract that the call went through said so"
