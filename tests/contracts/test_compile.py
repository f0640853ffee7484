"""Contracts compile from package data, and a kept result is used only while it is whole and current."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from contracts import compile as compiling
from contracts.compile import CODE_SIZE_LIMIT, compile_contract, deploy
from contracts.errors import CompileError, DeployError, RefusalError
from contracts.node import Anvil
from contracts.refusal import reason_in, refusal_of

SOURCE = """# pragma version 0.4.3
# pragma nonreentrancy on
from .interfaces import IThing
implements: IThing
LIMIT: public(immutable(uint256))

@deploy
def __init__(limit: uint256):
    assert limit > 0, "limit"
    LIMIT = limit

@external
def spend(amount: uint256) -> uint256:
    assert amount <= LIMIT, "cap"
    return 1
"""
INTERFACE = """# pragma version 0.4.3
@external
def spend(amount: uint256) -> uint256: ...
"""


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package of contracts with an empty cache."""
    root = tmp_path / "sources"
    (root / "interfaces").mkdir(parents=True)
    (root / "Thing.vy").write_text(SOURCE)
    (root / "interfaces" / "IThing.vyi").write_text(INTERFACE)
    monkeypatch.setattr(compiling, "source_folder", lambda: root)
    monkeypatch.setattr(compiling, "cache_folder", lambda: tmp_path / "cache")
    return root


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were really compiled."""
    names: list[str] = []
    real = compiling._compile

    def counted(name: str, source: Path) -> object:
        names.append(name)
        return real(name, source)

    monkeypatch.setattr(compiling, "_compile", counted)
    return names


def kept_file() -> Path:
    return compiling._kept_path("Thing")


def test_a_kept_result_equals_a_fresh_one(sources: Path, compilations: list[str]) -> None:
    fresh = compile_contract("Thing")
    assert compile_contract("Thing") == fresh and compilations == ["Thing"]
    assert len(fresh.source_digest) == 64
    assert fresh.runtime_size == len(fresh.runtime_bytecode) + 32  # one immutable
    kept_file().unlink()
    assert compile_contract("Thing") == fresh and compilations == ["Thing"] * 2


def test_bytecode_does_not_depend_on_where_the_sources_lie(
    sources: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = compile_contract("Thing")
    shutil.copytree(sources, tmp_path / "elsewhere")
    monkeypatch.setattr(compiling, "source_folder", lambda: tmp_path / "elsewhere")
    monkeypatch.setattr(compiling, "cache_folder", lambda: tmp_path / "other cache")
    assert compile_contract("Thing") == here


@pytest.mark.parametrize("changed", ["Thing.vy", "interfaces/IThing.vyi"])
def test_a_change_of_any_source_compiles_again(sources: Path, compilations: list[str], changed: str) -> None:
    before = compile_contract("Thing")
    path = sources / changed
    path.write_text(path.read_text() + "# more\n")
    after = compile_contract("Thing")
    assert compilations == ["Thing"] * 2 and after.source_digest != before.source_digest


@pytest.mark.parametrize(
    "field", ["format", "name", "sources", "abi", "bytecode", "runtime_bytecode", "runtime_size"]
)
def test_a_kept_result_with_any_field_changed_is_not_used(
    sources: Path, compilations: list[str], field: str
) -> None:
    fresh = compile_contract("Thing")
    entry = json.loads(kept_file().read_text())
    entry["body"][field] = {"Thing.vy": "00"} if field == "sources" else "00"
    kept_file().write_text(json.dumps(entry))
    assert compile_contract("Thing") == fresh and compilations == ["Thing"] * 2


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"sha256": "", "body": {}}'])
def test_a_damaged_kept_result_is_not_used(sources: Path, compilations: list[str], content: bytes) -> None:
    fresh = compile_contract("Thing")
    kept_file().write_bytes(content)
    assert compile_contract("Thing") == fresh and compilations == ["Thing"] * 2


def test_a_cache_that_cannot_be_written_does_no_harm(
    sources: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(compiling, "cache_folder", lambda: tmp_path / "file" / "cache")
    assert compile_contract("Thing").runtime_size > 0


def test_what_cannot_be_compiled_is_refused_by_name(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CompileError, match="there is no contract named Absent"):
        compile_contract("Absent")
    (sources / "Broken.vy").write_text("# pragma version 0.4.3\nx: unknown\n")
    with pytest.raises(CompileError, match="Broken does not compile"):
        compile_contract("Broken")
    (sources / "Missing.vy").write_text("# pragma version 0.4.3\nfrom .interfaces import Nothing\n")
    with pytest.raises(CompileError, match="Missing does not compile"):
        compile_contract("Missing")
    monkeypatch.setattr(compiling, "version", lambda name: "0.4.2")
    with pytest.raises(CompileError, match=r"vyper 0\.4\.3 is needed and 0\.4\.2 is installed"):
        compile_contract("Thing")


def test_a_contract_above_the_size_limit_is_refused(sources: Path) -> None:
    blob = "5a" * 2_000
    returns = "\n".join(
        f'@external\ndef f{i}() -> Bytes[2000]:\n    return x"{i:04x}{blob[4:]}"\n' for i in range(13)
    )
    (sources / "Large.vy").write_text("# pragma version 0.4.3\n" + returns)
    with pytest.raises(CompileError, match=rf"Large takes 3\d{{4}} bytes .* limit is {CODE_SIZE_LIMIT}$"):
        compile_contract("Large")


def test_deployed_code_is_what_was_compiled(chain: Anvil, sources: Path) -> None:
    compiled = compile_contract("Thing")
    contract = deploy(chain.web3, compiled, 7, sender=chain.accounts[0])
    code = bytes(chain.web3.eth.get_code(contract.address))
    assert code == compiled.runtime_bytecode + (7).to_bytes(32, "big")
    assert len(code) == compiled.runtime_size
    assert contract.functions.LIMIT().call() == 7


@pytest.mark.parametrize("gas", [compiling.DEPLOY_GAS, None])
def test_a_refused_deployment_gives_the_reason(chain: Anvil, sources: Path, gas: int | None) -> None:
    compiled = compile_contract("Thing")
    with pytest.raises(DeployError, match=r"^Thing cannot be deployed: (execution reverted: )?limit$"):
        deploy(chain.web3, compiled, 0, sender=chain.accounts[0], gas=gas)


def test_a_deployment_without_gas_is_refused(chain: Anvil, sources: Path) -> None:
    compiled = compile_contract("Thing")
    with pytest.raises(DeployError, match="its creation fails after 90000 gas"):
        deploy(chain.web3, compiled, 7, sender=chain.accounts[0], gas=90_000)
    empty = replace(compiled, bytecode=bytes.fromhex("5f5ff3"))
    with pytest.raises(DeployError, match="its creation leaves no code"):
        deploy(chain.web3, empty, 7, sender=chain.accounts[0])


def test_the_reason_of_a_mined_refusal_is_read_by_replay(chain: Anvil, sources: Path) -> None:
    contract = deploy(chain.web3, compile_contract("Thing"), 7, sender=chain.accounts[0])
    sent = {"from": chain.accounts[0], "gas": 100_000}
    with chain.held_mining():  # the replay must happen behind the transactions before it in the block
        accepted = contract.functions.spend(7).transact(sent)
        refused = contract.functions.spend(8).transact(sent)
        starved = contract.functions.spend(7).transact({**sent, "gas": 21_520})
    receipt = chain.web3.eth.wait_for_transaction_receipt(refused)
    assert receipt["status"] == 0 and refusal_of(chain.web3, refused) == "cap"
    assert chain.web3.eth.get_transaction_receipt(starved)["status"] == 0
    assert refusal_of(chain.web3, starved) == ""
    with pytest.raises(RefusalError, match="was not refused"):
        refusal_of(chain.web3, accepted)
    with pytest.raises(RefusalError, match="cannot be replayed"):
        refusal_of(chain.web3, b"\x11" * 32)


@pytest.mark.parametrize("returned", ["", "08", "4e487b71" + "00" * 32, "08c379a0" + "ff" * 64])
def test_what_is_no_reason_reads_as_none(returned: str) -> None:
    assert reason_in(bytes.fromhex(returned)) == ""


def test_every_contract_holds_a_lock_by_default() -> None:
    contracts = sorted(compiling.source_folder().glob("*.vy"))
    assert any(path.name == "PriceLog.vy" for path in contracts)
    for path in contracts:
        lines = path.read_text().splitlines()
        assert "# pragma nonreentrancy on" in lines and "# pragma version 0.4.3" in lines, path.name


def test_a_kept_result_is_read_without_the_compiler() -> None:
    compile_contract("PriceLog")
    script = """
import sys
from contracts.compile import compile_contract
compile_contract("PriceLog")
sys.exit(9 if "vyper" in sys.modules else 0)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
