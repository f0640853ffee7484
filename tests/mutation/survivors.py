"""Why a mutant that no test notices cannot be noticed, by the key of its guard."""

from __future__ import annotations

#: The mutant computes the same values by a longer way.
SHORT_CUT = "the same result by a longer way: the guard saves gas"

EXPLAINED: dict[str, str] = {
    "modules/erc20 | _domain_separator | leave |  | chain.id == DEPLOYED_CHAIN | False | 0": SHORT_CUT,
    "modules/full_math | mul_div_down | leave |  | high == 0 | False | 0": SHORT_CUT,
}
