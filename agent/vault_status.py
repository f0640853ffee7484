"""Say how a vault stands: raw numbers for programs, and the same in the units that people use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_utils.address import to_checksum_address

from agent.chain import Chain
from agent.vault_amounts import SHARE_DECIMALS, format_amount
from agent.vault_powers import utc
from agent.vault_reading import NEVER, VaultReading, read_vault
from contracts.compile import compile_contract
from contracts.deployment_probes import probe_code
from contracts.errors import ProbeError

BUDGET, PERIOD, MAX_SHARES = 7, 8, 17  # places in the vault's rules
PERCENT_DECIMALS = 16  # of a fraction with 1e18 = 1


def vault_status(rpc_url: str, address: str) -> dict[str, Any]:
    """Return the state of a vault.

    Raises: InvalidOptionError, MissingCodeError, RpcError, UnreachableError.
    """
    chain = Chain(rpc_url, one_chain=True)
    try:
        vault = read_vault(chain, address)
        try:
            probe_code(chain, "vault", vault.address, compile_contract("Vault"))
            genuine = True
        except ProbeError:
            genuine = False
        return status_document(vault, chain.chain_id(), genuine=genuine)
    finally:
        chain.close()


def status_document(vault: VaultReading, chain_id: int, *, genuine: bool) -> dict[str, Any]:
    """Return a reading as a document; `human` repeats the amounts as decimals."""
    numbers, rules = vault.numbers, vault.rules
    live, paused, ended, epoch, next_epoch, decided, missed, bond, budget, strategy, pending, start = (
        vault.status
    )
    opened = numbers["first_epoch"] != NEVER
    return {
        "chain_id": chain_id,
        "vault": vault.address,
        "block": vault.block,
        "time_secs": vault.time_secs,
        "code_is_ours": genuine,
        "name": vault.name,
        "symbol": vault.symbol,
        "state": _state(opened, live, paused, ended),
        "opened": opened,
        "live": live,
        "paused": paused,
        "ended": ended,
        "end_at_secs": _or_none(numbers["end_at"]),
        "base": {"address": vault.base.address, "symbol": vault.base.symbol, "decimals": vault.base.decimals},
        "risky": {
            "address": vault.risky.address,
            "symbol": vault.risky.symbol,
            "decimals": vault.risky.decimals,
        },
        "pool": vault.pool,
        "price_log": vault.price_log,
        "verifier": vault.verifier,
        "sequencer": _named(vault.sequencer),
        "interval_secs": vault.interval_secs,
        "epoch": epoch,
        "first_epoch": _or_none(numbers["first_epoch"]),
        "next_epoch": next_epoch,
        "decided": decided,
        "missed": missed,
        "target_bps": numbers["target"],
        "target_epoch": numbers["target_epoch"] or None,
        "supply": vault.supply,
        "max_shares": rules[MAX_SHARES],
        "base_held": numbers["base"],
        "risky_held": numbers["risky"],
        "nav": vault.nav,
        "nav_per_share": vault.nav_per_share,
        "assets_per_share": None if vault.assets_per_share is None else list(vault.assets_per_share),
        "bond": bond,
        "drip_left": numbers["drip_left"],
        "drip_end_secs": numbers["drip_end"] or None,
        "budget_left_e18": budget,
        "budget_e18": rules[BUDGET],
        "budget_period_secs": rules[PERIOD],
        "fee_e18": numbers["fee"],
        "strategy": to_checksum_address(strategy),
        "pending_strategy": _named(pending),
        "pending_from_epoch": start or None,
        "powers": _powers(vault),
        "human": _human(vault),
    }


def render_status(found: Mapping[str, Any]) -> str:
    """Draw a status for people."""
    human, powers = found["human"], found["powers"]
    base, risky = found["base"]["symbol"], found["risky"]["symbol"]
    interval = found["interval_secs"]
    rows = [
        ("vault", f"{found['vault']} ({found['name']}, {found['symbol']}) on chain {found['chain_id']}"),
        ("state", _sentence(found)),
        ("holds", f"{human['base_held']} {base} and {human['risky_held']} {risky}"),
        ("value", "unknown: no tick in the price log" if found["nav"] is None else f"{human['nav']} {base}"),
        ("shares", f"{human['supply']} of at most {human['max_shares']}"),
    ]
    if found["assets_per_share"] is not None:
        each = human["assets_per_share"]
        worth = "" if found["nav_per_share"] is None else f", worth {human['nav_per_share']} {base}"
        rows.append(("a share", f"{each[0]} {base} and {each[1]} {risky}{worth}"))
    rows.append(("epoch", f"{found['epoch']}, begun {utc(found['epoch'] * interval)}, {_epoch_word(found)}"))
    rows.append(("next", f"{found['next_epoch']}, from {utc(found['next_epoch'] * interval)}"))
    if found["target_epoch"] is not None:
        rows.append(
            ("target", f"{found['target_bps']} bps in {risky}, decided for epoch {found['target_epoch']}")
        )
    rows += [
        (
            "bond",
            f"{human['bond']} {base}" + (f", {human['drip_left']} dripping" if found["drip_left"] else ""),
        ),
        (
            "budget",
            f"{human['budget_left']} % left of {human['budget']} % per {found['budget_period_secs']} s",
        ),
        ("fee", f"{human['fee']} of the supply per decision"),
        ("strategy", found["strategy"] + (", frozen" if powers["frozen"] else "")),
    ]
    if found["pending_strategy"] is not None:
        start = found["pending_from_epoch"]
        rows.append(("pending", f"{found['pending_strategy']} from epoch {start} ({utc(start * interval)})"))
    for role in ("operator", "guardian"):
        offered = powers[f"offered_{role}"]
        rows.append((role, powers[role] + (f", offered to {offered}" if offered else "")))
    if not found["code_is_ours"]:
        rows.append(("careful", "the code there is not the vault that this version of provault compiles to"))
    return "\n".join(f"{name:<9} {text}" for name, text in rows)


def _powers(vault: VaultReading) -> dict[str, Any]:
    offered_operator, offered_guardian, frozen, fee, end_at, until, again = vault.powers[2:]
    return {
        "operator": vault.operator,
        "guardian": vault.guardian,
        "offered_operator": _named(offered_operator),
        "offered_guardian": _named(offered_guardian),
        "frozen": frozen,
        "fee_e18": fee,
        "end_at_secs": _or_none(end_at),
        "paused_until_secs": until if vault.status[1] else None,
        "pause_from_secs": max(again, vault.time_secs),
    }


def _human(vault: VaultReading) -> dict[str, Any]:
    numbers, base, risky = vault.numbers, vault.base.decimals, vault.risky.decimals
    assets = vault.assets_per_share
    return {
        "supply": format_amount(vault.supply, SHARE_DECIMALS),
        "max_shares": format_amount(vault.rules[MAX_SHARES], SHARE_DECIMALS),
        "base_held": format_amount(numbers["base"], base),
        "risky_held": format_amount(numbers["risky"], risky),
        "nav": None if vault.nav is None else format_amount(vault.nav, base),
        "nav_per_share": None if vault.nav_per_share is None else format_amount(vault.nav_per_share, base),
        "assets_per_share": None
        if assets is None
        else [format_amount(assets[0], base), format_amount(assets[1], risky)],
        "bond": format_amount(numbers["bond"], base),
        "drip_left": format_amount(numbers["drip_left"], base),
        "budget_left": format_amount(vault.status[8], PERCENT_DECIMALS),
        "budget": format_amount(vault.rules[BUDGET], PERCENT_DECIMALS),
        "fee": format_amount(numbers["fee"], SHARE_DECIMALS),
        "end_at": utc(numbers["end_at"]),
    }


def _state(opened: bool, live: bool, paused: bool, ended: bool) -> str:
    if ended:
        return "ended"
    if not opened:
        return "not opened"
    return "paused" if paused else "live" if live else "ended"


def _sentence(found: Mapping[str, Any]) -> str:
    said = str(found["state"])
    if found["paused"]:
        said += f" until {utc(found['powers']['paused_until_secs'])}"
    if found["end_at_secs"] is not None:
        said += f", {'since' if found['ended'] else 'ends'} {utc(found['end_at_secs'])}"
    return said


def _epoch_word(found: Mapping[str, Any]) -> str:
    return "decided" if found["decided"] else "claimed as missed" if found["missed"] else "not decided"


def _named(address: str) -> str | None:
    return None if int(address, 16) == 0 else str(to_checksum_address(address))


def _or_none(value: int) -> int | None:
    return None if value == NEVER else value
