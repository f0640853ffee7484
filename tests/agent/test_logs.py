"""Logs go to stderr, as text or JSON lines, and carry no secret."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from agent.logs import BLANK, configure_logs, redacted

SECRET = "correct horse battery staple"


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    """Leave the process's logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "key",
    [
        "passphrase",
        "keystore_passphrase",
        "password",
        "PASSWORD",
        "private_key",
        "secret",
        "client_secret",
        "mnemonic",
        "api_key",
        "apikey",
        "access_token",
        "Authorization",
        "blinding",
        "weights",
        "witness",
        "notify_urls",
    ],
)
def test_a_secret_key_is_blanked_at_any_depth(key: str) -> None:
    assert redacted({key: SECRET}) == {key: BLANK}
    assert redacted({"deep": [{"deeper": {key: [SECRET]}}]}) == {"deep": [{"deeper": {key: BLANK}}]}


@pytest.mark.parametrize("key", ["epoch", "seed", "target_bps", "token", "strategy_commitment", "passed"])
def test_other_keys_are_shown(key: str) -> None:
    assert redacted({key: 7}) == {key: 7}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:pw@node.example/rpc", f"https://{BLANK}@node.example/rpc"),
        ("tgram://12345@chat", f"tgram://{BLANK}@chat"),
        ("GET https://a.example/?apikey=abc&x=1 failed", f"GET https://a.example/?apikey={BLANK}&x=1 failed"),
        ("https://node.example/rpc", "https://node.example/rpc"),
    ],
)
def test_credentials_inside_urls_are_blanked(text: str, shown: str) -> None:
    assert redacted(text) == shown
    assert redacted({"rpc_url": [text]}) == {"rpc_url": [shown]}


def test_long_bytes_are_cut() -> None:
    assert redacted(b"\x01" * 32) == "0x" + "01" * 32
    assert redacted(b"\x01" * 33) == "0x" + "01" * 32 + "... (33 bytes)"


@pytest.mark.parametrize("as_json", [True, False])
def test_an_event_goes_to_stderr_without_its_secrets(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(json=as_json, verbosity=1)
    logger = structlog.get_logger("agent.pipeline")
    logger.info("decided", epoch=7, passphrase=SECRET, nested={"weights": [SECRET]})
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "decided" in captured.err
    assert "correct" not in captured.err
    if as_json:
        event = json.loads(captured.err)
        assert event["epoch"] == 7
        assert event["level"] == "info"
        assert event["logger"] == "agent.pipeline"
        assert event["passphrase"] == BLANK
        assert event["nested"] == {"weights": BLANK}


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_no_local_variable_and_no_url_credential(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(json=as_json)
    passphrase = SECRET
    try:
        raise ConnectionError("https://user:pw@node.example did not answer")
    except ConnectionError:
        structlog.get_logger().exception("lost")
    captured = capsys.readouterr()
    assert passphrase not in captured.err
    assert "user:pw" not in captured.err
    assert "did not answer" in captured.err


def test_records_of_other_libraries_take_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(json=True)
    logging.getLogger("apscheduler").warning("missed %s at %s", "run", "https://u:p@h/x")
    event = json.loads(capsys.readouterr().err)
    assert event["event"] == f"missed run at https://{BLANK}@h/x"
    assert event["logger"] == "apscheduler"


@pytest.mark.parametrize(
    ("verbosity", "shown"), [(0, ["warning"]), (1, ["info", "warning"]), (2, ["debug", "info", "warning"])]
)
def test_verbosity_sets_the_level(
    verbosity: int, shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(json=True, verbosity=verbosity)
    logger = structlog.get_logger()
    logger.debug("d")
    logger.info("i")
    logger.warning("w")
    assert [json.loads(line)["level"] for line in capsys.readouterr().err.splitlines()] == shown


def fresh(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process that has imported nothing yet, with logs configured."""
    begin = "import logging, sys\nfrom agent.logs import configure_logs\nconfigure_logs(json=True)\n"
    return subprocess.run(
        [sys.executable, "-c", begin + program], capture_output=True, text=True, timeout=300, check=True
    )


def test_a_process_that_logs_nothing_does_not_import_structlog() -> None:
    ran = fresh("logging.getLogger('a').info('below the level'); sys.exit('structlog' in sys.modules)")
    assert ran.stderr == ""


FIRST_RECORDS = {
    "the standard library's": "logging.getLogger('a').warning('lost %s', 'https://u:pw@h/x')",
    "structlog's": "import structlog; structlog.get_logger('a').warning('lost https://u:pw@h/x')",
    "one bound with a secret": (
        "import structlog; structlog.get_logger('a').bind(passphrase='pw').warning('lost https://u:pw@h/x')"
    ),
    "structlog's by a submodule": (
        "from structlog.stdlib import get_logger; get_logger('a').warning('lost https://u:pw@h/x')"
    ),
    "structlog's after other logs": (
        "configure_logs(json=True); import structlog; structlog.get_logger('a').warning('lost https://u:pw@h/x')"
    ),
}


@pytest.mark.parametrize("program", FIRST_RECORDS.values(), ids=FIRST_RECORDS)
def test_the_first_record_of_a_process_is_redacted(program: str) -> None:
    ran = fresh(program)
    assert ran.stdout == ""
    event = json.loads(ran.stderr)
    assert event["event"] == f"lost https://{BLANK}@h/x"
    assert (event["level"], event["logger"]) == ("warning", "a")
    assert "pw" not in ran.stderr
