"""The deployed contracts: code that the sources compile to, and numbers that the constructors allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.chain.account import read_code
from audit.chain.header import Header
from audit.chain.node import Node
from audit.errors import NodeError, VaultError
from audit.vault.bounds import check_bounds, check_copies
from audit.vault.parameters import Parameters, read_parameters
from audit.vault.sources import CompiledSource


@dataclass(frozen=True)
class Deployed:
    """Hold what the code of vault, price log and verifier says; `faults` says what is off about it."""

    parameters: Parameters
    max_step: int  # ticks
    faults: tuple[str, ...]


def read_deployed(node: Node, vault: bytes, sources: Mapping[str, CompiledSource], head: Header) -> Deployed:
    """Read the three contracts at the head.

    Raises
    ------
    VaultError : no vault of these sources stands there, or one that its constructor would have refused.
    """
    parameters, code = _read_vault(node, vault, sources["Vault"], head)
    log_source = sources["PriceLog"]
    log_code = read_code(node, parameters.price_log, head)
    if not log_source.matches(log_code):
        raise VaultError(_hex(vault), "the code of its price log is not what PriceLog.vy compiles to")
    interval, max_step = (
        int.from_bytes(log_source.immutable(log_code, name), "big") for name in ("INTERVAL", "MAX_STEP")
    )
    refused = check_bounds(parameters) + check_copies(parameters, sources["Vault"], code, interval)
    if refused:
        raise VaultError(_hex(vault), refused[0])
    faults = []
    if not sources["Verifier"].matches(read_code(node, parameters.verifier, head)):
        faults.append("the verifier is not what Verifier.vy compiles to")
    if log_source.immutable(log_code, "POOL")[-20:] != parameters.pool:
        faults.append("the price log reads another pool than the vault trades in")
    return Deployed(parameters, max_step, tuple(faults))


def _read_vault(node: Node, vault: bytes, source: CompiledSource, head: Header) -> tuple[Parameters, bytes]:
    try:
        code = read_code(node, vault, head)
    except NodeError as error:
        raise VaultError(_hex(vault), str(error).rstrip(".")) from error
    if not code:
        raise VaultError(_hex(vault), "there is no contract")
    if not source.matches(code):
        detail = f"its code ({len(code)} bytes) is not what Vault.vy compiles to ({source.size} bytes)"
        raise VaultError(_hex(vault), detail)
    return read_parameters(vault, source, code), code


def _hex(content: bytes) -> str:
    return "0x" + content.hex()
