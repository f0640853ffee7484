"""A pool whose price history is also kept in plain Python, and a plain twin of the price log."""

from dataclasses import dataclass, field

from web3.contract import Contract
from web3.logs import DISCARD
from web3.types import TxReceipt

from contracts.compile import compile_contract, deploy
from contracts.node import Anvil
from contracts.refusal import refusal_of
from contracts.uniswap import Market

LIQUIDITY = 10**18
PUSH_GAS = 3_000_000


class Refused(Exception):  # noqa: N818
    """A call was refused; the message is its word."""


@dataclass
class PricePath:
    """The real pool, and what its history ought to be: piecewise constant ticks and observation times."""

    chain: Anvil
    market: Market
    moves: list[tuple[int, int]]  # (unix time, tick from then on)
    slots: dict[int, int]  # unix times of the pool's observations, by slot
    index: int  # the slot written last
    cardinality: int  # slots in use
    cardinality_next: int  # slots paid for, in use once the index comes round

    @classmethod
    def open(cls, chain: Anvil, *, tick: int, cardinality: int, base_is_token0: bool = True) -> "PricePath":
        """Open a pool with liquidity at every price and all its observation slots in use."""
        market = Market.create(chain.web3, tick=tick, base_is_token0=base_is_token0)
        opened = market.pool.functions.observations(0).call()[0]
        market.grow_cardinality(cardinality)
        secs = chain.now_secs + 1
        chain.set_next_timestamp(secs)
        market.add_full_range(LIQUIDITY)
        path = cls(chain, market, [(opened, tick)], {0: opened}, 0, 1, cardinality)
        path.observe(secs)
        return path

    @property
    def tick(self) -> int:
        """The tick now."""
        return self.moves[-1][1]

    def move(self, secs: int, tick: int) -> None:
        """Move the price in a block at a unix time."""
        self.chain.set_next_timestamp(secs)
        self.market.move_to_tick(tick)
        self.note(secs, tick)

    def note(self, secs: int, tick: int) -> None:
        """Write a move into the history without making it."""
        if tick != self.tick:
            self.observe(secs)
            self.moves.append((secs, tick))

    def observe(self, secs: int) -> None:
        """Write an observation, one a block; the ring grows where it comes round."""
        if self.slots[self.index] == secs:
            return
        if self.cardinality_next > self.cardinality and self.index == self.cardinality - 1:
            self.cardinality = self.cardinality_next
        self.index = (self.index + 1) % self.cardinality
        self.slots[self.index] = secs

    def grow(self, secs: int, slots: int) -> None:
        """Pay for more observation slots in a block at a unix time."""
        self.chain.set_next_timestamp(secs)
        self.cardinality_next += slots
        self.market.grow_cardinality(self.cardinality_next)

    def cumulative(self, secs: int) -> int:
        """Sum of tick times seconds from the opening to a unix time."""
        total = 0
        for (start, tick), (end, _) in zip(self.moves, [*self.moves[1:], (secs, 0)], strict=True):
            total += tick * max(0, min(end, secs) - start)
        return total

    def oldest(self) -> int:
        """Unix time of the oldest observation that the pool still has."""
        return self.slots.get((self.index + 1) % self.cardinality, self.slots[0])

    def log(
        self, secs: int, *, interval: int, max_step: int = 2000, first: int | None = None, least: int = 1
    ) -> Contract:
        """Deploy a price log in a block at a unix time."""
        self.chain.set_next_timestamp(secs)
        return deploy(
            self.chain.web3,
            compile_contract("PriceLog"),
            self.market.pool.address,
            interval,
            max_step,
            secs // interval if first is None else first,
            least,
            sender=self.market.sender,
        )

    def push(self, log: Contract, secs: int, k: int, gas: int = PUSH_GAS) -> TxReceipt:
        """Push in a block at a unix time; raise `Refused` with the contract's word."""
        self.chain.set_next_timestamp(secs)
        hash_ = log.functions.push(k).transact({"from": self.market.sender, "gas": gas})
        receipt = self.chain.web3.eth.wait_for_transaction_receipt(hash_)
        if receipt["status"] != 1:
            raise Refused(refusal_of(self.chain.web3, hash_))
        return receipt


@dataclass
class LogTwin:
    """The rules of the price log, in plain Python, with every tick kept."""

    path: PricePath
    interval: int
    max_step: int
    head: int
    solid_from: int = 0
    lost_head: int = 0
    lost_from: int = 0
    at_head: int = 0
    ticks: dict[int, int] = field(default_factory=dict)
    restarts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.solid_from = self.lost_head = self.lost_from = self.head
        self.at_head = self.path.cumulative(self.head * self.interval)

    def push(self, secs: int, k: int) -> list[tuple[int, int, int]]:
        """Log up to k and return (interval, tick, raw) of each new one."""
        if k * self.interval > secs:
            raise Refused("early")
        pushed: list[tuple[int, int, int]] = []
        for _ in range(16):
            if self.head >= k:
                break
            point = (self.head + 1) * self.interval
            if point < self.path.oldest():
                self._restart(secs)
                continue
            reached = self.path.cumulative(point)
            raw = (reached - self.at_head) // self.interval
            tick = raw
            if self.head != self.solid_from:
                last = self.ticks[self.head]
                tick = min(max(raw, last - self.max_step), last + self.max_step)
            self.head, self.at_head = self.head + 1, reached
            self.ticks[self.head] = tick
            pushed.append((self.head, tick, raw))
        return pushed

    def _restart(self, secs: int) -> None:
        first = -(-self.path.oldest() // self.interval)
        if first * self.interval > secs:
            raise Refused("early")
        self.lost_head, self.lost_from = self.head, self.solid_from
        self.head = self.solid_from = first
        self.at_head = self.path.cumulative(first * self.interval)
        self.restarts.append(first)

    def ready(self, k: int, w: int) -> bool:
        """Whether the window of k is one unbroken run of logged intervals among the last 256."""
        return all(self.solid_from < i <= self.head and i > self.head - 256 for i in range(k - w + 1, k + 1))

    def lost(self, k: int, w: int) -> bool:
        """Whether the window of k began in the history before the present one."""
        return k - w >= self.lost_from and k <= self.solid_from

    def state(self) -> tuple[int, int, int, int, int]:
        """Head, beginning, cumulative, and the last loss."""
        return self.head, self.solid_from, self.at_head, self.lost_head, self.lost_from


def state_of(log: Contract) -> tuple[int, int, int, int, int]:
    """Read what `LogTwin.state` says."""
    names = ("head", "solid_from", "cumulative", "lost_head", "lost_from")
    head, solid_from, cumulative, lost_head, lost_from = (log.functions[name]().call() for name in names)
    return head, solid_from, cumulative, lost_head, lost_from


def pushed_in(log: Contract, receipt: TxReceipt) -> list[tuple[int, int, int]]:
    """Read (interval, tick, raw) of each Pushed event of a transaction."""
    events = log.events.Pushed().process_receipt(receipt, errors=DISCARD)
    return [(event["args"]["k"], event["args"]["tick"], event["args"]["raw"]) for event in events]
