"""`provault strategy`: from a shipped model to a proof of one of its decisions."""

import json

import pytest

from agent.cli import run
from prover.compile.integer_model import evaluate


def document(capsys, *words):
    """Run a command; return its exit code and its one document."""
    code = run([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_shipped_model_is_compiled_committed_proven_and_verified(capsys, tmp_path, eth_model):
    folder = tmp_path / "eth"
    words = ("--model", "eth_mlp", "--objective", "time", "--out", str(folder))
    code, compiled = document(capsys, "strategy", "compile", *words)
    assert (code, compiled["inputs"]) == (0, 32)
    assert compiled["choice"]["considered"] > len(compiled["choice"]["candidates"]) > 1
    assert compiled["layout"].items() <= compiled["choice"]["candidates"][0].items()
    assert compiled["layout"]["bus_sums"] == 2
    layout = (folder / "public" / "layout.json").read_bytes()
    code, shown = document(capsys, "strategy", "show", "--strategy", str(folder))
    assert (code, shown["strategy_commitment"], shown["window_ticks"]) == (0, None, 33)
    code, committed = document(capsys, "strategy", "commit", "--strategy", str(folder))
    assert code == 0
    assert (folder / "public" / "layout.json").read_bytes() == layout
    code, shown = document(capsys, "strategy", "show", "--strategy", str(folder / "public"))
    assert (code, shown["strategy_commitment"]) == (0, committed["strategy_commitment"])
    assert "not seen" in shown["card"]

    inputs = [(-1) ** i * (7 * i % 60) for i in range(32)]
    (tmp_path / "inputs.json").write_text(json.dumps({"inputs": [str(x) for x in inputs]}))
    proof = tmp_path / "proof.json"
    code, proven = document(
        capsys,
        "prove",
        "--strategy",
        str(folder),
        "--input",
        str(tmp_path / "inputs.json"),
        "--out",
        str(proof),
    )
    assert code == 0
    assert proven["outputs"] == [str(x) for x in evaluate(eth_model.architecture, eth_model.weights, inputs)]
    code, verdict = document(capsys, "verify", "--strategy", str(folder / "public"), "--proof", str(proof))
    assert (code, verdict["valid"]) == (0, True)

    code, refused = document(capsys, "strategy", "compile", "--model", "eth_mlp", "--out", str(folder))
    assert (code, refused["error"]["name"]) == (1, "ArtefactError")


def test_strategies_are_listed(capsys):
    code, found = document(capsys, "strategy", "list")
    assert (code, found) == (0, {"trainable": ["mlp"], "shipped": ["eth_mlp"]})


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["train", "lmp", "--out", "m"], "ConfigError"),
        (["train", "mlp", "--out", "m", "--config", "absent.yaml"], "DataMissingError"),
        (["compile", "--model", "absent", "--out", "m"], "DataMissingError"),
        (["compile", "--model", "eth_mlp", "--out", "m", "--objective", "speed"], "InvalidOptionError"),
        (["commit", "--strategy", "absent"], "ArtefactError"),
        (["show", "--strategy", "absent"], "ArtefactError"),
    ],
)
def test_bad_input_is_refused_by_name(capsys, tmp_path, monkeypatch, words, name):
    monkeypatch.chdir(tmp_path)
    code, found = document(capsys, "strategy", *words)
    assert (code, found["error"]["name"]) == (1, name)
    assert list(tmp_path.iterdir()) == []


def test_training_says_which_data_it_misses(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("PROVAULT_DATA", str(tmp_path))
    code, found = document(capsys, "strategy", "train", "mlp", "--out", str(tmp_path / "m"))
    assert (code, found["error"]["name"]) == (1, "DataMissingError")
    assert "PROVAULT_DATA" in found["error"]["message"]
