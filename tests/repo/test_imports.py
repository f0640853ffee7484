"""Imports point one way, and the training tools stay out of what runs."""

import ast
from pathlib import Path

import pytest

PACKAGES = ("agent", "audit", "contracts", "prover", "strategies")

# What each package may import of the others: whole packages or subpackages.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "prover": (),
    "contracts": (),
    "strategies": ("prover.compile",),
    "agent": ("audit", "contracts", "prover", "strategies"),
    "audit": (),
}

TRAINING_TOOLS = ("onnxruntime", "onnxscript", "torch")
MAY_TRAIN = ("strategies",)
MAY_IMPORT_BY_VARIABLE = {Path("agent/cli.py"): "finds the command groups of its own package"}


def imported_modules(tree: ast.Module, path: Path) -> list[tuple[int, str]]:
    """Return (line, dotted name) of every import in a file, at any depth, with relative ones resolved.

    `from a import b` counts as `a.b`, so that a rule about a subpackage sees it. `import_module` and
    `__import__` count with their constant argument, or as `?` without one.
    """
    package = list(path.parent.parts)
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            found += [(node.lineno, f"{module}.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in ("import_module", "__import__"):
                argument = node.args[0] if node.args else None
                constant = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                found.append((node.lineno, argument.value if constant else "?"))
    return found


def within(module: str, package: str) -> bool:
    """Tell whether a dotted name is a package or something in it."""
    return module == package or module.startswith(package + ".")


def wrong_imports(source: str, path: Path) -> list[str]:
    """Return one sentence for each import of a file that its package may not make."""
    own = path.parts[0]
    wrong = []
    for line, module in imported_modules(ast.parse(source), path):
        allowed = any(within(module, other) for other in (own, *MAY_IMPORT[own]))
        if module == "?":
            if path not in MAY_IMPORT_BY_VARIABLE:
                wrong.append(f"{path}:{line} imports a module named by a variable")
        elif module.split(".")[0] in (*PACKAGES, "tests", "benchmarks") and not allowed:
            wrong.append(f"{path}:{line} imports {module}")
        elif own not in MAY_TRAIN and module.split(".")[0] in TRAINING_TOOLS:
            wrong.append(f"{path}:{line} imports the training tool {module}")
    return wrong


def test_imports_point_one_way(root: Path, python_files: list[Path]) -> None:
    ours = [path for path in python_files if path.parts[0] in PACKAGES]
    assert {path.parts[0] for path in ours} == set(PACKAGES)
    wrong = [line for path in ours for line in wrong_imports((root / path).read_text("utf-8"), path)]
    assert wrong == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("prover/protocol/prove.py", "import contracts"),
        ("prover/protocol/prove.py", "from agent.cli import main"),
        ("contracts/compile.py", "from prover.kernel import default_kernel"),
        ("contracts/compile.py", "def late():\n    import strategies.decision"),
        ("strategies/decision.py", "from prover import protocol"),
        ("strategies/decision.py", "import agent"),
        ("strategies/decision.py", "from ..prover.kernel import field"),
        ("audit/verifier/verify.py", "from prover.field import MODULUS"),
        ("audit/verifier/verify.py", "from ...contracts import compile"),
        ("audit/verifier/verify.py", "import importlib\nimportlib.import_module('prover')"),
        ("audit/verifier/verify.py", "__import__('strat' + 'egies')"),
        ("agent/pipeline.py", "import tests.support"),
        ("agent/pipeline.py", "def decide():\n    import torch"),
        ("prover/compile/graph.py", "from onnxruntime import InferenceSession"),
        ("prover/compile/graph.py", "import onnxscript"),
    ],
)
def test_an_import_the_wrong_way_is_found(path: str, source: str) -> None:
    assert len(wrong_imports(source, Path(path))) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("prover/protocol/prove.py", "from . import messages\nfrom ..field import MODULUS\nimport numpy"),
        ("strategies/decision.py", "from prover.compile import graph\nfrom prover import compile"),
        ("strategies/train.py", "import torch"),
        ("agent/pipeline.py", "import prover, contracts, strategies, audit"),
        ("prover/agents.py", "import agentless, auditing"),
    ],
)
def test_an_import_the_right_way_is_left_alone(path: str, source: str) -> None:
    assert wrong_imports(source, Path(path)) == []
