"""The layout rules, tested on the columns as they stand (protocol, sections 5.3 and 12).

Each rule reads the finished columns and the architecture; none asks how the columns were made, so a column
that was altered after it was built is refused by the name of the rule that it breaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from audit.errors import CircuitError
from audit.verifier.circuit import CELL_LIMIT, IDLE_ADDRESS, TABLE_ADDRESS, Circuit
from audit.verifier.field import SCALAR_MODULUS

SELECTORS: Final = ("q_in", "q_dot", "q_pub", "q_rel", "q_sgn", "q_zero")
SOUNDNESS_BITS: Final = 100
HASH_BITS: Final = 100


def check_rules(circuit: Circuit) -> None:
    """Check provider, operand, base, bounds and soundness; `measure` has checked parameters and rows.

    Raises
    ------
    CircuitError : the first rule that is broken.
    """
    check_provider(circuit)
    check_base(circuit)
    check_operand(circuit)
    check_bounds(circuit)
    check_soundness(circuit)


def check_provider(circuit: Circuit) -> None:
    """Check R1: one provider a cell, a true range table, disjoint selectors, inputs and outputs in place."""
    columns, layout = circuit.columns, circuit.layout
    for name, column in columns.items():
        if len(column) != layout.rows:
            raise CircuitError("provider", f"column {name} has {len(column)} rows, expected {layout.rows}")
    _check_selectors(circuit)
    providers = _providers(circuit)
    table = [row for row in range(layout.rows) if columns["padr"][row] == TABLE_ADDRESS]
    if sorted(columns["tab"][row] for row in table) != list(range(layout.limb)):
        raise CircuitError("provider", f"the rows of address 0 do not hold 0 to {layout.limb - 1} once each")
    for row in range(layout.rows):
        if columns["padr"][row] != TABLE_ADDRESS and columns["tab"][row] != 0:
            raise CircuitError("provider", f"row {row} is no table row and has tab = {columns['tab'][row]}")
    inputs = circuit.architecture.input_count
    fed = sorted(columns["padr"][row] for row in range(layout.rows) if columns["q_in"][row])
    if fed != list(range(1, 1 + inputs)):
        raise CircuitError("provider", f"the input rows do not provide the cells 1 to {inputs}")
    for row in [*table, *(providers.get(address, -1) for address in circuit.shape.constants)]:
        if row < 0:
            raise CircuitError("provider", "a constant cell has no provider")
        if columns["q_in"][row] or columns["q_rel"][row] or columns["q_sgn"][row]:
            raise CircuitError("provider", f"row {row} provides a fixed value under a selector")
    _check_results(circuit)


def check_base(circuit: Circuit) -> None:
    """Check R3: base where cells are read, public rows in order, whole segments, accumulators set to 0."""
    columns, layout, shape = circuit.columns, circuit.layout, circuit.shape
    for row in range(layout.rows):
        reads = columns["q_dot"][row] + columns["q_pub"][row]
        base = columns["base"][row]
        if (base == 0) == bool(reads):
            raise CircuitError("base", f"row {row} has base = {base} with q_c = {reads}")
        if not 0 <= base <= CELL_LIMIT - layout.lanes:
            raise CircuitError("base", f"row {row} has base = {base}, which reaches beyond the cells")
    public_rows = range(shape.public_count // layout.lanes)
    for row in range(layout.rows):
        if columns["q_pub"][row] != int(row in public_rows):
            raise CircuitError("base", f"row {row} has q_pub = {columns['q_pub'][row]}")
    for row in public_rows:
        if columns["base"][row] != 1 + row * layout.lanes:
            raise CircuitError("base", f"public row {row} has base = {columns['base'][row]}")
    opened = {0}
    row = len(public_rows)
    for layer, neurons in _blocks(circuit):
        opened.add(row)
        selector = "q_rel" if circuit.architecture.layers[layer].activation == "relu" else "q_sgn"
        dots = -(-circuit.architecture.layers[layer].inputs // layout.weight_lanes)
        for name, length in (("q_dot", dots), (selector, neurons)):
            if any(columns[name][i] != 1 for i in range(row, row + length)):
                raise CircuitError("base", f"the segment of layer {layer} lacks {name} in rows {row} on")
            row += length
    opened.add(row)
    for name in ("q_dot", "q_rel", "q_sgn"):
        if any(columns[name][i] for i in range(row, layout.rows)):
            raise CircuitError("base", f"{name} stands on a row after the last segment")
    for i in range(layout.rows):
        if columns["q_zero"][i] != int(i in opened):
            raise CircuitError("base", f"row {i} has q_zero = {columns['q_zero'][i]}")


def check_operand(circuit: Circuit) -> None:
    """Check R2: fetched cells are provided, dot rows multiply their layer's operand or constants only."""
    columns, layout, shape = circuit.columns, circuit.layout, circuit.shape
    providers = _providers(circuit)
    constants = set(shape.constants)
    for row in range(layout.rows):
        if columns["q_dot"][row] or columns["q_pub"][row]:
            for address in range(columns["base"][row], columns["base"][row] + layout.lanes):
                if address not in providers:
                    raise CircuitError("operand", f"row {row} fetches cell {address}, which nobody provides")
    row = shape.public_count // layout.lanes
    for layer, neurons in _blocks(circuit):
        first, width = shape.vector_starts[layer], circuit.architecture.layers[layer].inputs
        operand = range(first, first + width)
        read: list[int] = []
        for _ in range(-(-width // layout.weight_lanes)):
            cells = range(columns["base"][row], columns["base"][row] + layout.weight_lanes)
            for cell in cells:
                if cell not in operand and cell not in constants:
                    raise CircuitError("operand", f"row {row} of layer {layer} multiplies cell {cell}")
            read.extend(cells)
            row += 1
        if read[:width] != list(operand):
            raise CircuitError(
                "operand", f"layer {layer} does not read its operand in order before row {row}"
            )
        for cell in operand:
            source = providers.get(cell)
            early = source is not None and (columns["q_in"][source] if layer == 0 else source < row)
            if not early:
                raise CircuitError("operand", f"cell {cell} of layer {layer} is provided by row {source}")
        row += neurons


def check_bounds(circuit: Circuit) -> None:
    """Check R4: V_l < M^4/2 - M for every layer."""
    limb = circuit.layout.limb
    limit = limb**4 // 2 - limb
    for layer, bound in enumerate(circuit.architecture.accumulator_bounds()):
        if bound >= limit:
            raise CircuitError("bounds", f"layer {layer} reaches {bound}, expected below {limit}")


def check_soundness(circuit: Circuit) -> None:
    """Check that the error terms of section 12, times 1.37 and 2^100 hashes, sum to at most 2^-100."""
    layout, shape = circuit.layout, circuit.shape
    n, t, lanes = layout.rows, layout.pack_columns, layout.lanes
    pack_count, fixed_count = -(-(lanes + 2) // t), -(-9 // t)
    terms = (
        2 * (lanes + 2) * n
        + n * (2 * layout.weight_packs + shape.public_count)
        + (5 if layout.bus_sums == 1 else 6)
        + 2 * (lanes - layout.helper_lanes + 4) * layout.powers
        + (pack_count + fixed_count + 3)
        + 2 * layout.powers
    )
    if terms * 137 << SOUNDNESS_BITS + HASH_BITS > 100 * SCALAR_MODULUS:
        detail = f"{terms} / r leaves less than {SOUNDNESS_BITS} bits after 2^{HASH_BITS} hashes"
        raise CircuitError("soundness", detail)


def _check_selectors(circuit: Circuit) -> None:
    columns = circuit.columns
    for name in SELECTORS:
        for row, value in enumerate(columns[name]):
            if value not in (0, 1):
                raise CircuitError("provider", f"row {row} has {name} = {value}")
    for row in range(circuit.layout.rows):
        kinds = [name for name in ("q_dot", "q_pub", "q_rel", "q_sgn") if columns[name][row]]
        if len(kinds) > 1 or (columns["q_in"][row] and kinds and kinds[0] in ("q_rel", "q_sgn")):
            raise CircuitError(
                "provider", f"row {row} has several selectors: {kinds}, q_in = {columns['q_in'][row]}"
            )


def _check_results(circuit: Circuit) -> None:
    """Check that every neuron's cell is provided by its own requantisation row and no other."""
    columns, layout, shape = circuit.columns, circuit.layout, circuit.shape
    expected: dict[int, int] = {}
    row = shape.public_count // layout.lanes
    neuron = 0
    previous = -1
    for layer, neurons in _blocks(circuit):
        neuron = 0 if layer != previous else neuron
        previous = layer
        row += -(-circuit.architecture.layers[layer].inputs // layout.weight_lanes)
        for _ in range(neurons):
            expected[row] = shape.vector_starts[layer + 1] + neuron
            row += 1
            neuron += 1
    for row, address in expected.items():
        if columns["padr"][row] != address or not columns["q_rel"][row] + columns["q_sgn"][row]:
            raise CircuitError(
                "provider", f"row {row} provides {columns['padr'][row]}, expected the result {address}"
            )
    for row in range(layout.rows):
        if (columns["q_rel"][row] or columns["q_sgn"][row]) and row not in expected:
            raise CircuitError("provider", f"row {row} is a requantisation row of no neuron")
    count = circuit.architecture.input_count + len(shape.constants) + len(expected)
    if len(_providers(circuit)) != count:
        raise CircuitError("provider", f"{len(_providers(circuit))} cells are provided, expected {count}")


def _providers(circuit: Circuit) -> dict[int, int]:
    """Map every cell to the one row that provides it."""
    providers: dict[int, int] = {}
    for row, address in enumerate(circuit.columns["padr"]):
        if address in (TABLE_ADDRESS, IDLE_ADDRESS):
            continue
        if not 1 <= address < CELL_LIMIT:
            raise CircuitError("provider", f"row {row} provides {address}, which is no cell")
        if address in providers:
            raise CircuitError(
                "provider", f"cell {address} is provided by the rows {providers[address]} and {row}"
            )
        providers[address] = row
    return providers


def _blocks(circuit: Circuit) -> Iterator[tuple[int, int]]:
    """Yield (layer, neurons) of every segment in row order."""
    packs = circuit.layout.weight_packs
    for index, layer in enumerate(circuit.architecture.layers):
        for first in range(0, layer.outputs, packs):
            yield index, min(packs, layer.outputs - first)
