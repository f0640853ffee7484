"""Find contracts that an account has created by their code hash: the chain itself is the record of them.

A contract's address follows from its creator and the creator's nonce, so whoever knows the account knows
every address that it can have created at. Their code hashes are read many at a time, newest first:

    answer = 0 || EXTCODEHASH of each address     (words of 32 bytes)

The creation code that reads them returns them instead of code; the zero word in front keeps the answer from
beginning with the byte that EIP-3541 refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from agent.chain import Chain
from agent.errors import RpcError
from contracts.deployment_plan import creation_address

WORD = 32
AT_ONCE = 500  # addresses; 2,600 gas and 32 bytes each (EIP-2929, EIP-170)
SEARCH_GAS = 20_000_000


def find_creations(chain: Chain, account: str, code_hashes: Collection[bytes]) -> dict[bytes, str]:
    """Return where an account has created contracts of these code hashes, the newest of each.

    Raises: UnreachableError; RpcError when the node does not answer such a call as it must.
    """
    wanted, found = set(code_hashes), dict[bytes, str]()
    end = chain.mined_nonce(account)
    while end > 0 and wanted - found.keys():
        start = max(end - AT_ONCE, 0)
        addresses = [creation_address(account, nonce) for nonce in reversed(range(start, end))]
        for address, code_hash in zip(addresses, read_code_hashes(chain, addresses), strict=True):
            if code_hash in wanted:
                found.setdefault(code_hash, address)
        end = start
    return found


def read_code_hashes(chain: Chain, addresses: Sequence[str]) -> list[bytes]:
    """Return H(code) at each address as EXTCODEHASH gives it: zero where nothing is.

    Raises: UnreachableError; RpcError when the node does not answer such a call as it must.
    """
    name = "eth_call"
    answer = chain.try_call(name, None, _program(addresses), SEARCH_GAS, "0x" + "00" * 20)
    if len(answer) != WORD * (1 + len(addresses)):
        raise RpcError(name, f"{len(answer)} bytes are no answer about {len(addresses)} addresses")
    return [answer[at : at + WORD] for at in range(WORD, len(answer), WORD)]


def _program(addresses: Sequence[str]) -> bytes:
    code = b""
    for number, address in enumerate(addresses, start=1):
        # PUSH20 address, EXTCODEHASH, PUSH2 32 number, MSTORE
        place = (WORD * number).to_bytes(2, "big")
        code += b"\x73" + bytes.fromhex(address[2:]) + b"\x3f\x61" + place + b"\x52"
    # PUSH2 length, PUSH0, RETURN
    return code + b"\x61" + (WORD * (1 + len(addresses))).to_bytes(2, "big") + b"\x5f\xf3"
