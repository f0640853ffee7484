"""The verifier contract on a real node, asked by eth_call."""

from __future__ import annotations

from collections.abc import Sequence

from eth_hash.auto import keccak
from web3.exceptions import ContractLogicError

from contracts.compile import compile_contract, deploy
from contracts.node import Anvil
from contracts.registration import PREFIX

GAS_LIMIT = 5_000_000


class ChainVerifier:
    """Deploy Verifier.vy once; give it any key and commitment as a data contract."""

    def __init__(self, node: Anvil) -> None:
        self.node = node
        self.contract = deploy(node.web3, compile_contract("Verifier"), sender=node.accounts[0])

    def store(self, key: bytes, commitment: bytes) -> str:
        """Put a data contract on the chain; equal content has one address."""
        code = PREFIX + key + commitment  # also keys that `data_contract` would not put together
        address = "0x" + keccak(code)[12:].hex()
        if not self.node.web3.eth.get_code(self.node.web3.to_checksum_address(address)):
            self.node.set_code(address, code)
        return self.node.web3.to_checksum_address(address)

    def verdict(
        self, key: bytes, commitment: bytes, context: bytes, public: Sequence[int], proof: bytes
    ) -> str | None:
        """Return the word of the revert, or None when the call returns."""
        call = self.contract.functions.verify(self.store(key, commitment), context, list(public), proof)
        try:
            call.call({"gas": GAS_LIMIT})
        except ContractLogicError as refusal:
            return str(refusal.message).removeprefix("execution reverted: ")
        return None
