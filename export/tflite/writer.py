"""The arithmetic that computes nothing and writes a file instead: a twin becomes a `.tflite`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from export.tflite.emitter import Tensor
from export.tflite.flatbuffer import Graph
from export.tflite.operations import Written
from export.tflite.products import Products
from zoo.quantization import Twin
from zoo.quantization.layers.arithmetic import step_by_step
from zoo.quantization.layers.numerics import Numerics
from zoo.quantization.layers.ranges import Loop, Range

BOOL = np.dtype(bool)


def write(twin: Twin, numerics: Numerics | None, form: str = "rolled") -> bytes:
    """Return the `.tflite` file of a twin, whose signature maps `input` to `output`.

    Args:
        twin: with its weights, and for an integer file its ranges.
        numerics: what values are rounded to; None writes a float file.
        form: "rolled": a recurrence is a loop; "unrolled": it is written out; "step": one step of
            it, with `state_0` and so on at both ends, each on one scale at both.
    """
    do = Writer(numerics, unrolled=form == "unrolled")
    if form == "step":
        return _step_file(do, twin)
    rows = [
        do.tensor(one.label, (1, *one.row_shape), None if one.ids else one.output_range)
        for one in twin.entries
    ]
    found = twin.run(rows, do)
    given = {entry.label: row.number for entry, row in zip(twin.entries, rows, strict=True)}
    outputs = found if isinstance(found, list) else [found]
    made = {name: one.number for name, one in zip(twin.answers, outputs, strict=True)}
    return do.file.content(given, made)


def _step_file(do: "Writer", twin: Twin) -> bytes:
    """Write the step of a twin that starts with a recurrence: (x, states) -> (answer, states)."""
    first: Any = twin.nodes[1].layer
    x = do.tensor("input", (1, *twin.row_shape[1:]), twin.input_range)
    held = [
        do.tensor(f"state_{i}", (1, cell.units), where)
        for i, (cell, where) in enumerate((cell, w) for cell in twin.cells() for w in cell.states())
    ]
    new = first.step([(x,)], held, do)
    known = {1: new[first.places()[-1]]}
    y = twin.finish([*known.items(), *twin.values_from(known, do)], do)
    before, after = ({f"state_{i}": one.number for i, one in enumerate(s)} for s in (held, new))
    return do.file.content({"input": x.number, **before}, {"output": y.number, **after})


class Writer(Products):
    """Writes one file.

    Args:
        numerics: what values are rounded to; None writes a float file.
        unrolled: whether loops are written out, step by step.
    """

    def __init__(self, numerics: Numerics | None, unrolled: bool = False) -> None:
        super().__init__(numerics)
        self.unrolled = unrolled

    def averaged(self, x: Tensor, where: Range, halves: str) -> Tensor:
        """Leave averages to the operator that made them, which rounds by itself."""
        return x

    def loop(self, loop: Loop, *sequences: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        if self.unrolled or sequences[0].shape[1] == 1:  # XNNPACK refuses what follows such a loop
            starts = [self.held(one.where, np.zeros((1, one.units))) for one in loop.states]
            return step_by_step(self, loop, sequences, starts)
        return _while(self, loop, sequences)


def _while(
    do: Written, loop: Loop, sequences: Sequence[Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    """Write a WHILE over the steps of sequences, (1, steps, features) each.

    It carries a count, the states, the kept sequences and what it reads. A kept sequence is a shift
    register: each step drops its oldest row and adds the new one, at the back, or at the front
    where the rows come from the back. A wide sequence is turned round by a row at each step, for
    each direction: LiteRT-Micro's GATHER knows no 16 bits.

    Returns:
        The last states, (1, units) each, and the kept ones, (1, steps, units) each.
    """
    count = sequences[0].shape[1]
    kept = [loop.states[place] for place in loop.keep]
    feeds = _feeds(do, loop, sequences)
    starts = [
        Tensor(do.integers(0), (), None),
        *(do.held(state.where, np.zeros((1, state.units))) for state in loop.states),
        *(do.held(state.where, np.zeros((1, count, state.units))) for state in kept),
        *(sequences[i] for i, _ in feeds),
    ]
    outer = do.graph
    condition, body = Graph(do.file, "while_cond"), Graph(do.file, "while_body")
    do.graph = condition
    carried = _carried(do, starts)
    going = condition.tensor("going", (), BOOL)
    condition.operator("LESS", [carried[0].number, do.integers(count)], [going], False)
    _ends(condition, carried, [going])
    do.graph = body
    carried = _carried(do, starts)
    results = _step(do, loop, carried, feeds, count)
    _ends(body, carried, [one.number for one in results])
    do.graph = outer
    found = [do.like(one, "while") for one in starts]
    numbers = {"condSubgraphIndex": condition.number, "bodySubgraphIndex": body.number}
    do.operator("WHILE", starts, found, "WhileOptions", **numbers)
    states = len(loop.states)
    return found[1 : 1 + states], found[1 + states : 1 + states + len(kept)]


def _carried(do: Written, starts: Sequence[Tensor]) -> list[Tensor]:
    return [do.like(one, "carried") for one in starts]


def _ends(graph: Graph, inputs: Sequence[Tensor], outputs: list[int]) -> None:
    graph.table.inputs, graph.table.outputs = [one.number for one in inputs], outputs


def _feeds(do: Written, loop: Loop, sequences: Sequence[Tensor]) -> list[tuple[int, bool | None]]:
    """Return what of sequences, by place, is carried for which direction; None: for both."""
    directions = sorted({state.reverse for state in loop.states})
    return [
        (place, back)
        for place, x in enumerate(sequences)
        for back in (directions if do.is_wide(x) else [None])
    ]


def _step(
    do: Written,
    loop: Loop,
    carried: Sequence[Tensor],
    feeds: list[tuple[int, bool | None]],
    count: int,
) -> list[Tensor]:
    """Write one step and return what it carries on."""
    time, *rest = carried
    states, registers = rest[: len(loop.states)], rest[len(loop.states) :][: len(loop.keep)]
    sequences = rest[len(states) + len(registers) :]
    rows: dict[bool, tuple[Tensor, ...]] = {}
    for back in sorted({state.reverse for state in loop.states}):
        read = [x for x, (_, way) in zip(sequences, feeds, strict=True) if way in (None, back)]
        rows[back] = _rows(do, read, time, count - 1 if back else None)
    new = loop.step([rows[state.reverse] for state in loop.states], states)
    shifted = [
        _shifted(do, register, new[place], loop.states[place].turned)
        for place, register in zip(loop.keep, registers, strict=True)
    ]
    turned = [
        x if back is None else _shifted(do, x, rows[back][place], back=back)
        for x, (place, back) in zip(sequences, feeds, strict=True)
    ]
    later = _counted(do, "ADD", time, do.integers(1))
    return [later, *new, *shifted, *turned]


def _rows(
    do: Written, sequences: Sequence[Tensor], time: Tensor, last: int | None
) -> tuple[Tensor, ...]:
    """Return the row of each sequence at a time, counted from the back where `last` is given.

    That of one which is turned round is always at its end.
    """
    gathered = any(not do.is_wide(x) for x in sequences)
    at = time if last is None or not gathered else _counted(do, "SUB", do.integers(last), time)
    return tuple(
        _end(do, x, last)
        if do.is_wide(x)
        else do.made("GATHER", (x, at), (1, *x.shape[2:]), x.where, "GatherOptions", axis=1)
        for x in sequences
    )


def _end(do: Written, x: Tensor, last: int | None) -> Tensor:
    """Return the first row of a sequence, or the `last`."""
    place, features = last or 0, x.shape[2]
    return do.reshape(do.cut(x, (place, 0), (place + 1, features)), (features,))


def _counted(do: Written, name: str, first: Any, second: Any) -> Tensor:
    """Write an operator on counts, which are not quantized."""
    y = do.tensor("time", (), None)
    numbers = [one.number if isinstance(one, Tensor) else one for one in (first, second)]
    kind = {"ADD": "AddOptions", "SUB": "SubOptions"}[name]
    do.graph.operator(name, numbers, [y.number], False, kind)
    return y


def _shifted(do: Written, register: Tensor, row: Tensor, back: bool) -> Tensor:
    """Return a sequence with a row more at its end, or its front, and one less at the other."""
    _, count, units = register.shape
    one = do.reshape(row, (1, units))
    if back:
        return do.concatenate([one, do.cut(register, (0, 0), (count - 1, units))], 1)
    return do.concatenate([do.cut(register, (1, 0), (count, units)), one], 1)
