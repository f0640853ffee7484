"""Six frauds against a live vault: each a mined decision that differs from the honest call in one thing.

    changed_target   the honest proof, the target 1 bps off
    replayed_proof   proof and target of the epoch before
    wrong_epoch      honest inputs and target, proven for the next epoch
    wrong_vault      honest inputs and target, proven for another vault
    wrong_weights    honest inputs and context, proven with one weight off by one
    flipped_byte     the honest call with one bit of the proof flipped

Each is refused when its receipt says so, when the replayed call shows that the verifier was the contract that
reverted, and when the vault's storage hash is the same as before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import Web3
from web3.types import RPCEndpoint, TxParams, TxReceipt

from agent.demo.transaction_trace import call_trace
from agent.errors import DemoError, FraudAcceptedError
from contracts.deploy import VaultStack
from contracts.refusal import reason_in, refusal_of
from prover.compile.integer_model import IntegerWeights
from prover.protocol.prove import Prover
from prover.protocol.registration import register
from prover.protocol.statement import Context

FRAUD_GAS = 3_000_000
ANOTHER_VAULT = 0xD15EA5E
FRAUDS = ("changed_target", "replayed_proof", "wrong_epoch", "wrong_vault", "wrong_weights", "flipped_byte")


@dataclass(frozen=True)
class DecideCall:
    """The arguments of a decision."""

    epoch: int
    target_bps: int
    proof: bytes


@dataclass(frozen=True)
class Refusal:
    """A fraud that was mined and refused."""

    fraud: str
    reason: str
    tx_hash: bytes
    gas_used: int


@dataclass(frozen=True)
class Fraudster:
    """Somebody with the strategy's folder, the agent's next call, and a funded account.

    Having the secret, it is stronger than any stranger: it proves what it likes, and still only the honest
    statement passes.
    """

    stack: VaultStack
    prover: Prover
    account: ChecksumAddress
    chain_id: int

    def frauds(
        self, honest: DecideCall, previous: DecideCall, inputs: tuple[int, ...]
    ) -> Iterator[tuple[str, DecideCall]]:
        """Give each fraud's name and call."""
        epoch, target = honest.epoch, honest.target_bps
        off = target - 1 if target > 0 else target + 1
        yield "changed_target", replace(honest, target_bps=off)
        yield "replayed_proof", replace(previous, epoch=epoch)
        for name, context in (
            ("wrong_epoch", self._context(epoch + 1)),
            ("wrong_vault", replace(self._context(epoch), vault=ANOTHER_VAULT)),
        ):
            yield name, replace(honest, proof=self.prover.prove(context.digest(), inputs)[1])
        yield "wrong_weights", self._with_other_weights(epoch, inputs)
        middle = len(honest.proof) // 2
        flipped = bytes([honest.proof[middle] ^ 1])
        yield "flipped_byte", replace(
            honest, proof=honest.proof[:middle] + flipped + honest.proof[middle + 1 :]
        )

    def send(self, name: str, call: DecideCall) -> Refusal:
        """Send a fraud so that it is mined, and check that the verifier refused it and nothing changed.

        Raises: FraudAcceptedError when it passed, was refused by another contract, or changed storage.
        """
        vault, web3 = self.stack.vault, self.stack.vault.w3
        before = storage_hash(web3, vault.address)
        decide = vault.functions.decide(call.epoch, call.target_bps, call.proof, True)
        transaction: TxParams = {"from": self.account, "gas": FRAUD_GAS}
        tx_hash = decide.transact(transaction)
        receipt: TxReceipt = web3.eth.wait_for_transaction_receipt(tx_hash)
        if receipt["status"] != 0:
            raise FraudAcceptedError(name, "its transaction succeeded")
        refuser, reason = innermost_refusal(web3, bytes(tx_hash))
        if refuser != self.stack.verifier.address:
            raise FraudAcceptedError(name, f"{refuser} reverted with {reason!r}")
        if refusal_of(web3, bytes(tx_hash)) != reason:
            raise FraudAcceptedError(name, "the vault did not pass the verifier's reason on")
        if storage_hash(web3, vault.address) != before:
            raise FraudAcceptedError(name, "the vault's storage changed")
        return Refusal(name, reason, bytes(tx_hash), int(receipt["gasUsed"]))

    def _context(self, epoch: int) -> Context:
        vault, verifier = self.stack.vault.address, self.stack.verifier.address
        return Context(self.chain_id, int(vault, 16), epoch, int(verifier, 16))

    def _with_other_weights(self, epoch: int, inputs: tuple[int, ...]) -> DecideCall:
        weights = bent_weights(self.prover.strategy.weights)
        key = self.prover.proving_key
        secret, _ = register(key, weights)
        (target,), proof = Prover.of(key, secret).prove(self._context(epoch).digest(), inputs)
        return DecideCall(epoch, target, proof)


def bent_weights(weights: IntegerWeights) -> IntegerWeights:
    """Return the weights with the first one of the first layer one nearer to zero."""
    matrix, biases = weights.layers[0]
    bent = matrix.copy()
    bent.flat[0] -= 1 if bent.flat[0] > 0 else -1
    return IntegerWeights(((bent, biases), *weights.layers[1:]))


def storage_hash(web3: Web3, account: str) -> bytes:
    """Return the root of an account's storage, from `eth_getProof` at the latest block.

    Raises: DemoError when the node gives no proof.
    """
    name = Web3.to_checksum_address(account)
    answer: dict[str, Any] = dict(
        web3.provider.make_request(RPCEndpoint("eth_getProof"), [name, [], "latest"])
    )
    proof = answer.get("result")
    if not isinstance(proof, dict) or "storageHash" not in proof:
        raise DemoError(f"the storage of {name} cannot be proven: {answer.get('error', 'no proof')}.")
    return bytes(HexBytes(proof["storageHash"]))


def innermost_refusal(web3: Web3, tx_hash: bytes) -> tuple[ChecksumAddress, str]:
    """Replay a refused transaction and return the contract that reverted first, with its reason.

    Raises: DemoError when the node does not replay it.
    """
    frame = call_trace(web3, tx_hash)
    if "error" not in frame:
        raise DemoError(f"transaction {HexBytes(tx_hash).to_0x_hex()} was not refused.")
    while True:
        failed = [inner for inner in frame.get("calls", ()) if "error" in inner]
        if not failed:
            break
        frame = failed[-1]
    return Web3.to_checksum_address(frame["to"]), reason_in(bytes(HexBytes(frame.get("output") or "0x")))
