"""Plan what a depositor does: enter, leave, collect.

Entry and exit are pro rata in both tokens. The limits of an entry bound what the vault may have changed by
until the transaction is mined; an exit needs none, since it pays a fixed share of what is there. With a Zap
one token suffices, and its one limit bounds the swap too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.vault_amounts import SHARE_DECIMALS, parse_amount, with_slippage_down, with_slippage_up
from agent.vault_errors import RefusedError, VaultCommandError
from agent.vault_payment import Payment
from agent.vault_reading import ONE_SHARE, Token, checked_address
from agent.vault_session import Action, Move, VaultCall, VaultSession, decoded
from agent.vault_words import meaning_of

MINT_GAS, REDEEM_GAS, COLLECT_GAS, ZAP_GAS = 600_000, 600_000, 300_000, 1_500_000
ALL = "all"
CallsFor = Callable[[int, int], list[VaultCall]]


class EntryError(VaultCommandError):
    """Say what an entry or exit lacks, and which option gives it."""


@dataclass(frozen=True)
class Limits:
    """How far amounts may move until a transaction is mined."""

    slippage_bps: int
    max_base: str | None = None
    max_risky: str | None = None
    min_base: str | None = None
    deadline_secs: int = 600


def plan_deposit(
    session: VaultSession, *, shares: str | None, base: str | None, receiver: str | None, limits: Limits
) -> tuple[Action, bool]:
    """Plan an entry in both tokens; return it, and whether all of it was tried.

    Raises: EntryError, AmountError, FundsError, RefusedError.
    """
    vault = session.vault
    _check_open(session)
    wanted = _shares_of(session, shares, base)
    base_in, risky_in = session.read_words(vault.address, "preview(uint256)", wanted)
    max_base = _limit(
        limits.max_base, with_slippage_up(base_in, limits.slippage_bps), vault.base, "--max-base"
    )
    max_risky = _limit(
        limits.max_risky, with_slippage_up(risky_in, limits.slippage_bps), vault.risky, "--max-risky"
    )
    session.check_funds(vault.base.address, vault.base.symbol, vault.base.decimals, base_in)
    session.check_funds(vault.risky.address, vault.risky.symbol, vault.risky.decimals, risky_in)
    to = checked_address(receiver, "--receiver") if receiver is not None else session.account
    calls = session.approvals(vault.base.address, vault.address, max_base)
    calls += session.approvals(vault.risky.address, vault.address, max_risky)
    mint = "mint(uint256,address,uint256,uint256)"
    calls.append(VaultCall(mint, vault.address, (wanted, to, max_base, max_risky), MINT_GAS))
    taken = decoded(session.try_calls(calls), ["uint256", "uint256"])
    paid_base, paid_risky = taken or (base_in, risky_in)
    moves = (
        _base_move(session, paid_base, session.account, vault.address),
        _risky_move(session, paid_risky, session.account, vault.address),
        _share_move(session, wanted, vault.address, to),
    )
    facts = {"shares": wanted, "max_base": max_base, "max_risky": max_risky}
    return Action("deposit", tuple(calls), moves, facts=facts), taken is not None


def plan_zap_deposit(
    session: VaultSession,
    zap_address: str,
    *,
    shares: str | None,
    base: str | None,
    receiver: str | None,
    limits: Limits,
) -> tuple[Action, bool]:
    """Plan an entry with base alone: the Zap buys the risky part in the vault's pool.

    Raises: EntryError, ZapError, ProbeError, AmountError, FundsError, RefusedError.
    """
    vault = session.vault
    _check_open(session)
    zap = session.check_zap(zap_address)
    to = checked_address(receiver, "--receiver") if receiver is not None else session.account
    held = session.read(vault.base.address, "balanceOf(address)", session.account)
    deadline = session.chain_time() + limits.deadline_secs

    def calls_for(wanted: int, most: int) -> list[VaultCall]:
        enter = "enter(uint256,uint256,address,uint256)"
        call = VaultCall(enter, zap, (wanted, most, to, deadline), ZAP_GAS)
        return [*session.approvals(vault.base.address, zap, most), call]

    if base is not None:
        max_base = parse_amount(base, vault.base.decimals, "--base")
        session.check_funds(vault.base.address, vault.base.symbol, vault.base.decimals, max_base)
        wanted = (
            _shares_of(session, shares, None) if shares else _shares_for_zap(session, max_base, calls_for)
        )
        if not shares:
            wanted = with_slippage_down(wanted, limits.slippage_bps)
    else:
        wanted = _shares_of(session, shares, None)
        if limits.max_base is not None:
            max_base = parse_amount(limits.max_base, vault.base.decimals, "--max-base")
        else:
            quote = decoded(session.try_calls(calls_for(wanted, held)), ["uint256"])
            if quote is None:
                raise EntryError(
                    "this node cannot try the purchase; say what it may cost at most with --max-base."
                )
            max_base = with_slippage_up(quote[0], limits.slippage_bps)
        session.check_funds(vault.base.address, vault.base.symbol, vault.base.decimals, max_base)
    calls = calls_for(wanted, max_base)
    taken = decoded(session.try_calls(calls), ["uint256"])
    moves = (
        _base_move(session, max_base if taken is None else taken[0], session.account, zap),
        _share_move(session, wanted, vault.address, to),
    )
    facts = {"shares": wanted, "max_base": max_base, "zap": zap, "deadline": deadline}
    return Action("deposit", tuple(calls), moves, facts=facts), taken is not None


def plan_redeem(
    session: VaultSession,
    *,
    shares: str,
    receiver: str | None,
    owner: str | None,
    hold_base: bool,
    hold_risky: bool,
) -> tuple[Action, bool]:
    """Plan an exit in both tokens; what is held stays with the vault until `collect`.

    Raises: AmountError, RefusedError.
    """
    vault = session.vault
    holder = checked_address(owner, "--owner") if owner is not None else session.account
    to = checked_address(receiver, "--receiver") if receiver is not None else session.account
    burnt = _shares_held(session, shares, holder)
    redeem = "redeem(uint256,address,address,bool,bool)"
    call = VaultCall(redeem, vault.address, (burnt, to, holder, hold_base, hold_risky), REDEEM_GAS)
    out = decoded(session.try_calls([call]), ["uint256", "uint256"]) or (0, 0)
    held = f"held by the vault for {to}"
    moves = (
        _share_move(session, burnt, holder, vault.address),
        _base_move(session, out[0], vault.address, held if hold_base else to),
        _risky_move(session, out[1], vault.address, held if hold_risky else to),
    )
    notes = (
        ("what is held is paid by `collect`, to the receiver's account alone",)
        if hold_base or hold_risky
        else ()
    )
    return Action("redeem", (call,), moves, notes, {"shares": burnt}), True


def plan_zap_redeem(
    session: VaultSession, zap_address: str, *, shares: str, receiver: str | None, limits: Limits
) -> tuple[Action, bool]:
    """Plan an exit into base alone: the Zap redeems and sells the risky part.

    Raises: EntryError, ZapError, ProbeError, AmountError, RefusedError.
    """
    vault = session.vault
    zap = session.check_zap(zap_address)
    to = checked_address(receiver, "--receiver") if receiver is not None else session.account
    burnt = _shares_held(session, shares, session.account)
    deadline = session.chain_time() + limits.deadline_secs
    allow = session.approvals(vault.address, zap, burnt)

    def calls_for(least: int) -> list[VaultCall]:
        leave = "leave(uint256,uint256,address,uint256)"
        return [*allow, VaultCall(leave, zap, (burnt, least, to, deadline), ZAP_GAS)]

    if limits.min_base is not None:
        min_base = parse_amount(limits.min_base, vault.base.decimals, "--min-base")
    else:
        quote = decoded(session.try_calls(calls_for(0)), ["uint256"])
        if quote is None:
            raise EntryError("this node cannot try the sale; say what it has to bring with --min-base.")
        min_base = with_slippage_down(quote[0], limits.slippage_bps)
    calls = calls_for(min_base)
    out = decoded(session.try_calls(calls), ["uint256"])
    moves = (
        _share_move(session, burnt, session.account, zap),
        _base_move(session, min_base if out is None else out[0], zap, to),
    )
    facts = {"shares": burnt, "min_base": min_base, "zap": zap, "deadline": deadline}
    payment = Payment(vault.base, to, min_base)
    return Action("redeem", tuple(calls), moves, facts=facts, payment=payment), out is not None


def plan_collect(session: VaultSession, token: str, to: str | None) -> tuple[Action, bool]:
    """Plan to fetch what the vault holds for the account: held exits, and bounties.

    Raises: InvalidOptionError, RefusedError.
    """
    vault = session.vault
    if token == "base":
        what, address, symbol, decimals = "base", vault.base.address, vault.base.symbol, vault.base.decimals
    elif token == "risky":
        what, address = "risky", vault.risky.address
        symbol, decimals = vault.risky.symbol, vault.risky.decimals
    else:
        raise EntryError("the token is base or risky; the vault holds nothing else.")
    target = checked_address(to, "--to") if to is not None else session.account
    call = VaultCall("collect(address,address)", vault.address, (address, target), COLLECT_GAS)
    (amount,) = decoded(session.try_calls([call]), ["uint256"]) or (0,)
    move = Move(what, amount, decimals, symbol, vault.address, target)
    return Action("collect", (call,), (move,)), True


def _check_open(session: VaultSession) -> None:
    if session.vault.supply == 0:
        raise RefusedError("mint", "opened", meaning_of("mint", "opened"))


def _shares_of(session: VaultSession, shares: str | None, base: str | None) -> int:
    """Return how many shares are wanted: named, or as many as an amount of base reaches for.

    shares = floor(base * supply / base of the vault), the drip due now included
    """
    if (shares is None) == (base is None):
        raise EntryError("name either --shares or --base.")
    if shares is not None:
        return parse_amount(shares, SHARE_DECIMALS, "--shares")
    vault = session.vault
    amount = parse_amount(base or "", vault.base.decimals, "--base")
    held, _ = session.read_words(vault.address, "preview(uint256)", vault.supply)
    if held == 0:
        raise EntryError("the vault holds no base now, so base names no number of shares; name --shares.")
    return amount * vault.supply // held


def _shares_for_zap(session: VaultSession, amount: int, calls_for: CallsFor) -> int:
    """Return about how many shares an amount of base buys through a Zap, by trying to buy 90 % of them.

    shares = trial shares * amount / cost of the trial
    """
    per_share = session.vault.nav_per_share
    if not per_share:
        raise EntryError("the vault has no value per share now; name --shares with --max-base.")
    trial = amount * ONE_SHARE // per_share * 9 // 10
    cost = decoded(session.try_calls(calls_for(trial, amount)), ["uint256"])
    if cost is None or cost[0] == 0:
        raise EntryError("this node cannot try the purchase; name --shares with --max-base.")
    return int(trial * amount // cost[0])


def _shares_held(session: VaultSession, text: str, owner: str) -> int:
    if text != ALL:
        return parse_amount(text, SHARE_DECIMALS, "SHARES")
    return session.read(session.vault.address, "balanceOf(address)", owner)


def _limit(text: str | None, default: int, token: Token, option: str) -> int:
    return default if text is None else parse_amount(text, token.decimals, option)


def _base_move(session: VaultSession, raw: int, giver: str, taker: str) -> Move:
    token = session.vault.base
    return Move("base", raw, token.decimals, token.symbol, giver, taker)


def _risky_move(session: VaultSession, raw: int, giver: str, taker: str) -> Move:
    token = session.vault.risky
    return Move("risky", raw, token.decimals, token.symbol, giver, taker)


def _share_move(session: VaultSession, raw: int, giver: str, taker: str) -> Move:
    return Move("shares", raw, SHARE_DECIMALS, session.vault.symbol, giver, taker)
