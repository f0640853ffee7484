"""The code that a vault's Zap must have, compared with what the constructor leaves."""

import boa
import pytest

from contracts.zap_code import zap_runtime
from tests.contracts.support.evm import deploy
from tests.contracts.support.vault_world import Market, unopened


@pytest.mark.parametrize("risky_is_token0", [False, True])
def test_the_constructor_leaves_the_code_that_is_expected_of_it(risky_is_token0):
    with unopened(Market(6, 18, risky_is_token0=risky_is_token0)) as world:
        zap, vault = deploy("Zap", world.vault.address), world.vault
        market = {"pool": vault.POOL(), "base": vault.BASE(), "risky": vault.RISKY()}
        expected = zap_runtime(vault=vault.address, **market, token0=world.pool.token0())
        assert bytes(boa.env.get_code(zap.address)) == expected
        assert expected[-1] == risky_is_token0
