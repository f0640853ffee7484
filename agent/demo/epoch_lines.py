"""Read each epoch's line from the chain: decision, swaps, prices before them, and gas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.contract import Contract

from agent.demo.result import EpochLine, Fill
from agent.demo.transaction_trace import gas_of_call
from agent.demo.vault_history import ChainEvent, VaultHistory
from agent.errors import DemoError
from strategies.recording import Recording, TradeCalled, TradedOutcome

VERIFY = keccak(text="verify(address,bytes32,int256[],bytes)")[:4]
REPLAY_GAS = 4_000_000


@dataclass(frozen=True)
class EpochReader:
    """A run's history, its recording, and what only the agent knows: the seconds of each proof."""

    history: VaultHistory
    recording: Recording
    verifier: str
    prove_secs: Mapping[int, float]
    frauds_epoch: int

    def lines(self) -> tuple[EpochLine, ...]:
        """Return one line for each decision, in order.

        Raises: DemoError when the chain shows a decision that no proof time is known for.
        """
        decisions = self.history.named("Decision")
        states = self._holdings_after(decisions)
        return tuple(
            self._line(event, base, risky) for event, (base, risky) in zip(decisions, states, strict=True)
        )

    def _line(self, event: ChainEvent, base: int, risky: int) -> EpochLine:
        epoch = int(event.args["epoch"])
        if epoch not in self.prove_secs:
            raise DemoError(f"the decision of epoch {epoch} is not the agent's.")
        swaps = [one for one in self.history.named("Traded") if one.args["epoch"] == epoch]
        idle = [one for one in self.history.named("Idle") if one.args["epoch"] == epoch]
        verify = self.history.traces.calls(event.tx_hash, self.verifier, VERIFY)
        return EpochLine(
            epoch=epoch,
            starts_secs=epoch * self.recording.rules.interval_secs,
            target_bps=int(event.args["target"]),
            tick=int(event.args["tick"]),
            fills=self._fills(epoch),
            idle_reason=None if swaps or not idle else int(idle[-1].args["reason"]),
            mark=self._price(1.0001 ** int(event.args["tick"])),
            prove_secs=self.prove_secs[epoch],
            verify_gas=int(verify[0]["gasUsed"], 16),
            decide_gas=self._gas_used(event.tx_hash),
            trade_gas=sum(self._trade_gas(swap, event) for swap in swaps) if swaps else None,
            base=base,
            risky=risky,
            after_frauds=epoch == self.frauds_epoch,
        )

    def _holdings_after(self, decisions: tuple[ChainEvent, ...]) -> list[tuple[int, int]]:
        """Return base and risky after each epoch: what the next decision states, at last the vault's own."""
        stated = [(int(event.args["base"]), int(event.args["risky"])) for event in decisions[1:]]
        return [*stated, (self.recording.final.base, self.recording.final.risky)]

    def _fills(self, epoch: int) -> tuple[Fill, ...]:
        fills = []
        for event in self.recording.events:
            if not isinstance(event, TradeCalled) or event.epoch != epoch:
                continue
            if isinstance(event.outcome, TradedOutcome) and event.market is not None:
                paid, got = event.outcome.paid, event.outcome.got
                base, risky = (paid, got) if event.outcome.buy else (got, paid)
                ratio = (event.market.sqrt_ratio_x96 / 2**96) ** 2
                spot = self._price(ratio if self.recording.rules.risky_is_token0 else 1 / ratio)
                fills.append(Fill(event.outcome.buy, paid, got, self._price(base / risky), spot))
        return tuple(fills)

    def _price(self, raw: float) -> float:
        """Turn raw base per raw risky into whole tokens."""
        decimals = self.recording.risky_decimals - self.recording.rules.base_decimals
        return float(raw * 10.0**decimals)

    def _gas_used(self, tx_hash: bytes) -> int:
        return int(self.history.vault.w3.eth.get_transaction_receipt(HexBytes(tx_hash))["gasUsed"])

    def _trade_gas(self, swap: ChainEvent, decision: ChainEvent) -> int:
        """Return the gas of a trade: of its transaction, or what it added to the decision's."""
        used = self._gas_used(swap.tx_hash)
        if swap.tx_hash != decision.tx_hash:
            return used
        return used - gas_without_trade(self.history.vault, swap.tx_hash)


def gas_without_trade(vault: Contract, tx_hash: bytes) -> int:
    """Return what a mined decision would have cost had it not asked to trade, in the same place."""
    web3 = vault.w3
    mined = web3.eth.get_transaction(HexBytes(tx_hash))
    _, arguments = vault.decode_function_input(mined["input"])
    call: Any = vault.functions.decide(arguments["epoch"], arguments["target"], arguments["proof"], False)
    data = bytes(HexBytes(call._encode_transaction_data()))
    return gas_of_call(
        web3, sender=mined["from"], to=vault.address, data=data, gas=REPLAY_GAS, block=mined["blockNumber"]
    )
