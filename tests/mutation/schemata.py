"""Put many mutants into one compilation: each guard is compiled beside its replacement, and a number decides.

    guard -> (MUTANT == i or guard)

MUTANT is an immutable that the constructor sets to a literal of 32 bytes. In the compiled creation code that
literal is replaced by the number of a mutant, or by 0 for none. A mutant then costs no compilation of its
own. Pure functions become views, for an immutable is read. Guards that overlap are compiled apart;
lists, whose lengths are their types, are compiled alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.mutation.guards import Guard

MARK = 0x9A7E_51D0_C3B8_4F26_E1A9_0D7C_5B34_68F2_8C1D_FE03_7795_BA4E_2F60_D98B_13C7_A5E4
DECLARATION = "MUTANT: immutable(uint256)\n"
CONSTRUCTOR = "\ndef __init__("
QUOTES = '"' * 3
SETTING = f"MUTANT = {MARK}\n"


def fits(guard: Guard) -> bool:
    """Say whether a guard can be switched."""
    return guard.kind not in ("member", "bits", "term")


def group(guards: Sequence[Guard], most: int) -> list[list[Guard]]:
    """Share guards of one contract out into compilations of so many, without overlaps."""
    groups: list[list[Guard]] = []
    for guard in guards:
        for found in groups:
            if len(found) < most and all(g.stop <= guard.start or guard.stop <= g.start for g in found):
                found.append(guard)
                break
        else:
            groups.append([guard])
    return groups


def switched(source: str, guards: Sequence[Guard]) -> str:
    """Return the source with every guard behind its number, which is its place in the list plus one."""
    for number, guard in sorted(enumerate(guards, start=1), key=lambda pair: -pair[1].start):
        text = source[guard.start : guard.stop]
        source = source[: guard.start] + _switch(guard, text, number) + source[guard.stop :]
    source = source.replace("\n@pure\n", "\n@view\n")
    first = min(source.find(f"\n@{name}\n") % len(source) for name in ("deploy", "external", "internal")) + 1
    if CONSTRUCTOR not in source:
        return f"{source[:first]}{DECLARATION}\n\n@deploy{CONSTRUCTOR}):\n    {SETTING}\n\n{source[first:]}"
    source = source[:first] + DECLARATION + "\n\n" + source[first:]
    body = source.index(":\n", source.index(")", source.index(CONSTRUCTOR))) + 2
    if source[body:].lstrip().startswith(QUOTES):
        body = source.index(QUOTES, source.index(QUOTES, body) + 3) + 4
    return source[:body] + f"    {SETTING}" + source[body:]


def _switch(guard: Guard, text: str, number: int) -> str:
    if guard.becomes == "pass":
        return f"if MUTANT != {number}: {text}"
    if guard.becomes == "inverted":
        return f"(({text}) != (MUTANT == {number}))"
    if guard.becomes == "True":
        terms = [f"MUTANT == {number}", f"({text})"]
        return f"({' or '.join(terms[::-1] if 'extcall' in text else terms)})"
    if guard.becomes == "False":
        return f"(MUTANT != {number} and ({text}))"
    return f"({guard.becomes} if MUTANT == {number} else {text})"


def choose(bytecode: bytes, number: int) -> bytes:
    """Return creation code in which one mutant, or with 0 none, is switched on."""
    mark = MARK.to_bytes(32, "big")
    if bytecode.count(mark) != 1:
        raise ValueError(f"the mark stands {bytecode.count(mark)} times in the creation code")
    return bytecode.replace(mark, number.to_bytes(32, "big"))
