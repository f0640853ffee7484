"""Why a mutant that no test notices cannot be noticed, by the key of its guard."""

from __future__ import annotations

#: The mutant computes the same values by a longer way.
SHORT_CUT = "the same result by a longer way: the guard saves gas"
#: What stands beside it leaves nothing for it to refuse.
IMPLIED = "implied by"

_WANTED_OF_SALE = "min(full_math.mul_div_down(delta, Q128, pinned), full_math.mul_div_down(room, Q128, ref))"

EXPLAINED: dict[str, str] = {
    "modules/erc20 | _domain_separator | leave |  | chain.id == DEPLOYED_CHAIN | False | 0": SHORT_CUT,
    "modules/full_math | mul_div_down | leave |  | high == 0 | False | 0": SHORT_CUT,
    "Vault | decide | refusal | closed | epoch == now_epoch | True | 0": (
        f"{IMPLIED} epoch <= now_epoch above it and DECIDE < INTERVAL: an earlier epoch's seconds are over"
    ),
    "Vault | _trade | leave |  | known | True | 0": (
        f"{IMPLIED} liquidity < R.liquidity, which is not 0: a price that is not known comes with none"
    ),
    f"Vault | _trade | clamp |  | min( {_WANTED_OF_SALE}, risky ) | {_WANTED_OF_SALE} | 0": (
        f"{IMPLIED} delta <= have, the worth of all that risky is, rounded down"
    ),
    "Vault | _trade | clamp |  | min(min(delta, room), base) | min(delta, room) | 0": (
        f"{IMPLIED} want <= nav: delta = want - have is no more than base"
    ),
    "Verifier | verify | condition |  | sizes.chunks == 1 | True | 0": (
        f"{IMPLIED} witness_packs == 1: then L + 2 <= t, and t (n + 4) <= N leaves D < N, one chunk"
    ),
}
