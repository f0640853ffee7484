"""What prove, verify, agent, audit and demo import never loads the training tools, and help stays quick."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Every module of these packages is imported, whatever command it serves.
RUNNING = ("agent", "audit", "contracts", "prover")
TRAINING_TOOLS = ("onnxruntime", "onnxscript", "torch")
HEAVY_AT_START = (*TRAINING_TOOLS, "ccxt", "numba", "numpy", "onnx", "polars", "vyper", "web3")

PROBE = """
import importlib, json, pkgutil, sys
names = []
for package in {packages!r}:
    names.append(package)
    module = importlib.import_module(package)
    for found in pkgutil.walk_packages(module.__path__, package + "."):
        if found.name.rsplit(".", 1)[-1] != "__main__":
            importlib.import_module(found.name)
            names.append(found.name)
json.dump({{"imported": names, "loaded": sorted(sys.modules)}}, sys.stdout)
"""


def probe(packages: tuple[str, ...], folder: Path) -> tuple[list[str], set[str]]:
    """Import every module of some packages in a new interpreter; return their names and what was loaded.

    Raises: RuntimeError when an import fails.
    """
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", PROBE.format(packages=packages)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"importing {', '.join(packages)} failed: {done.stderr.strip()}")
    answer = json.loads(done.stdout)
    return answer["imported"], {name.split(".")[0] for name in answer["loaded"]}


def test_running_never_loads_the_training_tools(root: Path) -> None:
    imported, loaded = probe(RUNNING, root)
    assert {name.split(".")[0] for name in imported} == set(RUNNING)
    assert {"agent.cli", "agent.output"} <= set(imported)
    assert loaded.isdisjoint(TRAINING_TOOLS), sorted(loaded & set(TRAINING_TOOLS))


def test_a_training_tool_behind_two_imports_is_found(tmp_path: Path) -> None:
    for name, source in {
        "outer/__init__.py": "",
        "outer/quiet.py": "import between",
        "between.py": "import torch.nn",
        "torch/__init__.py": "",
        "torch/nn.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source)
    imported, loaded = probe(("outer",), tmp_path)
    assert imported == ["outer", "outer.quiet"]
    assert "torch" in loaded


def test_a_module_that_cannot_be_imported_fails_the_check(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").write_text("import nothing_of_that_name")
    with pytest.raises(RuntimeError, match="nothing_of_that_name"):
        probe(("broken",), tmp_path)


def test_the_command_line_starts_without_heavy_packages(root: Path) -> None:
    source = "import sys, agent.cli; agent.cli.run(['--help']); sys.stderr.write(repr(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, cwd=root, check=True
    )
    loaded = {name.split(".")[0] for name in ast.literal_eval(done.stderr)}
    assert "typer" in loaded
    assert loaded.isdisjoint(HEAVY_AT_START), sorted(loaded & set(HEAVY_AT_START))
