"""What the constructor refuses, and that the Python side refuses the same before anything is sent."""

from dataclasses import fields, replace

import boa
import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from contracts.compile import compile_contract
from contracts.errors import ParametersError
from contracts.toolchain import read_artifact
from contracts.vault_parameters import (
    CONSTRUCTOR_TYPES,
    DEPLOYMENT_TYPE,
    RULES_TYPE,
    VaultRules,
)
from tests.contracts.support.evm import Deployed, deploy, deploy_code, refused
from tests.contracts.support.vault_world import (
    CORE,
    FEE,
    INTERVAL,
    MAX_STEP,
    STRANGER,
    WINDOW,
    ZERO,
    Market,
    account,
    unopened,
)

BOUND = 2**128


@pytest.fixture(scope="module")
def built():
    with unopened() as world:
        yield world


def deploy_with(world, name, value, part="rules"):
    """Deploy with one value changed, past the checks of the Python side."""
    arguments = list(world.parameters.constructor_arguments())
    place = 3 if part == "rules" else 2
    (constructor,) = [item for item in compile_contract("Vault").abi if item["type"] == "constructor"]
    names = [field["name"] for field in constructor["inputs"][place]["components"]]
    changed = list(arguments[place])
    changed[names.index(name)] = value
    arguments[place] = tuple(changed)
    return deploy("Vault", *arguments)


BROKEN = [
    ("window", 1),
    ("window", 129),
    ("decide_secs", 0),
    ("decide_secs", INTERVAL),
    ("recent_secs", 0),
    ("recent_secs", INTERVAL + 1),
    ("tolerance_ticks", 0),
    ("tolerance_ticks", 301),
    ("tolerance_ticks", -1),
    ("deviation_ticks", -1),
    ("deviation_ticks", 887_273),
    ("band_bps", 10_000),
    ("budget", 0),
    ("budget", 10**18 + 1),
    ("period_secs", 0),
    ("liquidity", 0),
    ("cut", 5 * 10**6),  # the bounty
    ("cut", BOUND),
    ("drip_secs", 0),
    ("drip_secs", 14 * 86_400 + 1),  # longer than unbond_secs
    ("unbond_secs", (256 - WINDOW) * INTERVAL),
    ("unbond_secs", BOUND),
    ("timelock_secs", 7 * 86_400 - 1),
    ("timelock_secs", BOUND),
    ("fee", 2 * 10**16 * INTERVAL // (365 * 86_400) + 1),
    ("fee", 10**18 + 1),
    ("max_shares", BOUND),
    ("seed_min", 0),
    ("seed_min", 10**15 + 1),  # shares of it exceed max_shares
    ("fee", 2**256 - 1),  # and no overflow without a word
]


@pytest.mark.parametrize(("name", "value"), BROKEN)
def test_a_broken_rule_is_refused_on_both_sides(world, name, value):
    with refused("parameters"):
        deploy_with(world, name, value)
    with pytest.raises(ParametersError, match=name):
        replace(world.rules, **{name: value})


KEPT = [
    ("window", 2),
    ("window", 128),
    ("decide_secs", INTERVAL - 1),
    ("recent_secs", INTERVAL),
    ("tolerance_ticks", 300),
    ("deviation_ticks", 0),
    ("band_bps", 0),
    ("budget", 10**18),
    ("cut", 5 * 10**6 + 1),
    ("unbond_secs", (256 - WINDOW) * INTERVAL + 1),
    ("drip_secs", 14 * 86_400),
    ("timelock_secs", 7 * 86_400),
    ("fee", 2 * 10**16 * INTERVAL // (365 * 86_400)),
    ("fee", 0),
    ("seed_min", 10**15),
]


@pytest.mark.parametrize(("name", "value"), KEPT)
def test_a_rule_at_its_limit_is_kept_on_both_sides(world, name, value):
    vault = deploy_with(world, name, value)
    rules = replace(world.rules, **{name: value})
    assert tuple(vault.rules().values()) == rules.as_tuple()


@pytest.mark.parametrize("name", ["operator", "guardian"])
def test_an_empty_role_is_refused_on_both_sides(world, name):
    with refused("parameters"):
        deploy_with(world, name, ZERO, "deployment")
    with pytest.raises(ParametersError, match=name):
        replace(world.parameters.deployment, **{name: ZERO})


def test_a_verifier_without_code_is_refused(world):
    with refused("parameters"):
        deploy_with(world, "verifier", STRANGER, "deployment")


def test_a_pool_that_the_factory_does_not_know_is_refused(world):
    other = deploy("testing/FakePool", world.base.address, world.risky.address, 500)
    with refused("parameters"):
        deploy_with(world, "pool", other.address, "deployment")


def test_a_pool_of_another_factory_is_refused(world):
    """Pool and price log fit together, and the factory is all that tells them from the genuine ones."""
    artifact = read_artifact(f"{CORE}/UniswapV3Factory.sol/UniswapV3Factory.json")
    factory = deploy_code(bytes(HexBytes(artifact["bytecode"])), artifact["abi"])
    factory.createPool(world.base.address, world.risky.address, FEE)
    pool = Deployed(factory.getPool(world.base.address, world.risky.address, FEE), world.pool.abi)
    pool.initialize(world.pool.slot0()[0])
    epoch = world.next_epoch()
    log = deploy("PriceLog", pool.address, INTERVAL, MAX_STEP, epoch, 1)
    other = replace(world.parameters.deployment, pool=pool.address, price_log=log.address)
    with refused("parameters"):
        deploy("Vault", *replace(world.parameters, deployment=other).constructor_arguments())
    known = replace(other, factory=factory.address)
    deploy("Vault", *replace(world.parameters, deployment=known).constructor_arguments())


def test_a_price_log_of_another_pool_is_refused(world):
    with unopened(Market(18, 6)) as other, refused("parameters"):
        deploy_with(world, "price_log", other.price_log.address, "deployment")


@pytest.mark.parametrize("name", ["base", "risky"])
def test_a_token_that_is_not_in_the_pool_is_refused(world, name):
    other = deploy("testing/Token", "Other", "O", 6)
    with refused("parameters"):
        deploy_with(world, name, other.address, "deployment")


@pytest.mark.parametrize("risky_is_token0", [False, True])
def test_one_token_in_both_places_is_refused_on_both_sides(risky_is_token0):
    with unopened(Market(risky_is_token0=risky_is_token0)) as world:
        for name, other in (("base", "risky"), ("risky", "base")):
            address = getattr(world, other).address
            with refused("parameters"):
                deploy_with(world, name, address, "deployment")
            with pytest.raises(ParametersError, match="two tokens"):
                replace(world.parameters.deployment, **{name: address})


def test_a_base_token_of_more_than_18_decimals_is_refused_on_both_sides():
    with refused("parameters"), unopened(Market(base_decimals=19), base_decimals=18):
        pass
    with pytest.raises(ParametersError, match="18 decimals"), unopened() as world:
        replace(world.rules, base_decimals=19)


def test_a_strategy_other_than_the_one_named_by_its_code_is_refused(world):
    with refused("key"):
        deploy_with(world, "strategy_hash", b"\x01" * 32, "deployment")
    with refused("key"):
        deploy_with(world, "strategy", account("nobody"), "deployment")


@pytest.mark.parametrize(("balance", "code_hash"), [(0, bytes(32)), (1, keccak(b""))])
def test_a_strategy_without_code_is_refused(world, balance, code_hash):
    """An account without code has a code hash too, so the hash alone would let it pass."""
    with boa.env.anchor():
        boa.env.set_balance(STRANGER, balance)
        changed = replace(world.parameters.deployment, strategy=STRANGER, strategy_hash=code_hash)
        parameters = replace(world.parameters, deployment=changed)
        with refused("key"):
            deploy("Vault", *parameters.constructor_arguments())


@pytest.mark.parametrize(
    ("name", "value"), [("window", True), ("fee", 1.0), ("previous_target", 1), ("cut", "5")]
)
def test_a_rule_of_another_type_is_refused(world, name, value):
    with pytest.raises(ParametersError, match=f"{name} is of type"):
        replace(world.rules, **{name: value})


def test_names_that_do_not_fit_are_refused(world):
    for change in ({"name": ""}, {"name": "x" * 65}, {"symbol": ""}, {"symbol": "é" * 17}):
        with pytest.raises(ParametersError, match="bytes"):
            replace(world.parameters, **change)


def test_addresses_and_hashes_are_checked(world):
    with pytest.raises(ParametersError, match="pool is an address"):
        replace(world.parameters.deployment, pool="0x1234")
    with pytest.raises(ParametersError, match="strategy_hash is 32 bytes"):
        replace(world.parameters.deployment, strategy_hash=b"\x01")


def test_the_encoding_is_the_constructors(world):
    (constructor,) = [item for item in compile_contract("Vault").abi if item["type"] == "constructor"]
    structs = constructor["inputs"][2:]
    for struct, types in zip(structs, (DEPLOYMENT_TYPE, RULES_TYPE), strict=True):
        assert "(" + ",".join(part["type"] for part in struct["components"]) + ")" == types
    names = [part["name"] for part in structs[1]["components"]]
    assert set(names) == {field.name for field in fields(VaultRules)} - {"base_decimals", "interval_secs"}
    by_name = tuple(getattr(world.rules, name) for name in names)
    assert world.rules.as_tuple() == by_name
    deployment = world.parameters.deployment
    addresses = tuple(getattr(deployment, part["name"]) for part in structs[0]["components"])
    assert deployment.as_tuple() == addresses
    expected = encode(CONSTRUCTOR_TYPES, ("Proven ETH", "pvETH", addresses, by_name))
    assert world.parameters.encode_constructor() == expected


def test_what_the_constructor_fixed_can_be_read(world):
    vault, deployment = world.vault, world.parameters.deployment
    assert vault.BASE() == deployment.base
    assert vault.RISKY() == deployment.risky
    assert vault.POOL() == deployment.pool
    assert vault.PRICE_LOG() == deployment.price_log
    assert vault.VERIFIER() == deployment.verifier
    assert vault.SEQUENCER() == ZERO
    assert vault.INTERVAL() == INTERVAL
    assert vault.strategy_of(world.epoch) == (deployment.strategy, deployment.strategy_hash)
