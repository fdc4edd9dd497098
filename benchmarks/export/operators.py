"""Time by operator of `.tflite` and `.onnx` files, side by side.

    python -m benchmarks.export.operators FILE [FILE ...] [--steps 24] [--each]

A `.tflite` file is cut into models of one operator, each timed under XNNPACK on one thread, the
time of an empty call taken off; the sum is less than the whole where operators stop each other
from being one delegated partition. Operators that the delegate leaves to the built-in kernel are
marked "!". Those of a loop's body count `--steps` times. An `.onnx` file is timed by ONNX
Runtime's own profiler, which also costs time.
"""

import argparse
import copy
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from benchmarks.export.runners import OrtRunner, least, runner
from export.tflite.operators import operator_name

CALLS = 300  # of an ONNX session


@dataclass(frozen=True)
class Timing:
    """One operator of a file."""

    name: str  # type; "!" follows where the delegate refused it
    shapes: str
    times: int  # per inference
    microseconds: float  # of all of them


def timings(path: Path, steps: int, rounds: int) -> list[Timing]:
    """Time every operator of a file by itself."""
    return onnx_timings(path) if path.suffix == ".onnx" else lite_timings(path, steps, rounds)


def lite_timings(path: Path, steps: int, rounds: int) -> list[Timing]:
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    with tempfile.TemporaryDirectory() as folder:
        interpreters, about = {"empty": runner(_written(empty(), Path(folder) / "empty"))}, {}
        for number, (cut, name, shapes, loop) in enumerate(single_operators(model)):
            key = str(number)
            interpreters[key] = runner(_written(cut, Path(folder) / key))
            refused = "" if _is_delegated(interpreters[key]) else "!"
            about[key] = name + refused, shapes, steps if loop else 1
    found = least(interpreters, rounds)
    idle = found.pop("empty")
    return [
        Timing(*about[key], about[key][2] * max(0.0, microseconds - idle))
        for key, microseconds in found.items()
    ]


def single_operators(model: Any) -> Iterator[tuple[Any, str, str, bool]]:
    """Yield for every operator a model of it alone, its type, shapes, and if it is in a loop."""
    for place, graph in enumerate(model.subgraphs):
        for operator in graph.operators or ():
            name = operator_name(model, operator.opcodeIndex)
            if name == "WHILE":
                continue
            shapes = [_shape(graph.tensors[i]) for i in (*operator.inputs, *operator.outputs)]
            yield alone(model, graph, operator), name, " ".join(shapes), place > 0


def alone(model: Any, graph: Any, operator: Any) -> Any:
    """Return a model of one operator; what it reads becomes an input unless it is constant."""
    used = [int(i) for i in dict.fromkeys([*operator.inputs, *operator.outputs]) if i >= 0]
    tensors = [copy.copy(graph.tensors[i]) for i in used]
    buffers = [schema.BufferT()]
    inputs = []
    for place, tensor in enumerate(tensors):
        data = model.buffers[tensor.buffer]
        tensor.buffer = 0
        if data.data is not None and len(data.data):
            tensor.buffer = len(buffers)
            buffers.append(data)
        elif used[place] in operator.inputs:
            inputs.append(place)
    cut = copy.copy(operator)
    cut.opcodeIndex = 0
    cut.inputs = [used.index(i) if i >= 0 else -1 for i in operator.inputs]
    cut.outputs = [used.index(i) for i in operator.outputs]
    code = model.operatorCodes[operator.opcodeIndex]
    return _model(code, tensors, buffers, inputs, cut)


def empty() -> Any:
    """Return a model that does next to nothing: a RESHAPE of one value."""
    ends = [schema.TensorT(shape=shape, type=schema.TensorType.INT8) for shape in ([1], [1, 1])]
    for tensor, name in zip(ends, (b"in", b"out"), strict=True):
        tensor.name, tensor.buffer = name, 0
    operator = schema.OperatorT(opcodeIndex=0, inputs=[0], outputs=[1])
    operator.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
    operator.builtinOptions = schema.ReshapeOptionsT(newShape=[1, 1])
    reshape = schema.BuiltinOperator.RESHAPE
    code = schema.OperatorCodeT(deprecatedBuiltinCode=reshape, builtinCode=reshape, version=1)
    return _model(code, ends, [schema.BufferT()], [0], operator)


def _model(code: Any, tensors: list[Any], buffers: list[Any], inputs: list[int], op: Any) -> Any:
    graph = schema.SubGraphT(tensors=tensors, inputs=inputs, outputs=op.outputs, operators=[op])
    return schema.ModelT(version=3, operatorCodes=[code], subgraphs=[graph], buffers=buffers)


def _written(model: Any, path: Path) -> Path:
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())
    return path


def _is_delegated(interpreter: Any) -> bool:
    return any(one["op_name"] == "DELEGATE" for one in interpreter._get_ops_details())


def _shape(tensor: Any) -> str:
    sizes = () if tensor.shape is None else np.asarray(tensor.shape)
    return "x".join(map(str, sizes)) or "1"


def onnx_timings(path: Path) -> list[Timing]:
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / path.name
        copied.write_bytes(path.read_bytes())
        session = OrtRunner(copied, profile=True)
        for _ in range(CALLS):
            session.invoke()
        events = json.loads(Path(session.session.end_profiling()).read_text())
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            found[event["name"], event["args"]["op_name"]].append(event["dur"])
    # the clock has whole microseconds, so the mean of the better half says more than the minimum
    return [
        Timing(name, node, 1, float(np.mean(sorted(values)[: len(values) // 2])))
        for (node, name), values in found.items()
    ]


def by_type(found: list[Timing]) -> dict[str, tuple[int, float]]:
    """Return type -> count and microseconds, most of them first."""
    counts: Counter[str] = Counter()
    sums: defaultdict[str, float] = defaultdict(float)
    for one in found:
        counts[one.name] += one.times
        sums[one.name] += one.microseconds
    falling = sorted(sums.items(), key=lambda item: -item[1])
    return {name: (counts[name], total) for name, total in falling}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--steps", type=int, default=1, help="how often a loop's body runs")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--each", action="store_true", help="every operator by itself too")
    arguments = parser.parse_args()
    whole = least({str(path): runner(path) for path in arguments.files})
    for path in arguments.files:
        found = timings(path, arguments.steps, arguments.rounds)
        total = sum(one.microseconds for one in found)
        print(f"{path}: {whole[str(path)]:.1f} us, sum of operators {total:.1f}")
        for name, (count, microseconds) in by_type(found).items():
            print(f"  {name:24} {count:4}  {microseconds:8.2f}  {microseconds / total:6.1%}")
        for one in found if arguments.each else ():
            print(f"    {one.name:24} {one.microseconds:8.2f}  {one.shapes}")


if __name__ == "__main__":
    main()
