"""The loop of recurrent layers in operators: a WHILE, its condition and its integer body."""

from dataclasses import dataclass

from zoo.checks import UserError
from zoo.cost.graph import VALUE, Graph, Tensor
from zoo.quantization.layers.lstm import Memory
from zoo.quantization.layers.squash import Plain
from zoo.quantization.rules.values import Draft

COUNTER = Tensor((), 4, 0, shares=True)


@dataclass(frozen=True)
class Carried:
    """What a loop carries, in this order: a counter, states, kept sequences, what it reads."""

    units: list[int]  # of each cell
    each: int  # states of a cell: its output, and after it an LSTM's memory
    kept: list[int]  # the cells whose output is kept at every step
    read: list[Tensor]  # the sequence, (1, steps, features), and its mask where it has one

    @property
    def steps(self) -> int:
        return self.read[0].shape[1]

    def tensors(self) -> list[Tensor]:
        states = [(1, size) for size in self.units for _ in range(self.each)]
        kept = [(1, self.steps, self.units[cell]) for cell in self.kept]
        read = [one.shape for one in self.read]
        return [COUNTER, *(Tensor(shape, shares=True) for shape in (*states, *kept, *read))]

    def output(self, cell: int) -> int:
        """Return the place of a cell's output, which is its first state."""
        return 1 + self.each * cell

    def sequence(self, cell: int) -> int:
        """Return the place of the kept sequence of a cell's outputs."""
        return self.output(len(self.units)) + self.kept.index(cell)

    def inputs(self) -> list[int]:
        """Return the places of what is read."""
        first = self.output(len(self.units)) + len(self.kept)
        return list(range(first, first + len(self.read)))


def recurrence(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    """A WHILE, and a CONCATENATION of the outputs of two directions."""
    given, read = draft.arguments, [graph.tensors[number] for number in inputs]
    unusual = any({"functions", "reset_after"} & {*one} for one in given["cells"])
    if given["cell"] is Plain or unusual or given["backwards"]:
        raise UserError(f"The cost of {draft.name} is not known: it is no usual GRU or LSTM.")
    units = [cell["recurrent"].shape[0] for cell in given["cells"]]
    wanted = [0, 1] if given["bidirectional"] else [len(units) - 1]
    kept = wanted if given["sequences"] else []
    carried = Carried(units, 2 if given["cell"] is Memory else 1, kept, read)
    tensors = carried.tensors()
    condition = Graph(tensors)
    end = condition.constant("integer", carried.steps)
    condition.outputs = condition.call("LESS", (0, end), [Tensor((), 1, 0)])
    zeros = tensors[1 : carried.inputs()[0]]
    start = [graph.constant("integer", 0)]
    start += [graph.constant("zeros", shape=t.shape, width=VALUE, scales=1) for t in zeros]
    body = _body(carried, given["bidirectional"])
    called = (condition, body)
    after = graph.call("WHILE", [*start, *inputs], tensors, *called, times=carried.steps)
    place = carried.sequence if kept else carried.output
    found = [after[place(cell)] for cell in wanted]
    if len(found) == 1:
        return found[0]
    shape = (1, *draft.shape)
    names = {"concat": "CONCATENATION", "sum": "ADD", "mul": "MUL"}
    return graph.apply(names[given["merge"]], found, shape)


def _body(carried: Carried, both: bool) -> Graph:
    """Return one step: counter, cells, kept sequences; what is read is handed on."""
    body, read = Graph(carried.tensors()), carried.inputs()
    rows = [_row(body, read, 0)]
    (counter,) = body.call("ADD", (0, body.constant("integer", 1)), [COUNTER])
    if both:
        last = body.constant("integer", carried.steps - 1)
        (place,) = body.call("SUB", (last, 0), [COUNTER])
        rows.append(_row(body, read, place))
    new = _two_ways(body, carried, rows) if both else _stacked(body, carried, rows[0])
    sequences = [
        _shifted(body, carried.sequence(cell), new[cell][0], first=both and cell == 1)
        for cell in carried.kept
    ]
    body.outputs = (counter, *(state for cell in new for state in cell), *sequences, *read)
    return body


def _stacked(body: Graph, carried: Carried, row: list[int]) -> list[tuple[int, ...]]:
    """Return the next states of cells of which each reads the one before."""
    x, *mask = row
    absent, new = 0, []
    for cell, units in enumerate(carried.units):
        states = _stepped(body, carried, cell, _fed(body, x, units, carried.each))
        if mask:
            absent = absent or _absent(body, mask[0])
            states = _held(body, mask[0], absent, states, carried.output(cell))
        new.append(states)
        x = states[0]
    return new


def _two_ways(body: Graph, carried: Carried, rows: list[list[int]]) -> list[tuple[int, ...]]:
    """Return the next states of two cells, which read rows from the front and from the back."""
    fed = [
        _fed(body, row[0], units, carried.each)
        for row, units in zip(rows, carried.units, strict=True)
    ]
    new = []
    for cell, (_, *mask) in enumerate(rows):
        states = _stepped(body, carried, cell, fed[cell])
        if mask:
            absent = _absent(body, mask[0])
            states = _held(body, mask[0], absent, states, carried.output(cell))
        new.append(states)
    return new


def _stepped(
    body: Graph, carried: Carried, cell: int, products: tuple[int, int]
) -> tuple[int, ...]:
    """Return a cell's next states from the products with its row."""
    step = _cell if carried.each == 1 else _memory
    return step(body, *products, carried.output(cell))


def _row(body: Graph, read: list[int], place: int) -> list[int]:
    """Return a row of each sequence that is read."""
    shapes = [(1, body.tensors[x].shape[-1]) for x in read]
    return [body.apply("GATHER", (x, place), shape) for x, shape in zip(read, shapes, strict=True)]


def _absent(body: Graph, mask: int) -> int:
    one = body.constant("one", shape=(1, 1), width=VALUE, scales=1)
    return body.apply("SUB", (one, mask), (1, 1))


def _held(body: Graph, mask: int, absent: int, new: tuple[int, ...], first: int) -> tuple[int, ...]:
    """Do what `quantization.layers.lookup.Hold` does to the states of a cell, from `first` on."""
    found: list[int] = []
    for old, state in enumerate(new, first):
        on_state = [Tensor(body.tensors[state].shape, shares=True)]
        (taken,) = body.call("MUL", (mask, state), on_state)
        (stayed,) = body.call("MUL", (absent, old), on_state)
        found += body.call("ADD", (taken, stayed), on_state)
    return tuple(found)


def _fed(body: Graph, row: int, units: int, each: int) -> tuple[int, int]:
    """Return a row's share of the gates (two, of an LSTM three) and of the candidate."""
    return body.dense(row, (1 + each) * units), body.dense(row, units)


def _cell(body: Graph, gates: int, candidate: int, state: int) -> tuple[int, ...]:
    """Do what `zoo.quantization.layers.gru.Cell` does after the products with the row."""
    shape, wide = body.tensors[candidate].shape, body.tensors[gates].shape
    gates = body.apply("ADD", (gates, body.dense(state, wide[-1])), wide)
    gates = body.apply("LOGISTIC", (gates,), wide)
    axis = body.constant("axis")
    update, reset = body.call("SPLIT", (axis, gates), [Tensor(shape, shares=True)] * 2)
    recalled = body.apply("MUL", (reset, body.dense(state, shape[-1])), shape)
    candidate = body.apply("ADD", (candidate, recalled), shape)
    candidate = body.apply("TANH", (candidate,), shape)
    difference = body.apply("SUB", (state, candidate), shape)
    kept = body.apply("MUL", (update, difference), shape)
    return (body.apply("ADD", (candidate, kept), shape),)


def _memory(body: Graph, gates: int, candidate: int, state: int) -> tuple[int, ...]:
    """Do what `zoo.quantization.layers.lstm.Memory` does after the products with the row."""
    shape, wide = body.tensors[candidate].shape, body.tensors[gates].shape
    gates = body.apply("ADD", (gates, body.dense(state, wide[-1], bias=False)), wide)
    gates = body.apply("LOGISTIC", (gates,), wide)
    write, keep, show = body.call(
        "SPLIT", (body.constant("axis"), gates), [Tensor(shape, shares=True)] * 3
    )
    recalled = body.dense(state, shape[-1], bias=False)
    candidate = body.apply("ADD", (candidate, recalled), shape)
    candidate = body.apply("TANH", (candidate,), shape)
    added = body.apply("MUL", (write, candidate), shape)
    kept = body.apply("MUL", (keep, state + 1), shape)
    memory = body.apply("ADD", (kept, added), shape)
    return body.apply("MUL", (show, body.apply("TANH", (memory,), shape)), shape), memory


def _shifted(body: Graph, register: int, state: int, first: bool) -> int:
    """Drop the oldest row of a kept sequence and add the new state."""
    _, steps, units = body.tensors[register].shape
    row = body.reshape(state, (1, 1, units))
    rest = body.cut(register, (0, 0 if first else 1, 0), (1, steps - 1, units))
    parts = (row, rest) if first else (rest, row)
    return body.apply("CONCATENATION", parts, (1, steps, units))
