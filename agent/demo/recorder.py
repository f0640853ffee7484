"""Write the recording of a run from the chain alone: what each rule read, and what it gave."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import decode
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.contract import Contract

from agent.demo.vault_history import ChainEvent, VaultHistory
from agent.errors import DemoError
from strategies.recording import (
    BondAdded,
    BondTaken,
    DecisionMade,
    EndSet,
    EpochMissed,
    Event,
    FeeLowered,
    FinalState,
    IdleOutcome,
    MarketReading,
    Opened,
    Pushed,
    RecordedRules,
    Recording,
    Restarted,
    SharesMinted,
    SharesRedeemed,
    TradeCalled,
    TradedOutcome,
)
from strategies.vault_rules import VaultRules

RECENT = keccak(text="recent(uint256)")[:4]
IN_BAND = 0
BOND_GONE = 2  # the cause of an ending that a miss brought about


class Recorder:
    """Turn the history of a vault into a recording.

    `pool` is the vault's Uniswap v3 pool; every trade is expected to be alone in its block, so that the state
    at the end of the block before is what it read.
    """

    def __init__(self, history: VaultHistory, pool: Contract, rules: VaultRules, tick_spacing: int) -> None:
        self.history = history
        self.pool = pool
        self.rules = rules
        self.tick_spacing = tick_spacing
        self.bond = 0

    def record(
        self, *, data_source: str, chain_id: int, strategy_digest: bytes, risky_decimals: int
    ) -> Recording:
        """Return the recording.

        Raises: DemoError when the chain shows something that a recording cannot hold.
        """
        vault = self.history.vault
        names = ("base", "risky", "totalSupply", "bond", "drip_left", "target", "spent")
        figures = [vault.functions[name]().call() for name in names]
        base, risky, supply, bond, drip_left, target, spent = figures
        return Recording(
            data_source=data_source,
            chain_id=chain_id,
            vault=vault.address,
            strategy_digest="0x" + strategy_digest.hex(),
            risky_decimals=risky_decimals,
            tick_spacing=self.tick_spacing,
            rules=RecordedRules.of(self.rules),
            events=tuple(self._events()),
            final=FinalState(
                base=base,
                risky=risky,
                supply=supply,
                bond=bond,
                drip_left=drip_left,
                target_bps=target,
                spent_e18=spent,
            ),
        )

    def _events(self) -> list[Event]:
        recorded: list[Event] = []
        opening = missing = b""
        for event in self.history.events:
            time, args = event.time_secs, event.args
            match event.name:
                case "Pushed":
                    recorded.append(Pushed(time=time, interval=args["k"], tick=args["tick"]))
                case "Restarted":
                    recorded.append(Restarted(time=time, interval=args["k"]))
                case "Opened":
                    opening, self.bond = event.tx_hash, args["bond"]
                case "Minted" if event.tx_hash == opening:
                    recorded.append(self._opened(event))
                case "Minted":
                    shares, base, risky = args["shares"], args["base"], args["risky"]
                    recorded.append(SharesMinted(time=time, shares=shares, base=base, risky=risky))
                case "Redeemed":
                    shares, base, risky = args["shares"], args["base"], args["risky"]
                    recorded.append(SharesRedeemed(time=time, shares=shares, base=base, risky=risky))
                case "Decision":
                    recorded.append(_decision(event))
                case "Traded" | "Idle":
                    recorded.append(self._trade(event))
                case "Missed":
                    missing, self.bond = event.tx_hash, args["bond"]
                    recorded.append(
                        EpochMissed(
                            time=time,
                            epoch=args["epoch"],
                            cut=args["cut"],
                            bounty=args["bounty"],
                            bond=args["bond"],
                        )
                    )
                case "BondChanged" if event.tx_hash != missing:
                    recorded.append(self._bond_changed(event))
                case "Ending" if args["cause"] != BOND_GONE:
                    recorded.append(EndSet(time=time, at=args["at"]))
                case "FeeLowered":
                    recorded.append(FeeLowered(time=time, rate_e18=args["rate"]))
        return recorded

    def _opened(self, event: ChainEvent) -> Opened:
        fee = self.history.vault.functions.fee().call(block_identifier=event.block)
        return Opened(time=event.time_secs, seed=event.args["base"], bond=self.bond, fee_e18=fee)

    def _bond_changed(self, event: ChainEvent) -> BondAdded | BondTaken:
        before, self.bond = self.bond, event.args["bond"]
        if self.bond > before:
            return BondAdded(time=event.time_secs, amount=self.bond - before)
        return BondTaken(time=event.time_secs)

    def _trade(self, event: ChainEvent) -> TradeCalled:
        args = event.args
        if event.name == "Idle":
            reading = None if args["reason"] == IN_BAND else self._market(event, None)
            outcome: IdleOutcome | TradedOutcome = IdleOutcome(reason=args["reason"])
        else:
            sign = self.rules.orientation
            reading = self._market(event, sign * args["limit_tick"])
            outcome = TradedOutcome(
                buy=args["buy"],
                paid=args["paid"],
                got=args["got"],
                wanted=args["wanted"],
                recent_tick=args["tick_recent"],
                limit_tick=args["limit_tick"],
                spent_e18=args["spent"],
            )
        return TradeCalled(time=event.time_secs, epoch=args["epoch"], market=reading, outcome=outcome)

    def _market(self, event: ChainEvent, raw_limit: int | None) -> MarketReading:
        transaction = self.pool.w3.eth.get_transaction(HexBytes(event.tx_hash))
        if transaction["transactionIndex"] != 0:
            raise DemoError(f"the trade in block {event.block} shares its block and cannot be recorded.")
        calls = self.history.traces.calls(event.tx_hash, self.history.price_log.address, RECENT)
        if len(calls) != 1:
            raise DemoError(f"a transaction in block {event.block} traded {len(calls)} times.")
        known, tick, harmonic = decode(["bool", "int256", "uint256"], bytes(HexBytes(calls[0]["output"])))
        before = event.block - 1
        slot: Any = self.pool.functions.slot0().call(block_identifier=before)
        liquidity = self.pool.functions.liquidity().call(block_identifier=before)
        ticks = () if raw_limit is None else self._initialised(slot[1], raw_limit, before)
        return MarketReading(
            recent_known=known,
            recent_tick=tick,
            harmonic_liquidity=harmonic,
            sqrt_ratio_x96=slot[0],
            tick=slot[1],
            liquidity=liquidity,
            ticks=ticks,
        )

    def _initialised(self, spot: int, limit: int, block: int) -> tuple[tuple[int, int], ...]:
        """Return the initialised ticks from the spot up to the limit, with their net liquidity."""
        low, high = sorted((spot, limit))
        first, last = low // self.tick_spacing, high // self.tick_spacing + 1
        found = []
        for word in range(first >> 8, (last >> 8) + 1):
            bits = self.pool.functions.tickBitmap(word).call(block_identifier=block)
            for position in range(max(first, word << 8), min(last, (word << 8) + 255) + 1):
                if bits >> (position & 255) & 1:
                    tick = position * self.tick_spacing
                    net = self.pool.functions.ticks(tick).call(block_identifier=block)[1]
                    found.append((tick, int(net)))
        return tuple(found)


def _decision(event: ChainEvent) -> DecisionMade:
    args = event.args
    return DecisionMade(
        time=event.time_secs,
        epoch=args["epoch"],
        target_bps=args["target"],
        previous_bps=args["previous"],
        tick=args["tick"],
        fee_shares=args["fee_shares"],
        base=args["base"],
        risky=args["risky"],
        supply=args["supply"],
    )
