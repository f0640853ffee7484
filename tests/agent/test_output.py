"""Results, refusals and exit codes: what goes to stdout, what to stderr."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import typer
from rich.table import Table

from agent.errors import AgentError, InvalidOptionError
from agent.output import CommandResult, emit, run_command, to_json


class RefusedByTestError(AgentError):
    """Stand for a refusal."""


class NamedByTestError(AgentError):
    """Stand for a refusal whose name is finer than its class."""

    name = "too_late"


def raising(error: BaseException) -> Callable[[], dict[str, object]]:
    """Return an action that raises an error."""

    def action() -> dict[str, object]:
        raise error

    return action


def test_json_keeps_integers_exact_and_writes_bytes_and_paths_as_text() -> None:
    text = to_json({"wei": 2**255 + 1, "code": b"\x01\xff", "path": Path("a/b"), "count": np.int64(-7)})
    assert json.loads(text) == {"wei": 2**255 + 1, "code": "0x01ff", "path": "a/b", "count": -7}


@pytest.mark.parametrize("value", [Decimal("0.1"), {1, 2}, object()])
def test_json_refuses_what_has_no_exact_form(value: object) -> None:
    with pytest.raises(TypeError, match="has no exact form in JSON"):
        to_json({"value": value})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_refuses_floats_that_are_not_finite(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"value": value})


def test_emit_writes_one_document_or_what_render_draws(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"a": 1}, json=True, render=lambda _: "drawn")
    assert json.loads(capsys.readouterr().out) == {"a": 1}
    emit({"a": 1}, json=False, render=lambda document: f"a is {document['a']} [bold]")
    assert capsys.readouterr().out == "a is 1 [bold]\n"
    emit({"a": 1}, json=False)
    assert json.loads(capsys.readouterr().out) == {"a": 1}


def test_emit_draws_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("epoch", "target")
    table.add_row("12", "10000")
    emit({}, json=False, render=lambda _: table)
    captured = capsys.readouterr()
    assert "epoch" in captured.out
    assert "10000" in captured.out
    assert captured.err == ""


def test_a_stray_print_does_not_reach_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    def action() -> dict[str, object]:
        print("noise")
        return {"done": True}

    run_command(action, json=True)
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"done": True}
    assert captured.err == "noise\n"


def test_a_refusal_is_a_sentence_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left:
        run_command(raising(RefusedByTestError("The window is closed.")), json=False)
    captured = capsys.readouterr()
    assert left.value.exit_code == 1
    assert captured.out == ""
    assert captured.err == "RefusedByTestError: The window is closed.\n"


@pytest.mark.parametrize(
    ("error", "name", "message"),
    [
        (RefusedByTestError("Closed."), "RefusedByTestError", "Closed."),
        (RefusedByTestError(), "RefusedByTestError", "RefusedByTestError"),
        (NamedByTestError("Late."), "too_late", "Late."),
        (
            InvalidOptionError("--fee", -1, "0 or more"),
            "InvalidOptionError",
            "--fee is -1, expected 0 or more.",
        ),
        (
            FileNotFoundError(2, "No such file", "a.json"),
            "MissingFileError",
            "a.json does not exist; check the path.",
        ),
        (
            PermissionError(13, "Permission denied", "a.json"),
            "UnreadableFileError",
            "a.json cannot be used: permission denied.",
        ),
    ],
)
def test_a_refusal_under_json_is_one_document(
    error: Exception, name: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as left:
        run_command(raising(error), json=True)
    captured = capsys.readouterr()
    assert left.value.exit_code == 1
    assert json.loads(captured.out) == {"error": {"name": name, "message": message}}
    assert captured.err == ""


@pytest.mark.parametrize(
    ("module", "root"),
    [
        ("agent.errors", "AgentError"),
        ("contracts.errors", "ContractsError"),
        ("prover.errors", "ProverError"),
    ],
)
def test_the_root_error_of_every_package_is_a_refusal(
    module: str, root: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error_class = getattr(__import__(module, fromlist=[root]), root)
    body = {"__init__": lambda self: None, "__str__": lambda self: "No."}
    refused = type("RefusedByTestError", (error_class,), body)
    with pytest.raises(typer.Exit):
        run_command(raising(refused()), json=False)
    assert capsys.readouterr().err == "RefusedByTestError: No.\n"


def test_a_defect_is_named_and_keeps_its_traceback_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left:
        run_command(raising(KeyError("epoch")), json=True)
    captured = capsys.readouterr()
    assert left.value.exit_code == 1
    error = json.loads(captured.out)["error"]
    assert error["name"] == "InternalError"
    assert "KeyError: 'epoch'" in error["message"]
    assert "Traceback" in captured.err


def test_a_result_that_cannot_be_written_is_a_defect_and_leaves_stdout_to_the_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as left:
        run_command(lambda: {"value": object()}, json=True)
    assert left.value.exit_code == 1
    assert json.loads(capsys.readouterr().out)["error"]["name"] == "InternalError"


def test_an_interruption_leaves_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left:
        run_command(raising(KeyboardInterrupt()), json=True)
    assert left.value.exit_code == 130
    assert capsys.readouterr().out == ""


def test_a_result_can_be_complete_and_still_refuse(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left:
        run_command(lambda: CommandResult({"wrong": [7]}, exit_code=1), json=True)
    assert left.value.exit_code == 1
    assert json.loads(capsys.readouterr().out) == {"wrong": [7]}


def test_a_usage_error_passes_through_to_the_frame() -> None:
    with pytest.raises(typer.BadParameter):
        run_command(raising(typer.BadParameter("no")), json=False)
