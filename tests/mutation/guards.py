"""Find the guards of a contract by parsing it, and what each mutant replaces.

What counts as a guard, one row each:

    refusal    a term of what `assert` or `refusal.check` demands, or of an `if` that only refuses
    leave      a term of an `if` whose body ends the function, the loop or this turn of it
    branch     the condition of any other `if`, inverted
    condition  a term of any other `and` / `or`
    member     an element of the list behind `in` / `not in`
    clamp      each argument of `min` and `max`, which the mutant takes unclamped; `x if .. else 0` likewise
    call       a statement that calls an internal function which refuses, or an external one without a result;
               of one that also changes something the word is left open
    bits       an operand or-ed into the word of the verifier that collects inputs out of range
    term       a summand of the verifier's constraint polynomial

A term that must hold becomes True, one that must not hold becomes False. Where several alternatives may hold,
the whole is removed and each alternative is removed by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import vyper.ast as vy
from vyper.exceptions import VyperException

CONSTRAINTS = "modules/verifier_constraints"
#: Vyper's offsets lose the length of `staticcall` and `extcall` behind them in a line.
LOST_CHARACTERS = 40


@dataclass(frozen=True)
class Guard:
    """One guard of a contract, and the text that takes its place in the mutant."""

    contract: str  # path below `contracts` without its suffix
    function: str
    kind: str
    word: str  # of the refusal, empty where it has none
    text: str  # source of the guard, on one line
    becomes: str
    number: int  # among guards that are alike in all of the above
    start: int  # characters of the source that are replaced
    stop: int
    replacement: str
    context: str  # digest of the function that holds it

    @property
    def key(self) -> str:
        """Name the guard without its place, which every edit above it would change."""
        parts = (self.contract, self.function, self.kind, self.word, self.text, self.becomes, self.number)
        return " | ".join(map(str, parts))


def find_guards(contract: str, folder: Path) -> list[Guard]:
    """Return the guards of a contract in the order of its source."""
    source = (folder / f"{contract}.vy").read_text(encoding="utf-8")
    search = _Search(contract, source, word_functions(folder), checking_functions(folder))
    return search.run()


def mutate(source: str, guard: Guard) -> str:
    """Return the source without the guard."""
    return source[: guard.start] + guard.replacement + source[guard.stop :]


@cache
def word_functions(folder: Path) -> dict[str, str]:
    """Map internal functions of all contracts that refuse, and return nothing, to their first word."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.vy")) + sorted(folder.glob("modules/*.vy")):
        for function in vy.parse_to_ast(path.read_text(encoding="utf-8")).get_children(vy.FunctionDef):
            words = [word for node in function.get_descendants() if (word := _word(node)) is not None]
            if words and function.returns is None and not _decorators(function) & {"external", "deploy"}:
                found[function.name] = words[0]
    return found


@cache
def checking_functions(folder: Path) -> frozenset[str]:
    """Return those of `word_functions` that change nothing, so that the refusal is all they do."""
    found = set()
    for path in sorted(folder.glob("*.vy")) + sorted(folder.glob("modules/*.vy")):
        for function in vy.parse_to_ast(path.read_text(encoding="utf-8")).get_children(vy.FunctionDef):
            if _decorators(function) & {"view", "pure"} and function.name in word_functions(folder):
                found.add(function.name)
    return frozenset(found)


def _decorators(function: Any) -> set[str]:
    return {getattr(item, "id", "") for item in function.decorator_list}


def _word(node: Any) -> str | None:
    """Return the word of an assertion or of a call of `refusal.check`."""
    if isinstance(node, vy.Assert):
        return getattr(node.msg, "value", "")
    if isinstance(node, vy.Call) and vy_name(node) == "refusal.check":
        return getattr(node.args[1], "value", "")
    return None


def vy_name(call: Any) -> str:
    """Return the dotted name of what a call calls, empty when it is not a plain name."""
    target, parts = call.func, []
    while isinstance(target, vy.Attribute):
        parts.append(target.attr)
        target = target.value
    if not isinstance(target, vy.Name):
        return ""
    return ".".join([target.id, *reversed(parts)])


class _Search:
    def __init__(self, contract: str, source: str, words: dict[str, str], checking: frozenset[str]) -> None:
        self.contract, self.source, self.words, self.checking = contract, source, words, checking
        self.module = vy.parse_to_ast(source)
        self.lines = [0]
        for line in source.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.function = self.context = ""
        self.seen: set[int] = set()  # start of each condition that has been taken apart
        self.found: list[Guard] = []

    def run(self) -> list[Guard]:
        for function in self.module.get_children(vy.FunctionDef):
            self.function = function.name
            lines = self.source.splitlines()[function.lineno - 1 : function.end_lineno]
            self.context = sha256("\n".join(lines).encode()).hexdigest()[:16]
            for node in function.get_descendants():
                self.visit(node)
        self.found.sort(key=lambda guard: (guard.start, -guard.stop, guard.becomes))
        count: Counter[str] = Counter()
        numbered = []
        for guard in self.found:
            numbered.append(replace(guard, number=count[guard.key]))
            count[guard.key] += 1
        return numbered

    def visit(self, node: Any) -> None:
        if isinstance(node, vy.Assert):
            self.must_hold(node.test, "refusal", _word(node) or "")
        elif isinstance(node, vy.Expr) and isinstance(node.value, vy.Call):
            self.visit_call(node)
        elif isinstance(node, vy.Expr) and isinstance(node.value, vy.ExtCall):
            if self.returns_nothing(node.value.value):
                self.add(node, "call", "", "pass")
        elif isinstance(node, vy.If):
            self.visit_if(node)
        elif isinstance(node, vy.BoolOp) and id(node) not in self.seen:
            neutral = "True" if isinstance(node.op, vy.And) else "False"
            for term in node.values:
                self.add(term, "condition", "", neutral)
        elif isinstance(node, vy.Call) and vy_name(node) in ("min", "max"):
            for argument in node.args:
                self.add(node, "clamp", "", self.text(argument))
        elif isinstance(node, vy.IfExp) and getattr(node.orelse, "value", None) == 0:
            self.add(node, "clamp", "", self.text(node.body))
        elif isinstance(node, vy.AugAssign) and getattr(node.target, "id", "") == "outside":
            for operand in self.operands(node.value):
                self.add(operand, "bits", "input", "0")
        if self.contract == CONSTRAINTS and isinstance(node, vy.Call):
            self.visit_sum(node)

    def visit_call(self, node: Any) -> None:
        name = vy_name(node.value)
        if name == "refusal.check":
            if not isinstance(node.value.args[0], vy.NameConstant):
                self.must_hold(node.value.args[0], "refusal", _word(node.value) or "")
        elif name.rpartition(".")[2] in self.words and not self.only_refuses(node.get_ancestor()):
            called = name.rpartition(".")[2]
            word = self.words[called] if called in self.checking else ""
            self.add(node, "call", word, "pass")

    def visit_if(self, node: Any) -> None:
        if self.only_refuses(node):
            word = self.words[vy_name(node.body[0].value).rpartition(".")[2]]
            self.must_not_hold(node.test, "refusal", word)
        elif isinstance(node.body[-1], vy.Return | vy.Break | vy.Continue):
            self.must_not_hold(node.test, "leave", "")
        elif not isinstance(node.test, vy.BoolOp):
            self.add(node.test, "branch", "", "inverted")

    def visit_sum(self, node: Any) -> None:
        name = vy_name(node)
        if name in ("unsafe_add", "uint256_addmod"):
            for summand, other in (node.args[:2], node.args[1::-1]):
                # beside a literal, a literal would be a small integer
                self.add(summand, "term", "", "empty(uint256)" if isinstance(other, vy.Int) else "0")
        elif name == "unsafe_sub" and getattr(node.args[0], "id", "") == "r":
            self.add(node.args[1], "term", "", "0")

    def only_refuses(self, node: Any) -> bool:
        """Say whether an `if` has a body of one call that always refuses."""
        if not isinstance(node, vy.If) or len(node.body) != 1 or not isinstance(node.body[0], vy.Expr):
            return False
        call = node.body[0].value
        if not isinstance(call, vy.Call) or not vy_name(call).startswith("self."):
            return False
        return not call.args and vy_name(call)[5:] in self.words

    def returns_nothing(self, call: Any) -> bool:
        """Say whether an external call names a function that an interface declares without a result."""
        for interface in self.module.get_children(vy.InterfaceDef):
            for function in interface.body:
                if function.name == call.func.attr:
                    return function.returns is None
        return False

    def must_hold(self, node: Any, kind: str, word: str) -> None:
        if isinstance(node, vy.UnaryOp) and isinstance(node.op, vy.Not):
            self.must_not_hold(node.operand, kind, word)
        elif isinstance(node, vy.BoolOp) and isinstance(node.op, vy.And):
            self.seen.add(id(node))
            for term in node.values:
                self.must_hold(term, kind, word)
        else:
            self.whole(node, kind, word, "True")

    def must_not_hold(self, node: Any, kind: str, word: str) -> None:
        if isinstance(node, vy.UnaryOp) and isinstance(node.op, vy.Not):
            self.must_hold(node.operand, kind, word)
        elif isinstance(node, vy.BoolOp) and isinstance(node.op, vy.Or):
            self.seen.add(id(node))
            for term in node.values:
                self.must_not_hold(term, kind, word)
        else:
            self.whole(node, kind, word, "False")

    def whole(self, node: Any, kind: str, word: str, becomes: str) -> None:
        self.add(node, kind, word, becomes)
        if isinstance(node, vy.BoolOp):
            self.seen.add(id(node))
            neutral = "True" if isinstance(node.op, vy.And) else "False"
            for term in node.values:
                self.add(term, kind, word, neutral)
        elif isinstance(node, vy.Compare) and isinstance(node.op, vy.In | vy.NotIn):
            for element in node.right.elements:
                rest = [self.text(other) for other in node.right.elements if other is not element]
                self.add(node.right, "member", word, f"[{', '.join(rest)}]")

    def operands(self, node: Any) -> Iterator[Any]:
        if isinstance(node, vy.BinOp) and isinstance(node.op, vy.BitOr):
            yield from self.operands(node.left)
            yield from self.operands(node.right)
        else:
            yield node

    def add(self, node: Any, kind: str, word: str, becomes: str) -> None:
        start, stop = self.span(node)
        text = self.source[start:stop]
        replacement = becomes
        if becomes == "inverted":
            replacement = f"not ({text})"
        elif "extcall" in text and becomes == "True":  # the call itself still happens
            replacement = f"({text} or True)"
        shown = " ".join(text.split())
        self.found.append(
            Guard(
                self.contract,
                self.function,
                kind,
                word,
                shown,
                becomes,
                number=0,
                start=start,
                stop=stop,
                replacement=replacement,
                context=self.context,
            )
        )

    def text(self, node: Any) -> str:
        start, stop = self.span(node)
        return self.source[start:stop]

    def span(self, node: Any) -> tuple[int, int]:
        """Return where the source of a node begins and ends: the end is moved until it parses to the node."""
        start = self.lines[node.lineno - 1] + node.col_offset
        stop = self.lines[node.end_lineno - 1] + node.end_col_offset
        wanted = self.shape(node)
        for shift in sorted(range(-LOST_CHARACTERS, LOST_CHARACTERS + 1), key=abs):
            try:
                parsed = vy.parse_to_ast(
                    f"def f():\n    x: bool = (\n{self.source[start : stop + shift].strip()}\n)\n"
                )
            except (VyperException, SyntaxError, ValueError):
                continue
            text = self.source[start : stop + shift]
            if text == text.strip() and self.shape(parsed.body[0].body[0].value) == wanted:
                return start, stop + shift
        raise ValueError(f"{self.contract}.{self.function}: the source of line {node.lineno} is not found")

    def shape(self, node: Any) -> Any:
        """Return a node without its places."""
        if isinstance(node, vy.Expr):
            return self.shape(node.value)
        if isinstance(node, vy.VyperNode):
            fields = sorted(
                name
                for name in node.get_fields()
                if name not in ("node_id", "src", "parent") and _is_content(name)
            )
            return (type(node).__name__, *((name, self.shape(getattr(node, name, None))) for name in fields))
        if isinstance(node, list | tuple):
            return tuple(map(self.shape, node))
        return node


def _is_content(name: str) -> bool:
    places = ("lineno", "col_offset", "end_lineno", "end_col_offset")
    return name not in (*places, "node_source_code", "full_source_code", "node_id", "src", "ast_type")
