"""The rows of figures in the threat model, which tests measure."""

from pathlib import Path

from tests.contracts.support.vault_world import World

PAGE = Path(__file__).resolve().parents[3] / "docs" / "threat-model-vault.md"


def figure(situation: str, *seen: str) -> None:
    """Print one row and require that the page holds it."""
    row = f"| {situation} | {' | '.join(seen)} |"
    print("\n" + row)
    assert row in PAGE.read_text(encoding="utf-8"), f"docs/threat-model-vault.md does not say: {row}"


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %"


def whole_base(world: World, amount: int) -> str:
    return f"{amount / 10**world.market.base_decimals:,.0f}"
