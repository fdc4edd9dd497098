"""The loop of recurrent layers in operators: a WHILE, its condition and its integer body."""

from zoo.cost.graph import VALUE, Graph, Tensor
from zoo.quantization.layers.lstm import Memory
from zoo.quantization.rules.drafts import Draft

COUNTER = Tensor((), 4, 0)


def recurrence(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    """A WHILE; what it carries are a counter, the states, the kept sequences and the inputs."""
    given, x = draft.arguments, graph.tensors[inputs[0]]
    read = [graph.tensors[number] for number in inputs]  # with a mask there are two
    steps, both = x.shape[1], given["bidirectional"]
    units = [cell["recurrent"].shape[0] for cell in given["cells"]]
    wanted = [0, 1] if both else [len(units) - 1]
    each = 2 if given["cell"] is Memory else 1  # states of a cell, its output first
    states = [Tensor((1, size)) for size in units for _ in range(each)]
    kept = [Tensor((1, steps, units[i])) for i in wanted] if given["sequences"] else []
    carried = [COUNTER, *states, *kept, *read]
    condition = Graph(carried)
    end = condition.constant("integer", steps)
    condition.outputs = condition.call("LESS", (0, end), [Tensor((), 1, 0)])
    start = [graph.constant("integer", 0)]
    zeros = [*states, *kept]
    start += [graph.constant("zeros", shape=t.shape, width=VALUE, scales=1) for t in zeros]
    start += inputs
    body = _body(carried, units, each, both, len(kept), masked=len(read) > 1)
    after = graph.call("WHILE", start, carried, condition, body)
    found = after[1 + len(states) : -len(read)] if kept else [after[1 + each * i] for i in wanted]
    if len(found) == 1:
        return found[0]
    shape = graph.tensors[found[0]].shape
    return graph.apply("CONCATENATION", found, (*shape[:-1], 2 * shape[-1]))


def _body(
    carried: list[Tensor], units: list[int], each: int, both: bool, keep: int, masked: bool
) -> Graph:
    body = Graph(carried)
    read = list(range(len(carried) - 1 - masked, len(carried)))
    rows = [_row(body, read, 0)]
    (counter,) = body.call("ADD", (0, body.constant("integer", 1)), [COUNTER])
    if both:
        last = body.constant("integer", carried[-1].shape[1] - 1)
        (place,) = body.call("SUB", (last, 0), [COUNTER])
        rows.append(_row(body, read, place))
    fed = [_fed(body, row[0], size, each) for row, size in zip(rows, units, strict=False)]
    new: list[tuple[int, ...]] = []
    absent = 0
    for i, size in enumerate(units):
        products = fed[i] if i < len(fed) else _fed(body, new[-1][0], size, each)
        found = (_cell if each == 1 else _memory)(body, *products, 1 + each * i)
        if masked:
            mask = rows[i if both else 0][1]
            absent = _absent(body, mask) if both or not i else absent
            found = _held(body, (mask, absent), found, 1 + each * i)
        new.append(found)
    wanted = range(len(units) - keep, len(units))
    registers = [
        _shifted(body, 1 + each * len(units) + place, new[i][0], first=both and i == 1)
        for place, i in enumerate(wanted)
    ]
    body.outputs = (counter, *(state for cell in new for state in cell), *registers, *read)
    return body


def _row(body: Graph, read: list[int], place: int) -> list[int]:
    """Return a row of each sequence that is read."""
    shapes = [(1, body.tensors[x].shape[-1]) for x in read]
    return [body.apply("GATHER", (x, place), shape) for x, shape in zip(read, shapes, strict=True)]


def _absent(body: Graph, mask: int) -> int:
    one = body.constant("one", shape=(1, 1), width=VALUE, scales=1)
    return body.apply("SUB", (one, mask), (1, 1))


def _held(body: Graph, masks: tuple[int, int], new: tuple[int, ...], first: int) -> tuple[int, ...]:
    """Do what `quantization.layers.lookup.Hold` does to the states of a cell, from `first` on."""
    mask, absent = masks
    found = []
    for old, state in enumerate(new, first):
        shape = body.tensors[state].shape
        taken = body.apply("MUL", (mask, state), shape)
        found.append(body.apply("ADD", (taken, body.apply("MUL", (absent, old), shape)), shape))
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
    update, reset = body.call("SPLIT", (axis, gates), [Tensor(shape), Tensor(shape)])
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
    write, keep, show = body.call("SPLIT", (body.constant("axis"), gates), [Tensor(shape)] * 3)
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
    row = body.cut(body.reshape(state, (1, 1, units)), (0, 0, 0), (1, 1, units))
    rest = body.cut(register, (0, 0 if first else 1, 0), (1, steps - 1, units))
    parts = (row, rest) if first else (rest, row)
    return body.apply("CONCATENATION", parts, (1, steps, units))
