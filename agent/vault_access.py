"""Read one vault and build its calls: rules once, a view of everything that changes in one eth_call, events.

The view makes the price log's push inside the same call, so that the input window of the running epoch is
read before anybody has paid for the push. The log's ticks are the same whoever pushes and whenever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from agent.batch_call import Answer, Ask
from agent.chain import Call, Chain, Log, Receipt
from agent.errors import MissingCodeError, RpcError
from strategies.decision import MarketView
from strategies.pool import PoolState
from strategies.vault_rules import Side, VaultRules, VaultState

PUSH_STEPS = 16  # intervals that the price log takes in one push
RULES = "(uint256,bool,uint256,uint256,int256,int256," + ",".join(["uint256"] * 12) + ")"
STATUS = "(bool,bool,bool,uint256,uint256,bool,bool,uint256,uint256,address,address,uint256)"
SLOT0 = ["uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool"]
DECISION_TOPIC = keccak(
    text="Decision(uint256,address,uint256,uint256,int256,bytes32,bytes32,uint256,uint256,uint256,uint256)"
)
TRADED_TOPIC = keccak(text="Traded(uint256,bool,uint256,uint256,uint256,int256,int256,uint256)")
IDLE_TOPIC = keccak(text="Idle(uint256,uint256)")


@dataclass(frozen=True)
class GasLimits:
    """The most gas that each call may use."""

    push: int
    decide: int
    trade: int


@dataclass(frozen=True)
class VaultFacts:
    """What never changes about a vault."""

    address: ChecksumAddress
    price_log: ChecksumAddress
    pool: ChecksumAddress
    verifier: ChecksumAddress
    risky_decimals: int
    rules: VaultRules


@dataclass(frozen=True)
class VaultView:
    """Everything of a vault that an epoch needs, under one block.

    `window` holds the W raw ticks that end with `epoch`, as the log has them once it is pushed; None when the
    log cannot give them.
    """

    block: int
    time_secs: int
    epoch: int
    opened: bool
    live: bool
    paused: bool
    decided: bool
    strategy: ChecksumAddress
    head: int  # of the price log, before any push
    head_after_push: int
    window: tuple[int, ...] | None
    state: VaultState
    market: MarketView


@dataclass(frozen=True)
class DecisionEvent:
    """A decision that the chain has taken."""

    epoch: int
    strategy: ChecksumAddress
    target_bps: int
    previous_bps: int
    tick: int  # oriented, of the epoch's interval
    block: int
    tx_hash: bytes


@dataclass(frozen=True)
class TradedEvent:
    """A swap of the vault; amounts in base units of the token paid and the token received."""

    epoch: int
    buy: bool
    paid: int
    got: int
    wanted: int
    recent_tick: int
    limit_tick: int
    spent_e18: int
    tx_hash: bytes


@dataclass(frozen=True)
class IdleEvent:
    """A call of trade that swapped nothing; reasons as in `strategies.decision.IdleReason`."""

    epoch: int
    reason: int
    tx_hash: bytes


class VaultAccess:
    """One vault on one chain.

    Raises: MissingCodeError when an address holds no contract, RpcError when it holds another one.
    """

    def __init__(self, chain: Chain, address: str, gas: GasLimits) -> None:
        self.chain = chain
        self.gas = gas
        self.facts = self._read_facts(to_checksum_address(address))

    def view(self, epoch: int) -> VaultView:
        """Read everything that changes, with the window of `epoch` as a push would complete it."""
        facts, rules = self.facts, self.facts.rules
        vault, log, pool = facts.address, facts.price_log, facts.pool
        names = ("base", "risky", "totalSupply", "fee", "first_epoch", "end_at", "target", "target_epoch")
        more = ("target_tick", "side", "spent", "spent_at", "bond", "drip_left", "drip_last", "drip_end")
        asks = [_ask(vault, f"{name}()") for name in (*names, *more)]
        asks += [
            _ask(vault, "status()"),
            _ask(vault, "is_decided(uint256)", epoch),
            _ask(log, "head()"),
            _ask(log, "recent(uint256)", rules.recent_secs),
            _ask(pool, "slot0()"),
            _ask(pool, "liquidity()"),
            _ask(pool, "tickSpacing()"),
            _ask(vault, "strategy_of(uint256)", epoch),
            _ask(log, "push(uint256)", epoch),
            _ask(log, "window(uint256,uint256)", epoch, rules.window_ticks),
        ]
        answer = self.chain.read_together(asks)
        values = list(answer.answers)
        counts = len(names) + len(more)
        words = [_word(item, "vault") for item in values[:counts]]
        status_, decided, head, recent, slot0, liquidity, spacing, strategy, pushed, window = values[counts:]
        tick_word = int.from_bytes(words[8].to_bytes(32, "big"), "big", signed=True)
        state = VaultState(
            base=words[0], risky=words[1], supply=words[2], fee_e18=words[3], first_epoch=words[4],
            end_at=words[5], target_bps=words[6], target_epoch=words[7], target_tick=tick_word,
            side=Side(words[9]), spent_e18=words[10], spent_at=words[11], bond=words[12], drip_left=words[13],
            drip_last=words[14], drip_end=words[15],
        )  # fmt: skip
        (status,) = _values(status_, [STATUS], "vault")
        known, tick, mean_liquidity = _values(recent, ["bool", "int256", "uint256"], "price log")
        price = _values(slot0, SLOT0, "pool")
        market = MarketView(
            recent_known=known,
            recent_tick=tick,
            harmonic_liquidity=mean_liquidity,
            pool=PoolState(
                sqrt_ratio_x96=price[0],
                tick=price[1],
                liquidity=_word(liquidity, "pool"),
                fee_pips=rules.pool_fee_pips,
                tick_spacing=_word(spacing, "pool"),
            ),
        )
        ticks: tuple[int, ...] | None = None
        if window.ok:
            (found,) = _values(window, ["int256[]"], "price log")
            ticks = tuple(int(value) for value in found)
        return VaultView(
            block=answer.number,
            time_secs=answer.time_secs,
            epoch=epoch,
            opened=state.supply != 0,
            live=bool(status[0]),
            paused=bool(status[1]),
            decided=bool(_word(decided, "vault")),
            strategy=to_checksum_address(_values(strategy, ["address", "bytes32"], "vault")[0]),
            head=_word(head, "price log"),
            head_after_push=_word(pushed, "price log") if pushed.ok else _word(head, "price log"),
            window=ticks,
            state=state,
            market=market,
        )

    def is_decided(self, epoch: int, *, block: int | None = None) -> bool:
        """Tell whether the vault had taken a decision for an epoch at a block."""
        ask = _ask(self.facts.address, "is_decided(uint256)", epoch)
        return bool(_word(self.chain.read_together([ask], block=block).answers[0], "vault"))

    # -- calls

    def push_call(self, epoch: int) -> Call:
        """Build the price log's push."""
        return Call("push", self.facts.price_log, _arguments("push(uint256)", epoch), self.gas.push)

    def decide_call(self, epoch: int, target_bps: int, proof: bytes, *, and_trade: bool) -> Call:
        """Build a decision with its proof."""
        data = _arguments("decide(uint256,uint256,bytes,bool)", epoch, target_bps, proof, and_trade)
        return Call("decide", self.facts.address, data, self.gas.decide)

    def trade_call(self) -> Call:
        """Build a trade toward the running epoch's target."""
        return Call("trade", self.facts.address, _arguments("trade()"), self.gas.trade)

    # -- events

    def decision(self, epoch: int, first_block: int) -> DecisionEvent | None:
        """Return the decision of an epoch, whoever sent it, None while there is none."""
        topics = [DECISION_TOPIC, epoch.to_bytes(32, "big")]
        found = self.chain.logs(self.facts.address, topics, first_block)
        return read_decision(found[-1]) if found else None

    def trade_events(self, receipt: Receipt) -> tuple[tuple[TradedEvent, ...], tuple[IdleEvent, ...]]:
        """Return what the vault traded in a transaction, and why it did not."""
        own = [log for log in receipt.logs if log.address == self.facts.address]
        traded = tuple(read_traded(log) for log in own if log.topics[0] == TRADED_TOPIC)
        idle = tuple(read_idle(log) for log in own if log.topics[0] == IDLE_TOPIC)
        return traded, idle

    def _read_facts(self, vault: ChecksumAddress) -> VaultFacts:
        if not self.chain.code(vault):
            raise MissingCodeError("vault", vault)
        first = self.chain.read_together(
            [_ask(vault, f"{name}()") for name in ("PRICE_LOG", "POOL", "VERIFIER", "BASE", "RISKY", "rules")]
        ).answers
        log, pool, verifier, base, risky = (
            to_checksum_address(_values(item, ["address"], "vault")[0]) for item in first[:5]
        )
        for role, address in (("price log", log), ("pool", pool), ("verifier", verifier)):
            if not self.chain.code(address):
                raise MissingCodeError(role, address)
        (rules,) = _values(first[5], [RULES], "vault")
        second = self.chain.read_together(
            [
                _ask(vault, "INTERVAL()"),
                _ask(pool, "token0()"),
                _ask(pool, "fee()"),
                _ask(base, "decimals()"),
                _ask(risky, "decimals()"),
            ]
        ).answers
        return VaultFacts(
            vault,
            log,
            pool,
            verifier,
            _word(second[4], "risky token"),
            VaultRules(
                risky_is_token0=to_checksum_address(_values(second[1], ["address"], "pool")[0]) == risky,
                base_decimals=_word(second[3], "base token"),
                pool_fee_pips=_word(second[2], "pool"),
                interval_secs=_word(second[0], "vault"),
                window_ticks=rules[0],
                previous_target=rules[1],
                decide_secs=rules[2],
                recent_secs=rules[3],
                tolerance_ticks=rules[4],
                deviation_ticks=rules[5],
                band_bps=rules[6],
                budget_e18=rules[7],
                period_secs=rules[8],
                liquidity_min=rules[9],
                cut_base=rules[10],
                bounty_base=rules[11],
                drip_secs=rules[12],
                seed_min_base=rules[16],
                max_shares=rules[17],
            ),
        )


def read_decision(log: Log) -> DecisionEvent:
    """Decode a Decision event."""
    kinds = ["uint256", "uint256", "int256", "bytes32", "bytes32", "uint256", "uint256", "uint256", "uint256"]
    target, previous, tick, *_ = decode(kinds, log.data)
    return DecisionEvent(
        int.from_bytes(log.topics[1], "big"),
        to_checksum_address(log.topics[2][-20:]),
        target,
        previous,
        tick,
        log.block,
        log.tx_hash,
    )


def read_traded(log: Log) -> TradedEvent:
    """Decode a Traded event."""
    kinds = ["bool", "uint256", "uint256", "uint256", "int256", "int256", "uint256"]
    buy, paid, got, wanted, recent_tick, limit_tick, spent = decode(kinds, log.data)
    epoch = int.from_bytes(log.topics[1], "big")
    return TradedEvent(epoch, buy, paid, got, wanted, recent_tick, limit_tick, spent, log.tx_hash)


def read_idle(log: Log) -> IdleEvent:
    """Decode an Idle event."""
    return IdleEvent(int.from_bytes(log.topics[1], "big"), int.from_bytes(log.data, "big"), log.tx_hash)


def _arguments(signature: str, *values: object) -> bytes:
    inner = signature[signature.index("(") + 1 : -1]
    kinds = inner.split(",") if inner else []
    return keccak(text=signature)[:4] + encode(kinds, values)


def _ask(address: ChecksumAddress, signature: str, *values: object) -> Ask:
    return Ask(bytes.fromhex(address[2:]), _arguments(signature, *values))


def _values(answer: Answer, kinds: Sequence[str], role: str) -> tuple[Any, ...]:
    if not answer.ok:
        raise RpcError("eth_call", f"the {role} does not answer as a {role} of provault does")
    try:
        return tuple(decode(list(kinds), answer.data))
    except DecodingError as error:
        raise RpcError("eth_call", f"the {role} does not answer as a {role} of provault does") from error


def _word(answer: Answer, role: str) -> int:
    if not answer.ok or len(answer.data) != 32:
        raise RpcError("eth_call", f"the {role} does not answer as a {role} of provault does")
    return int.from_bytes(answer.data, "big")
