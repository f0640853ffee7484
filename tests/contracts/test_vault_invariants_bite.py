"""Each invariant of the random lives can fail: a contract is broken in one place, and a life says which."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from contracts import compile as compiling
from tests.contracts.support import vault_world
from tests.contracts.support.evm import Deployed
from tests.contracts.support.vault_life import VaultLife
from tests.contracts.support.vault_life_ledger import BrokenError
from tests.contracts.support.vault_life_stage import market_of, stage

LIVES = 120  # most lives until a broken contract is noticed; a handful is usual


@dataclass(frozen=True)
class Break:
    """One change of a source that breaks one invariant."""

    invariant: str
    was: str
    becomes: str
    source: str = "Vault.vy"


BREAKS = [
    Break("V1", "self.owed[to][token] += amount", "self.owed[to][token] += amount + 1"),
    Break("V1", "self.owed[msg.sender][token] = 0", "self.owed[msg.sender][token] = amount"),
    Break("V2", "full_math.mul_div_up(shares, base, supply)", "full_math.mul_div_down(shares, base, supply)"),
    Break(
        "V2",
        "risky_out: uint256 = full_math.mul_div_down(shares, self.risky, supply)",
        "risky_out: uint256 = full_math.mul_div_up(shares, self.risky, supply)",
    ),
    Break(
        "V3",
        'refusal.check(shares != 0, "amount")',
        'refusal.check(shares != 0 and block.timestamp < self.end_at, "amount")',
    ),
    Break(
        "V3",
        "    if hold:\n",
        "    if hold:\n        extcall IERC20(token).transfer(to, 0, default_return_value=True)\n",
    ),
    Break("V4", 'refusal.check(epoch == self._read_pinned().epoch, "early")', "pass"),
    Break("V4", "    self.fee = rate\n", "    self.fee = rate\n    self.base += 1\n"),
    Break(
        "V5",
        "    elif p.side != side:\n",
        "    elif p.side != side:\n        p.side = side\n        self._write_pinned(p)\n    elif False:\n",
    ),
    Break("section 5", "    elif p.side != side:\n", "    elif False:\n"),  # then the callback refuses to pay
    Break("V5", "    self.paying = wanted\n", "    self.paying = wanted\n    self.drip_left += 1\n"),
    Break("V6", "ref_tick + R.tolerance_ticks", "ref_tick + 8 * R.tolerance_ticks"),
    Break("V6", "ref_tick - R.tolerance_ticks", "ref_tick - 8 * R.tolerance_ticks"),
    Break("V7", "spent += full_math.mul_div_up(ONE, cost - worth, low)", "spent += 0"),
    Break("V7", "refill: uint256 = R.budget *", "refill: uint256 = 2 * R.budget *"),
    Break("V8", 'refusal.check(not self._bit(word, epoch), "decided")', "pass"),
    Break("V8", 'refusal.check(not self._bit(self.decided[epoch // 256], epoch), "decided")', "pass"),
    Break("V8", "block.timestamp <= epoch * INTERVAL + R.decide_secs", "True"),
    Break(
        "V9",
        "abi_encode(chain.id, self, epoch, VERIFIER)",
        "abi_encode(chain.id, msg.sender, epoch, VERIFIER)",
    ),
    Break(
        "V9", "inputs.append(convert(previous, int256))", "inputs.append(convert(block.timestamp, int256))"
    ),
    Break("V10", "erc20.totalSupply * self.fee // ONE", "2 * erc20.totalSupply * self.fee // ONE"),
    Break("V10", 'refusal.check(rate < self.fee, "cap")', "pass"),
    Break(
        "V11",
        "(block.timestamp + TIMELOCK_SECS) // EPOCH_SECS + 1",
        "block.timestamp // EPOCH_SECS + 1",
        "modules/strategy_pin.vy",
    ),
    Break(
        "V11",
        "    self._clear()\n    log StrategyRevoked",
        "    log StrategyRevoked",
        "modules/strategy_pin.vy",
    ),
    Break("V12", "    bond -= bounty + cut\n", "    bond -= bounty\n"),
    Break("V12", "block.timestamp >= end_at + R.unbond_secs", "block.timestamp >= end_at"),
    Break(
        "V13",
        "full_math.mul_div_down(ONE, self.risky, supply),",
        "full_math.mul_div_down(ONE, staticcall IERC20(RISKY).balanceOf(self), supply),",
    ),
    Break(
        "V14",
        "    erc20._burn(owner, shares)\n",
        "    erc20._burn(owner, shares)\n    at: uint256 = staticcall IPriceLog(PRICE_LOG).head()\n",
    ),
    Break(
        "V14",
        "    amount: uint256 = self.owed[msg.sender][token]\n",
        "    amount: uint256 = self.owed[msg.sender][token]\n"
        "    price: uint256 = convert((staticcall IUniswapV3Pool(POOL).slot0())[0], uint256)\n",
    ),
]


def test_every_break_is_of_the_present_source() -> None:
    """Each snippet stands once in its source, and every invariant is broken at least once."""
    for change in BREAKS:
        text = (compiling.source_folder() / change.source).read_text(encoding="utf-8")
        assert text.count(change.was) == 1, change
    assert [f"V{number}" for number in range(1, 15)] == sorted(
        {change.invariant for change in BREAKS} - {"section 5"}, key=lambda name: int(name[1:])
    )


@pytest.fixture
def broken(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Break:
    """Deploy vaults compiled from a broken source."""
    change: Break = request.param
    root = tmp_path / "contracts"
    shutil.copytree(compiling.source_folder(), root, ignore=shutil.ignore_patterns("*.py", "node_modules"))
    path = root / change.source
    path.write_text(path.read_text(encoding="utf-8").replace(change.was, change.becomes), encoding="utf-8")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(compiling, "source_folder", lambda: root)
        elsewhere.setattr(compiling, "cache_folder", lambda: tmp_path / "cache")
        compiled = compiling.compile_contract("Vault")
    real = vault_world.deploy

    def deploy(name: str, *args: Any, **options: Any) -> Deployed:
        if name != "Vault":
            return real(name, *args, **options)
        with monkeypatch.context() as here:
            here.setattr("tests.contracts.support.evm.compile_contract", lambda _: compiled)
            return real(name, *args, **options)

    monkeypatch.setattr(vault_world, "deploy", deploy)
    return change


def name_of(change: Break) -> str:
    return f"{change.invariant}-{BREAKS.index(change)}"


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("broken", BREAKS, ids=name_of, indirect=True)
def test_a_broken_contract_is_noticed_by_the_invariant_that_it_breaks(broken: Break) -> None:
    with (
        stage([market_of((18, 6), False)]),  # tokens that freeze, and days that pass quickly
        pytest.raises(BrokenError, match=rf"^{broken.invariant} is broken"),
    ):
        run_state_machine_as_test(
            VaultLife,
            settings=settings(
                max_examples=LIVES,
                stateful_step_count=60,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
