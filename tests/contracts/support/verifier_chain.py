"""Verifier.vy on a real node, and programs cut out of its source that show what it computes on the way."""

from __future__ import annotations

from functools import cache
from typing import Any

from eth_utils.crypto import keccak
from vyper.compiler import CompilerData
from vyper.compiler.input_bundle import FileInput, FilesystemInputBundle
from vyper.compiler.output import build_abi_output
from vyper.compiler.settings import Settings
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import ContractLogicError, Web3RPCError

from contracts.compile import EVM_VERSION, CompiledContract, compile_contract, deploy, source_folder
from contracts.node import Anvil
from tests.contracts.support.verifier_cases import Case

GAS_LIMIT = 3_000_000
SIGNATURE = "proof: Bytes[MAX_PROOF]):\n"
AFTER_CHALLENGES = "    # (challenges)\n"
SMALL_CALL = "        allowance = self._product_gas(count)\n"


def address_of(code: bytes) -> str:
    """Give every content an address of its own."""
    return Web3.to_checksum_address(keccak(code)[12:])


class ChainVerifier:
    """The deployed contract; data contracts are put in place for the call that reads them."""

    def __init__(self, node: Anvil, compiled: CompiledContract | None = None) -> None:
        self.node = node
        self.contract: Contract = deploy(
            node.web3, compiled or compile_contract("Verifier"), sender=node.accounts[0]
        )

    def call(self, case: Case, *, code: bytes | None = None, gas: int = GAS_LIMIT) -> Any:
        """Call `verify` and return what it returns; a revert raises."""
        content = case.code if code is None else code
        address = address_of(content)
        function = self.contract.functions.verify(address, case.context, list(case.public), case.proof)
        override = {address: {"code": "0x" + content.hex()}} if content else {}
        return function.call({"gas": gas, "from": self.node.accounts[0]}, state_override=override)

    def verdict(self, case: Case, *, code: bytes | None = None, gas: int = GAS_LIMIT) -> str | None:
        """Return the word of the refusal, `""` for a revert without one, or None when it returns."""
        try:
            self.call(case, code=code, gas=gas)
        except ContractLogicError as refusal:
            return str(refusal.message).removeprefix("execution reverted").removeprefix(": ")
        except Web3RPCError as error:
            if "OutOfGas" not in str(error):
                raise
            return ""
        return None


def _compile_source(name: str, source: str) -> CompiledContract:
    path = source_folder() / f"{name}.vy"
    bundle = FilesystemInputBundle([source_folder()])
    file = FileInput(contents=source, source_id=-1, path=path, resolved_path=path)
    settings = Settings(evm_version=EVM_VERSION, experimental_codegen=False)
    data = CompilerData(file, input_bundle=bundle, settings=settings)
    return CompiledContract(name, build_abi_output(data), bytes(data.bytecode), b"", 0, "")


def _replace_once(source: str, old: str, new: str) -> str:
    assert source.count(old) == 1, old
    return source.replace(old, new)


def _contract_source() -> str:
    return (source_folder() / "Verifier.vy").read_text(encoding="utf-8")


def _cut(source: str, marker: str, ending: str) -> str:
    """Replace the rest of `verify`, from the marker on."""
    start = source.index(marker)
    stop = source.index("\n\n@internal", start)
    return source[:start] + ending + source[stop:]


@cache
def challenge_program() -> CompiledContract:
    """`verify` up to its challenges, which it returns: alpha, beta, theta, chi, y, gamma, z."""
    source = _replace_once(_contract_source(), SIGNATURE, SIGNATURE.replace(":\n", " -> uint256[7]:\n"))
    source = _cut(source, AFTER_CHALLENGES, "    return [alpha, beta, theta, chi, y, gamma, z]\n")
    return _compile_source("VerifierChallenges", source)


@cache
def terms_program() -> CompiledContract:
    """`verify` up to its multi-scalar product, whose input it returns; and `product_gas(count)`."""
    source = _replace_once(_contract_source(), SIGNATURE, SIGNATURE.replace(":\n", " -> Bytes[9600]:\n"))
    assert source.count(SMALL_CALL) == 2
    for array in ("terms", "all_terms"):
        start = source.index(SMALL_CALL)
        returned = f"        return slice(abi_encode({array}), 0, unsafe_mul(160, count))\n"
        assert f"slice(abi_encode({array})" in source[start : start + 400]
        stop = source.index("            revert_on_failure=False,\n        )\n", start)
        stop += len("            revert_on_failure=False,\n        )\n")
        source = source[:start] + returned + source[stop:]
    source = _cut(source, "    if beyond != 0:\n        self._point()\n    if not success:", "")
    source += "\n\n@external\n@pure\ndef product_gas(count: uint256) -> uint256:\n"
    source += "    return self._product_gas(count)\n"
    return _compile_source("VerifierTerms", source)


@cache
def forced_program() -> CompiledContract:
    """The whole contract with y taken from the context, since no hash is ever 0 or a root of unity."""
    line = "    y: uint256 = convert(h, uint256) % R\n"
    source = _replace_once(_contract_source(), line, "    y: uint256 = convert(context, uint256)\n")
    return _compile_source("VerifierForcedY", source)
