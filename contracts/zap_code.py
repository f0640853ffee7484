"""Say what code the Zap of one vault has, to the byte: the same code can be deployed with any immutables."""

from eth_abi.abi import encode

from contracts.compile import compile_contract


def zap_runtime(*, vault: str, pool: str, base: str, risky: str, token0: str) -> bytes:
    """Return the code on chain of the Zap that its constructor makes for a vault.

    code = compiled code || VAULT || POOL || BASE || RISKY || RISKY_IS_TOKEN0, words of 32 bytes in the order
    of their declaration. The last one has no getter, and raw creation code can leave genuine code with words
    of its author's choice.

    Parameters
    ----------
    vault, pool, base, risky
        The vault, and what it names as its market.
    token0
        What that pool names as its first token.

    Raises
    ------
    CompileError
        When the sources do not compile.
    """
    kinds = ["address", "address", "address", "address", "bool"]
    words = (vault, pool, base, risky, int(token0, 16) == int(risky, 16))
    return compile_contract("Zap").runtime_bytecode + encode(kinds, words)
