"""See whether a mined exit paid what it had to: contracts answer a trial, balances show what came."""

from __future__ import annotations

from dataclasses import dataclass

from agent.chain import Chain, Receipt
from agent.errors import ChainError
from agent.vault_amounts import format_amount
from agent.vault_errors import UnderpaidError
from agent.vault_reading import Token, ask, values

UNCHECKED = "what the receiver got could not be compared with the limit: balances were not told; look at them"


@dataclass(frozen=True)
class Payment:
    """What the last transaction of a command has to bring."""

    token: Token
    receiver: str
    least: int  # raw units


def check_payment(chain: Chain, receipt: Receipt, payment: Payment) -> list[str]:
    """Compare what the receiver's balance grew by, over the block of a transaction, with the least it had to.

    Return notes: one when the token or the node does not say the balances. A token's events are not asked:
    one that takes a fee may log what was sent.

    Raises: UnderpaidError.
    """
    try:
        before, after = (_balance(chain, payment, block) for block in (receipt.block - 1, receipt.block))
    except ChainError:
        return [UNCHECKED]
    if after - before < payment.least:
        decimals = payment.token.decimals
        raise UnderpaidError(
            "0x" + receipt.tx_hash.hex(),
            payment.receiver,
            format_amount(after - before, decimals),
            format_amount(payment.least, decimals),
            payment.token.symbol,
        )
    return []


def _balance(chain: Chain, payment: Payment, block: int) -> int:
    call = ask(payment.token.address, "balanceOf(address)", payment.receiver)
    (answer,) = chain.read_together([call], block=block).answers
    return int(values(answer, ["uint256"], "token")[0])
