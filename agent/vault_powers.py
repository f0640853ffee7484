"""Plan what the roles do, and what anybody may do about the bond: one call each, with what it changes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from agent.errors import RpcError, UnreachableError
from agent.published_circuit import find_circuit
from agent.vault_amounts import format_amount, parse_amount
from agent.vault_errors import VaultCommandError
from agent.vault_reading import NEVER, PREVIOUS, WINDOW, VaultReading, checked_address
from agent.vault_session import Action, Move, VaultCall, VaultSession
from contracts.errors import RegistrationError
from contracts.registration import DataContract, parse_data_contract

CALL_GAS, BOND_GAS, MISS_GAS = 300_000, 400_000, 3_000_000
FEE_DECIMALS = 18
CUT, BOUNTY, UNBOND, TIMELOCK = 10, 11, 13, 14  # places in the vault's rules
FOR_GOOD = "this cannot be undone"


class ProposalError(VaultCommandError):
    """Say why an address cannot be proposed as a strategy."""


def plan_miss(session: VaultSession, epoch: int) -> tuple[Action, bool]:
    """Plan to claim that an epoch was due and left undecided.

    Raises: RefusedError.
    """
    vault = session.vault
    call = VaultCall("miss(uint256)", vault.address, (epoch,), MISS_GAS)
    session.try_calls([call])
    bond, token = vault.numbers["bond"], vault.base
    bounty = min(vault.rules[BOUNTY], bond)
    cut = min(vault.rules[CUT], bond - bounty)
    held = f"held by the vault for {session.account}"
    moves = (
        Move("bounty", bounty, token.decimals, token.symbol, "bond", held),
        Move("cut", cut, token.decimals, token.symbol, "bond", "holders, by the second"),
    )
    notes = ("the bounty is paid by `collect`",)
    return Action("miss", (call,), moves, notes, {"epoch": epoch}), True


def plan_add_bond(session: VaultSession, amount: str) -> tuple[Action, bool]:
    """Plan to add to the bond; only the operator gets it back, after the end.

    Raises: AmountError, FundsError, RefusedError.
    """
    vault, token = session.vault, session.vault.base
    raw = parse_amount(amount, token.decimals, "AMOUNT")
    session.check_funds(token.address, token.symbol, token.decimals, raw)
    calls = session.approvals(token.address, vault.address, raw)
    calls.append(VaultCall("add_bond(uint256)", vault.address, (raw,), BOND_GAS))
    tried = session.try_calls(calls) is not None
    move = Move("base", raw, token.decimals, token.symbol, session.account, "bond")
    return Action("bond add", tuple(calls), (move,), ("only the operator gets a bond back",)), tried


def plan_take_bond(session: VaultSession, to: str | None) -> tuple[Action, bool]:
    """Plan to take the bond out, one unbonding time after the end.

    Raises: RefusedError.
    """
    vault, token = session.vault, session.vault.base
    target = checked_address(to, "--to") if to is not None else session.account
    move = Move("base", vault.numbers["bond"], token.decimals, token.symbol, "bond", target)
    return _single(session, "bond take", "take_bond(address)", (target,), moves=(move,), gas=BOND_GAS)


def plan_propose(session: VaultSession, strategy: str) -> tuple[Action, bool]:
    """Plan to announce another strategy; it decides by itself once its notice is over.

    Raises: ProposalError when no data contract stands there, or one for other inputs; RefusedError.
    """
    vault = session.vault
    address = checked_address(strategy, "STRATEGY")
    try:
        content = parse_data_contract(session.chain.code(address))
    except RegistrationError as error:
        raise ProposalError(f"there is no committed strategy at {address}: {error}.") from None
    _check_shape(vault, address, content)
    start = (session.chain_time() + vault.rules[TIMELOCK]) // vault.interval_secs + 1
    facts = {
        "strategy": address,
        "strategy_commitment": "0x" + content.strategy_commitment.hex(),
        "from_epoch": start,
        "from_secs": start * vault.interval_secs,
    }
    notes = (
        f"it decides from epoch {start} ({utc(start * vault.interval_secs)}) on, unless it is revoked before;"
        " holders may leave until then",
        *_circuit_notes(session, content.circuit_digest),
    )
    return _single(session, "strategy propose", "propose(address)", (address,), notes=notes, facts=facts)


def _check_shape(vault: VaultReading, address: str, content: DataContract) -> None:
    """Refuse a strategy of which the vault could never state an input and a target."""
    gives = vault.rules[WINDOW] - 1 + vault.rules[PREVIOUS]
    if (content.input_count, content.output_count) != (gives, 1):
        raise ProposalError(
            f"the strategy at {address} takes {content.input_count} inputs and gives {content.output_count}"
            f" outputs, and {vault.address} gives {gives} and takes 1, for ever."
        )


def _circuit_notes(session: VaultSession, circuit_digest: bytes) -> tuple[str, ...]:
    """Say when nobody can find the circuit of a strategy in the logs, or the node does not look."""
    with suppress(RpcError, UnreachableError):
        if find_circuit(session.chain, circuit_digest) is not None:
            return ()
        return ("its circuit is not published, so nobody can audit it: `vault strategy publish` does that",)
    return ("this node does not search its logs, so whether its circuit is published is not known",)


def plan_revoke(session: VaultSession) -> tuple[Action, bool]:
    """Plan to clear a proposal whose epoch has not begun.

    Raises: RefusedError.
    """
    return _single(session, "strategy revoke", "revoke()", ())


def plan_freeze(session: VaultSession) -> tuple[Action, bool]:
    """Plan to keep the strategy in force for ever.

    Raises: RefusedError.
    """
    notes = (FOR_GOOD + ": no other strategy can ever be proposed",)
    return _single(session, "strategy freeze", "freeze()", (), notes=notes)


def plan_fee(session: VaultSession, rate: str) -> tuple[Action, bool]:
    """Plan to lower the fee: a fraction of the supply, minted to the operator per decision.

    Raises: AmountError, RefusedError.
    """
    vault = session.vault
    raw = parse_amount(rate, FEE_DECIMALS, "RATE")
    before = vault.numbers["fee"]
    facts = {"fee_before_e18": before, "fee_after_e18": raw}
    notes = (
        f"from {format_amount(before, FEE_DECIMALS)} of the supply per decision to"
        f" {format_amount(raw, FEE_DECIMALS)}; a fee never rises again",
    )
    return _single(session, "fee", "lower_fee(uint256)", (raw,), notes=notes, facts=facts)


def plan_retire(session: VaultSession) -> tuple[Action, bool]:
    """Plan to announce the vault's end.

    Raises: RefusedError.
    """
    end = session.chain_time() + session.vault.rules[UNBOND]
    notes = (
        f"{FOR_GOOD}: entry closes at once, decisions stay due until about {utc(end)}, and the bond can be"
        " taken as long again after that",
    )
    return _single(session, "retire", "retire()", (), notes=notes, facts={"end_at_secs": end})


def plan_pause(session: VaultSession) -> tuple[Action, bool]:
    """Plan to stop trades and entry for three days.

    Raises: RefusedError.
    """
    notes = ("trades and entry rest for three days; decisions and exits go on; again only after thirty days",)
    return _single(session, "pause", "pause()", (), notes=notes)


def plan_shut(session: VaultSession) -> tuple[Action, bool]:
    """Plan to end the vault now.

    Raises: RefusedError.
    """
    notes = (FOR_GOOD + ": no decision, trade or entry from now on; holders redeem",)
    return _single(session, "shut", "shut()", (), notes=notes)


def plan_offer_role(session: VaultSession, role: str, to: str) -> tuple[Action, bool]:
    """Plan to offer one's own role; it changes hands when the other account takes it.

    Raises: InvalidOptionError, RefusedError.
    """
    target = checked_address(to, "TO")
    notes = (f"nothing changes until {target} takes it; offering to another replaces this offer",)
    call = (role == "guardian", target)
    return _single(session, "role offer", "offer_role(bool,address)", call, notes=notes, facts={"role": role})


def plan_take_role(session: VaultSession, role: str) -> tuple[Action, bool]:
    """Plan to take a role that was offered to the account.

    Raises: RefusedError.
    """
    return _single(session, "role take", "take_role(bool)", (role == "guardian",), facts={"role": role})


def utc(secs: int) -> str:
    """Return a time as people read it; never, where a vault says so."""
    if secs >= NEVER or secs > 253_402_300_799:  # the last second of the year 9999
        return "never"
    return f"{datetime.fromtimestamp(secs, UTC):%Y-%m-%d %H:%M} UTC"


def _single(
    session: VaultSession,
    command: str,
    signature: str,
    arguments: tuple[object, ...],
    *,
    moves: tuple[Move, ...] = (),
    notes: tuple[str, ...] = (),
    facts: Mapping[str, object] | None = None,
    gas: int = CALL_GAS,
) -> tuple[Action, bool]:
    """Plan one call of the vault, tried."""
    call = VaultCall(signature, session.vault.address, arguments, gas)
    session.try_calls([call])
    return Action(command, (call,), moves, notes, dict(facts or {})), True
