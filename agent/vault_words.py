"""Say in a sentence what a contract's word of refusal means, function by function.

Words are those of the vault (and the modules in it), the price log, the Zap and the verifier; see
docs/decisions/030-words-of-the-vault.md.
"""

from __future__ import annotations

#: (function, word), or (any function, word)
ANY = ""
MEANINGS: dict[tuple[str, str], str] = {
    (ANY, "auth"): "the account does not hold the role that may do this",
    (ANY, "ended"): "the vault has ended",
    (ANY, "amount"): "nothing would move",
    (ANY, "receiver"): "the receiver is the empty address or the contract itself",
    (ANY, "balance"): "the account holds fewer shares or tokens than that",
    (ANY, "allowance"): "the account was allowed less than that",
    (ANY, "token"): "a token refused the transfer, or took a fee on the way",
    (ANY, "window"): "the price log does not hold the input window",
    (ANY, "parameters"): "an argument of the constructor breaks one of its rules",
    (ANY, "key"): "there is no strategy at that address, or not the one that was pinned",
    (ANY, "opened"): "the vault has not been opened",
    (ANY, "frozen"): "the strategy is frozen for ever",
    (ANY, "cardinality"): "the pool does not keep enough observations yet",
    (ANY, "expired"): "the deadline is over",
    (ANY, "early"): "the time for it has not come",
    ("open", "opened"): "the vault is open already",
    ("open", "cap"): "the seed or the bond is below the least one, or the seed above the most shares",
    ("mint", "closed"): "entry is closed by a pause, a retirement or the end of the vault",
    ("mint", "cap"): "the vault would have more shares than it may",
    ("mint", "price"): "the vault would take more than the limits allow; its holdings have changed",
    ("enter", "closed"): "entry is closed by a pause, a retirement or the end of the vault",
    ("enter", "cap"): "the vault would have more shares than it may",
    ("enter", "price"): "it would cost more base than the limit, or the pool cannot sell that much",
    ("leave", "price"): "it would bring less base than the limit, or the pool cannot buy that much",
    ("collect", "amount"): "the vault holds nothing of that token for the account",
    ("miss", "early"): "the epoch is before the first one, or its decision can still be sent",
    ("miss", "ended"): "the epoch closed after the vault's end, or no bond is left",
    ("miss", "decided"): "the epoch was decided",
    ("miss", "missed"): "the miss has been claimed",
    ("miss", "window"): "the price log has lost the prices of that epoch, or never had them",
    ("miss", "sequencer"): "the chain's sequencer was down, or came up after the epoch began",
    ("propose", "pending"): "another proposal waits for its epoch; revoke it first",
    ("propose", "key"): "there is no contract at that address",
    ("revoke", "pending"): "no proposal waits",
    ("freeze", "frozen"): "the strategy is frozen already",
    ("lower_fee", "cap"): "a fee can only fall, and that is not below the present one",
    ("add_bond", "opened"): "the vault has not been opened, so it has no bond yet",
    ("take_bond", "early"): "the bond leaves one unbonding time after the end, and that is not over",
    ("retire", "ended"): "an end is set already",
    ("pause", "early"): "the last pause began less than thirty days ago",
    ("offer_role", "auth"): "the account does not hold the role that it offers",
    ("take_role", "auth"): "the role was not offered to the account",
    ("push", "early"): "that interval is not over",
}
SILENT = "the contract gave no word; a token that refuses, too little gas or no contract there does that"


def meaning_of(function: str, word: str) -> str:
    """Return what a word means where it was said; words that are not known are passed on as they are."""
    if not word:
        return SILENT
    found = MEANINGS.get((function, word)) or MEANINGS.get((ANY, word))
    return found or "a token or contract that the call went through said so"
