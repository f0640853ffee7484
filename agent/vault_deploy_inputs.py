"""Gather what a deployment follows from: configuration, strategy folder, and a chain that was looked at."""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from agent.chain import Chain
from agent.public_strategy import read_pinned_strategy
from agent.vault_amounts import SHARE_DECIMALS, format_amount, parse_amount
from agent.vault_config import DeploymentConfig
from agent.vault_errors import DeploymentError, FundsError
from contracts.deployment_plan import DeploymentPlan
from contracts.deployment_probes import (
    MarketFacts,
    probe_market,
    probe_precompiles,
    probe_price_log,
    probe_sequencer,
    probe_verifier,
)
from contracts.price_log_probe import probe_price_history
from contracts.vault_parameters import VaultRules

BUDGET_UNIT = 10**14  # a basis point of 1e18


@dataclass(frozen=True)
class DeploymentInputs:
    """Everything read before the first transaction."""

    plan: DeploymentPlan
    market: MarketFacts
    seed: int  # raw base; 0 when the vault is not opened
    bond: int
    notes: tuple[str, ...]


def read_inputs(chain: Chain, config: DeploymentConfig, sender: str) -> DeploymentInputs:
    """Read strategy and chain, check both, and put the plan together.

    Raises: ProbeError, ParametersError, RegistrationError; MissingFileError, OffChainStrategyError,
    AmountError, DeploymentError, FundsError; prover.errors.ProverError for a public folder that is not sound.
    """
    market = read_market(chain, config)
    strategy = read_pinned_strategy(config.strategy.public_folder)
    rules = vault_rules(
        config, market, window=strategy.window_ticks, previous_target=strategy.previous_target
    )
    operator = config.roles.operator or sender
    plan = DeploymentPlan(
        factory=market.factory,
        pool=market.pool,
        base=market.base,
        risky=market.risky,
        min_cardinality=config.price_log.min_cardinality,
        slots_per_call=config.price_log.slots_per_call,
        max_step_ticks=config.price_log.max_step_ticks,
        price_log=config.price_log.address,
        verifier=config.verifier.address,
        strategy=strategy.contract,
        circuit=strategy.circuit,
        rules=rules,
        name=config.share.name,
        symbol=config.share.symbol,
        operator=operator,
        guardian=config.roles.guardian,
        sequencer=config.chain.sequencer_feed or "",
        with_zap=config.zap.deploy,
    )
    seed, bond = _opening(chain, config, market, rules, operator, sender)
    notes = []
    if market.liquidity < rules.liquidity:
        notes.append(
            f"the pool has {market.liquidity} liquidity in range now, below rules.min_liquidity: with that a"
            " vault does not trade"
        )
    if operator == config.roles.guardian:
        notes.append("operator and guardian are one account, so nobody else can pause, revoke or shut")
    return DeploymentInputs(plan, market, seed, bond, tuple(notes))


def read_market(chain: Chain, config: DeploymentConfig) -> MarketFacts:
    """Probe everything on chain that the configuration names.

    Raises: ProbeError, DeploymentError.
    """
    probe_precompiles(chain)
    names = config.market
    market = probe_market(chain, factory=names.factory, pool=names.pool, base=names.base, risky=names.risky)
    for role, found, said in (
        ("base", market.base_decimals, names.base_decimals),
        ("risky", market.risky_decimals, names.risky_decimals),
    ):
        if found != said:
            raise DeploymentError(
                f"the {role} token has {found} decimals and market.{role}_decimals says {said}; correct the"
                " one that is wrong"
            )
    if config.chain.sequencer_feed is not None:
        probe_sequencer(chain, config.chain.sequencer_feed)
    if config.price_log.address is not None:
        probe_price_log(
            chain,
            config.price_log.address,
            pool=market.pool,
            interval_secs=config.price_log.interval_secs,
            max_step_ticks=config.price_log.max_step_ticks,
        )
        latest = chain.latest()
        probe_price_history(
            chain,
            config.price_log.address,
            pool=market.pool,
            interval_secs=config.price_log.interval_secs,
            max_step_ticks=config.price_log.max_step_ticks,
            block=latest.number,
            now_secs=latest.time_secs,
        )
    if config.verifier.address is not None:
        probe_verifier(chain, config.verifier.address)
    return market


def vault_rules(
    config: DeploymentConfig, market: MarketFacts, *, window: int, previous_target: bool
) -> VaultRules:
    """Return the vault's numbers in raw units.

    Raises: ParametersError naming the rule that is broken; AmountError.
    """
    given, decimals = config.rules, market.base_decimals
    return VaultRules(
        window=window,
        previous_target=previous_target,
        liquidity=given.min_liquidity,
        cut=parse_amount(given.cut_base_tokens, decimals, "rules.cut_base_tokens"),
        bounty=parse_amount(given.bounty_base_tokens, decimals, "rules.bounty_base_tokens"),
        seed_min=parse_amount(given.seed_min_base_tokens, decimals, "rules.seed_min_base_tokens"),
        max_shares=parse_amount(given.max_supply_shares, SHARE_DECIMALS, "rules.max_supply_shares"),
        base_decimals=decimals,
        decide_secs=given.decide_secs,
        recent_secs=given.recent_secs,
        tolerance_ticks=given.tolerance_ticks,
        deviation_ticks=given.deviation_ticks,
        band_bps=given.band_bps,
        budget=given.budget_bps * BUDGET_UNIT,
        period_secs=given.period_secs,
        drip_secs=given.drip_secs,
        unbond_secs=given.unbond_secs,
        timelock_secs=given.timelock_secs,
        fee=given.fee_e18,
        interval_secs=config.price_log.interval_secs,
    )


def _opening(
    chain: Chain, config: DeploymentConfig, market: MarketFacts, rules: VaultRules, operator: str, sender: str
) -> tuple[int, int]:
    """Return seed and bond, refused as `open` would refuse them."""
    if config.opening is None:
        return 0, 0
    decimals = market.base_decimals
    seed = parse_amount(config.opening.seed_base_tokens, decimals, "opening.seed_base_tokens")
    bond = parse_amount(config.opening.bond_base_tokens, decimals, "opening.bond_base_tokens")
    if operator != sender:
        raise DeploymentError(
            f"only the operator ({operator}) can open the vault, and {sender} deploys; leave opening out, or"
            " deploy with the operator's key"
        )
    if seed < rules.seed_min:
        least = format_amount(rules.seed_min, decimals)
        raise DeploymentError(f"opening.seed_base_tokens is below rules.seed_min_base_tokens ({least})")
    if seed * rules.shares_per_base > rules.max_shares:
        raise DeploymentError("opening.seed_base_tokens makes more shares than rules.max_supply_shares")
    if bond < rules.cut + rules.bounty:
        least = format_amount(rules.cut + rules.bounty, decimals)
        raise DeploymentError(f"opening.bond_base_tokens is below a cut and a bounty ({least})")
    return seed, bond


def base_held(chain: Chain, token: str, account: str) -> int:
    """Return an account's balance in a token, 0 when the token does not say."""
    data = keccak(text="balanceOf(address)")[:4] + encode(["address"], [account])
    answer = chain.answer(token, data)
    return int.from_bytes(answer[:32], "big") if answer else 0


def check_opening_funds(held: int, inputs: DeploymentInputs, sender: str) -> None:
    """Refuse to open with less base than seed and bond.

    Raises: FundsError.
    """
    needed = inputs.seed + inputs.bond
    if held < needed:
        decimals = inputs.market.base_decimals
        raise FundsError(
            f"opening takes {format_amount(needed, decimals)} base and {sender} holds"
            f" {format_amount(held, decimals)}; fund the account and run the command again."
        )
