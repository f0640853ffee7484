"""What the agent writes and says while it decides holds no passphrase, no key, no weights and no blinding."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.agent.support.live_vault import LiveVault, write_light_keystore
from tests.agent.test_agent_restart import PASSPHRASE, PATIENCE_SECS, Agents
from tests.audit.support.lying_proxy import lying_proxy

ROOT = Path(__file__).resolve().parents[2]
SCALAR_BYTES = 32
PROVIDER_KEY = "hidden-key-of-a-provider"


def spellings(secret: bytes) -> Iterator[bytes]:
    """Give the ways in which a file or a log could show some bytes."""
    yield secret
    yield secret.hex().encode()
    yield repr(secret)[2:-1].encode()
    yield str(int.from_bytes(secret, "big")).encode()
    yield str(int.from_bytes(secret, "little")).encode()


def secrets_of(live: LiveVault, folder: Path) -> dict[str, bytes]:
    """Return what must not show: passphrase, private key, and parts of each secret file."""
    found = {
        "passphrase": PASSPHRASE.encode(),
        "private key": bytes(live.operator.key),
        "key of the node's provider": PROVIDER_KEY.encode(),
    }
    for file in sorted((folder / "secret").iterdir()):
        content = file.read_bytes()
        for at in range(0, len(content) - SCALAR_BYTES, SCALAR_BYTES):
            part = content[at : at + SCALAR_BYTES]
            if len(set(part)) > SCALAR_BYTES // 2:  # not padding, nor a header of zeros
                found[f"{file.name} at {at}"] = part
    return found


def test_a_decision_leaves_no_secret_behind(live: LiveVault, tmp_path: Path) -> None:
    with lying_proxy(live.node.rpc_url, lambda method, params, result: result) as url:
        agents = Agents(live, tmp_path, rpc_url=f"{url}/v2/{PROVIDER_KEY}?id={PROVIDER_KEY}")
        done, epoch = decide_once(live, agents, tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(live.decisions()) == [epoch]
    assert b"decision confirmed" in done.stderr, "the log says what was done"
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path != agents.config}
    assert any(name.startswith("journal") for name in written)
    written |= {"stdout": done.stdout, "stderr": done.stderr}
    secrets = secrets_of(live, live.strategy_folder)
    assert {name.split(" at ")[0] for name in secrets} >= {"passphrase", "private key", "blinding.bin"}
    shown = {
        (name, place)
        for name, secret in secrets.items()
        for spelling in spellings(secret)
        for place, content in written.items()
        if spelling in content
    }
    assert shown == set()


def decide_once(
    live: LiveVault, agents: Agents, folder: Path
) -> tuple[subprocess.CompletedProcess[bytes], int]:
    """Let the agent decide one epoch, logging all that it can; return what it said, and the epoch."""
    write_light_keystore(folder / "key.json", live.operator, PASSPHRASE)
    epoch = live.next_epoch()
    words = [sys.executable, "-m", "agent", "-vv", "--log-json", "agent", "run", "--live", "--once", "--json"]
    done = subprocess.run(
        [*words, "--config", str(agents.config)],
        env={**os.environ, **agents.environment},
        cwd=ROOT,
        capture_output=True,
        timeout=10 * PATIENCE_SECS,
        check=False,
    )
    return done, epoch
