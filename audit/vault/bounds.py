"""The bounds that the vault's constructor sets on its numbers, checked again.

Whoever writes a constructor of his own can leave the genuine code with numbers that the genuine constructor
refuses. So each inequality of `Vault.__init__` and of the modules that it initialises stands here once more.
"""

from __future__ import annotations

from typing import Final

from audit.vault.arithmetic import BPS, MAX_TICK, ONE, Q128
from audit.vault.parameters import Parameters
from audit.vault.price_replay import RING
from audit.vault.sources import CompiledSource
from audit.verifier.transcript import keccak256

DAY_SECS: Final = 86_400
YEAR_SECS: Final = 365 * DAY_SECS
WINDOW_TICKS: Final = 128
DOMAIN_TYPE: Final = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"


def check_bounds(parameters: Parameters) -> list[str]:
    """Return a sentence for each number that the constructor would have refused."""
    rules, interval = parameters.rules, parameters.interval_secs
    keeps = {
        "window": 2 <= rules.window <= WINDOW_TICKS,
        "decide_secs": 0 < rules.decide_secs < interval,
        "recent_secs": 0 < rules.recent_secs <= interval,
        "tolerance_ticks": 0 < rules.tolerance_ticks <= 300,
        "deviation_ticks": 0 <= rules.deviation_ticks <= MAX_TICK,
        "band_bps": rules.band_bps < BPS,
        "budget": 0 < rules.budget <= ONE,
        "period_secs": rules.period_secs > 0,
        "liquidity": rules.liquidity > 0,
        "cut": rules.bounty < rules.cut < Q128,
        "drip_secs": 0 < rules.drip_secs <= rules.unbond_secs,
        "unbond_secs": (RING - rules.window) * interval < rules.unbond_secs < Q128,
        "timelock_secs": 7 * DAY_SECS <= rules.timelock_secs < Q128,
        "fee": rules.fee <= ONE and rules.fee * YEAR_SECS <= interval * (ONE // 50),
        "max_shares": rules.max_shares < Q128,
        "seed_min": 0 < rules.seed_min <= rules.max_shares // max(1, parameters.shares_per_base),
    }
    return [f"the constructor refuses a vault with this {name}" for name, kept in keeps.items() if not kept]


def check_copies(parameters: Parameters, vault: CompiledSource, code: bytes, log_interval: int) -> list[str]:
    """Return a sentence for each number that stands in the code twice and is not the same.

    domain = H( H(type) || H(name) || H("1") || chain id || vault ), of the chain it was made on
    """

    def word(name: str) -> int:
        return int.from_bytes(vault.immutable(code, name), "big")

    signed = b"".join(
        (
            keccak256(DOMAIN_TYPE),
            vault.immutable(code, "erc20.NAME_HASH"),
            keccak256(b"1"),
            vault.immutable(code, "erc20.DEPLOYED_CHAIN"),
            parameters.vault.rjust(32, b"\0"),
        )
    )
    pairs = {
        "interval of the price log": (parameters.interval_secs, log_interval),
        "interval of strategies": (parameters.interval_secs, word("strategy_pin.EPOCH_SECS")),
        "notice of a strategy": (parameters.rules.timelock_secs, word("strategy_pin.TIMELOCK_SECS")),
        "domain of permits": (
            int.from_bytes(keccak256(signed), "big"),
            word("erc20.DEPLOYED_DOMAIN"),
        ),
    }
    return [
        f"the {name} is {found} in its code, the rest of it gives {expected}"
        for name, (expected, found) in pairs.items()
        if expected != found
    ]
