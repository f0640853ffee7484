"""Run anvil, a local Ethereum node, as a child process on loopback.

The platform binary is started itself and in a process group of its own, so that ending it ends everything.
It picks its own port (port 0) and prints it; nothing talks to that port before the line has been read and
while the child is not alive. The code size limit of EIP-170 stays in force.
"""

import atexit
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eth_typing import ChecksumAddress
from requests.exceptions import RequestException
from web3 import HTTPProvider, Web3
from web3.types import RPCEndpoint

from contracts.errors import AnvilError
from contracts.toolchain import find_anvil

HOST = "127.0.0.1"
LISTENING = re.compile(r"^Listening on 127\.0\.0\.1:(\d+)\s*$", re.MULTILINE)
START_SECS = 30.0
STOP_SECS = 10.0
DYING_SECS = 1.0
REQUEST_SECS = 60.0
FOLDER_PREFIX = "provault-anvil-"


class Anvil:
    """A local node that lives as long as its context.

    Parameters
    ----------
    port
        0 lets the node choose.
    hardfork
        `prague` or later: the proof check needs the BLS12-381 precompiles of EIP-2537.
    block_gas_limit
        Gas of one block, hence the most that one transaction may spend.
    genesis_secs
        Unix time of block 0; `None` is now.
    base_fee_wei
        Base fee of the first block; `None` leaves it to the node.
    options
        Further command line options for anvil.
    keep
        Leave the node running when the context and the interpreter end; `contracts.kept_node` ends it.

    Raises
    ------
    ToolchainError
        When anvil is not installed.
    AnvilError
        When it does not start, with the last line that it printed.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        hardfork: str = "prague",
        chain_id: int = 31337,
        block_gas_limit: int = 36_000_000,
        genesis_secs: int | None = None,
        accounts: int = 10,
        base_fee_wei: int | None = None,
        options: Sequence[str] = (),
        keep: bool = False,
        binary: Path | None = None,
    ) -> None:
        self.binary = binary or find_anvil()
        self.keep = keep
        self._arguments = [f"--port={port}", f"--host={HOST}", f"--hardfork={hardfork}"]
        self._arguments += [f"--chain-id={chain_id}", f"--gas-limit={block_gas_limit}"]
        self._arguments.append(f"--accounts={accounts}")
        if genesis_secs is not None:
            self._arguments.append(f"--timestamp={genesis_secs}")
        if base_fee_wei is not None:
            self._arguments.append(f"--block-base-fee-per-gas={base_fee_wei}")
        self._options = list(options)
        self._child: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._log = Path()
        self._provider: HTTPProvider | None = None
        self._web3: Web3 | None = None
        self.rpc_url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.keep:
            self.close()

    def start(self) -> None:
        """Start the node and wait until it answers.

        Raises
        ------
        AnvilError
            When it is already running, dies, or does not answer in time.
        """
        if self._child is not None:
            raise AnvilError("this anvil is already running")
        self._folder = folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        self._log = folder / "log.txt"
        command = [str(self.binary), *self._arguments, f"--cache-path={folder / 'states'}", *self._options]
        try:
            with self._log.open("wb") as log:
                self._child = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            self.close()
            raise AnvilError(f"anvil does not start: {error}") from error
        if not self.keep:
            atexit.register(self.close)
        try:
            self._connect()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the node and everything it started; harmless when it has ended already."""
        atexit.unregister(self.close)
        child, self._child = self._child, None
        if child is not None:
            _end_group(child)
        if self._provider is not None:
            _close_sessions(self._provider)
        self._provider, self._web3 = None, None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    @property
    def web3(self) -> Web3:
        """Return a client of this node."""
        if self._web3 is None:
            raise AnvilError("anvil is not running")
        return self._web3

    @property
    def process_id(self) -> int:
        """Return the process id of the node."""
        if self._child is None:
            raise AnvilError("anvil is not running")
        return self._child.pid

    @property
    def accounts(self) -> list[ChecksumAddress]:
        """Return the funded development accounts, whose keys the node holds."""
        return list(self.web3.eth.accounts)

    @property
    def now_secs(self) -> int:
        """Return the time of the latest block."""
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def request(self, method: str, *params: object) -> Any:  # noqa: ANN401
        """Send one JSON-RPC request and return its result.

        Raises
        ------
        AnvilError
            When the node is dead (with its last line) or answers with an error.
        """
        self.check_alive()
        try:
            answer = self.web3.provider.make_request(RPCEndpoint(method), list(params))
        except RequestException as error:
            self._wait_for_end(DYING_SECS)
            self.check_alive()
            raise AnvilError(f"anvil does not answer {method}: {error}") from error
        if "error" in answer:
            problem = answer["error"]
            text = problem if isinstance(problem, str) else problem.get("message", problem)
            raise AnvilError(f"anvil refuses {method}: {text}")
        return answer.get("result")

    def check_alive(self) -> None:
        """Refuse to go on when the node has died.

        Raises
        ------
        AnvilError
            With the exit status and the last line that the node printed.
        """
        if self._child is None:
            raise AnvilError("anvil is not running")
        code = self._child.poll()
        if code is not None:
            raise AnvilError(f"anvil ended with status {code}; its last line: {self._last_line()}")

    def mine(self, secs: int | None = None) -> int:
        """Mine one block, at unix time `secs` when given, and return its time."""
        if secs is None:
            self.request("evm_mine")
        else:
            self.request("evm_mine", hex(secs))
        return self.now_secs

    def set_next_timestamp(self, secs: int) -> None:
        """Set the unix time of the next block; later blocks go on from there by the wall clock."""
        self.request("evm_setNextBlockTimestamp", hex(secs))

    def snapshot(self) -> str:
        """Keep the present state and return its name for `revert`, which uses it up."""
        return str(self.request("evm_snapshot"))

    def revert(self, snapshot: str) -> None:
        """Return to a kept state.

        Raises
        ------
        AnvilError
            When there is no such state, for instance because it was used before.
        """
        if self.request("evm_revert", snapshot) is not True:
            raise AnvilError(f"anvil keeps no state {snapshot}")

    def set_code(self, address: str, code: bytes) -> None:
        """Replace the code at an address, leaving its storage."""
        self.request("anvil_setCode", address, "0x" + code.hex())

    def set_balance(self, address: str, amount_wei: int) -> None:
        """Set the ether balance of an address."""
        self.request("anvil_setBalance", address, hex(amount_wei))

    @contextmanager
    def impersonate(self, address: str) -> Iterator[ChecksumAddress]:
        """Let transactions be sent from an address whose key nobody holds."""
        self.request("anvil_impersonateAccount", address)
        try:
            yield Web3.to_checksum_address(address)
        finally:
            self.request("anvil_stopImpersonatingAccount", address)

    @contextmanager
    def held_mining(self) -> Iterator[None]:
        """Hold transactions back; they are mined in one block when the context ends."""
        self.request("evm_setAutomine", False)
        try:
            yield
        finally:
            self.request("evm_mine")
            self.request("evm_setAutomine", True)

    def _connect(self) -> None:
        until = time.monotonic() + START_SECS
        while True:
            self.check_alive()
            found = LISTENING.search(self._log.read_text(errors="replace"))
            if found:
                break
            if time.monotonic() > until:
                raise AnvilError(
                    f"anvil names no port after {START_SECS:.0f} s; its last line: {self._last_line()}"
                )
            time.sleep(0.01)
        self.rpc_url = f"http://{HOST}:{found[1]}"
        self._provider = HTTPProvider(
            self.rpc_url,
            request_kwargs={"timeout": REQUEST_SECS},
            cache_allowed_requests=True,  # the client asks for the chain id before almost every request
            cacheable_requests={RPCEndpoint("eth_chainId")},
        )
        self._web3 = Web3(self._provider)
        while not self._web3.is_connected():
            self.check_alive()
            if time.monotonic() > until:
                raise AnvilError(f"anvil does not answer at {self.rpc_url} after {START_SECS:.0f} s")
            time.sleep(0.01)

    def _wait_for_end(self, secs: float) -> None:
        """Give a dying node time to end: its connections break before its last thread is gone."""
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(secs)

    def _last_line(self) -> str:
        lines = [line.strip() for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else "(it printed nothing)"


def _end_group(child: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, sign)
        try:
            child.wait(STOP_SECS)
        except subprocess.TimeoutExpired:
            continue
        return
    raise AnvilError(f"anvil (process {child.pid}) does not end")


def _close_sessions(provider: HTTPProvider) -> None:
    for _, session in provider._request_session_manager.session_cache.items():
        session.close()
