"""The loop of recurrent layers in operators: a WHILE, its condition and its integer body."""

from zoo.graph import Graph, Tensor
from zoo.quantization.folding import Draft
from zoo.quantization.lstm import Memory

COUNTER = Tensor((), 4, 0)


def recurrence(graph: Graph, draft: Draft, inputs: list[int]) -> int:
    """A WHILE; what it carries are a counter, the states, the kept sequences and the input."""
    given, x = draft.arguments, graph.tensors[inputs[0]]
    steps, both = x.shape[1], given["bidirectional"]
    units = [cell["recurrent"].shape[0] for cell in given["cells"]]
    wanted = [0, 1] if both else [len(units) - 1]
    each = 2 if given["cell"] is Memory else 1  # states of a cell, its output first
    states = [Tensor((1, size)) for size in units for _ in range(each)]
    kept = [Tensor((1, steps, units[i])) for i in wanted] if given["sequences"] else []
    carried = [COUNTER, *states, *kept, x]
    condition = Graph(carried)
    end = condition.constant("integer", steps)
    condition.outputs = condition.call("LESS", (0, end), [Tensor((), 1, 0)])
    start = [graph.constant("integer", 0)]
    start += [graph.constant("zeros", shape=t.shape, width=1, scales=1) for t in carried[1:-1]]
    start += [inputs[0]]
    body = _body(carried, units, each, both, len(kept))
    after = graph.call("WHILE", start, carried, condition, body)
    found = after[1 + len(states) : -1] if kept else [after[1 + each * i] for i in wanted]
    if len(found) == 1:
        return found[0]
    shape = graph.tensors[found[0]].shape
    return graph.apply("CONCATENATION", found, (*shape[:-1], 2 * shape[-1]))


def _body(carried: list[Tensor], units: list[int], each: int, both: bool, keep: int) -> Graph:
    body = Graph(carried)
    x, features = len(carried) - 1, carried[-1].shape[-1]
    row = body.apply("GATHER", (x, 0), (1, features))
    fed = [_fed(body, row, units[0], each)]
    (counter,) = body.call("ADD", (0, body.constant("integer", 1)), [COUNTER])
    if both:
        (place,) = body.call(
            "SUB", (body.constant("integer", carried[-1].shape[1] - 1), 0), [COUNTER]
        )
        fed.append(_fed(body, body.apply("GATHER", (x, place), (1, features)), units[1], each))
    new: list[tuple[int, ...]] = []
    for i, size in enumerate(units):
        products = fed[i] if i < len(fed) else _fed(body, new[-1][0], size, each)
        new.append((_cell if each == 1 else _memory)(body, *products, 1 + each * i))
    wanted = range(len(units) - keep, len(units))
    registers = [
        _shifted(body, 1 + each * len(units) + place, new[i][0], first=both and i == 1)
        for place, i in enumerate(wanted)
    ]
    body.outputs = (counter, *(state for cell in new for state in cell), *registers, x)
    return body


def _fed(body: Graph, row: int, units: int, each: int) -> tuple[int, int]:
    """Return a row's share of the gates (two, of an LSTM three) and of the candidate."""
    return body.dense(row, (1 + each) * units), body.dense(row, units)


def _cell(body: Graph, gates: int, candidate: int, state: int) -> tuple[int, ...]:
    """Do what `zoo.quantization.gru.Cell` does after the products with the row."""
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
    """Do what `zoo.quantization.lstm.Memory` does after the products with the row."""
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
