"""Files for runtimes, what LiteRT gives, and a file with a loop."""

import importlib.util
from pathlib import Path
from typing import Any

import flatbuffers
import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import export
from export.runtimes.litert import load, random_inputs
from tests.helpers.instances import data_for

micro = pytest.mark.skipif(
    importlib.util.find_spec("tflite_micro") is None, reason="wheels are for Linux on x86-64 only"
)


def converted(model: keras.Model, name: str, folder: Path, method: str = "twin") -> Path:
    """Export a model on rows like those of preset `name`; return the int8 file."""
    data = data_for(name, 40)
    return export.to_litert(model, data=data, directory=folder, method=method).int8_file


def write(model: Any, path: Path) -> Path:
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def read(path: Path) -> Any:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))


def random_rows(path: Path, count: int = 100) -> list[np.ndarray]:
    """Return (count, *shape) of int8 for each input of a file."""
    return random_inputs(load(path), count)


def litert(path: Path, inputs: list[np.ndarray], kernels: OpResolverType) -> list[np.ndarray]:
    """Run rows in LiteRT; one int32 array for each output."""
    interpreter = Interpreter(str(path), experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    results = []
    for row in zip(*inputs, strict=True):
        for detail, values in zip(interpreter.get_input_details(), row, strict=True):
            interpreter.set_tensor(detail["index"], values[np.newaxis])
        interpreter.invoke()
        details = interpreter.get_output_details()
        results.append([interpreter.get_tensor(detail["index"])[0] for detail in details])
    return [np.stack(arrays).astype(np.int32) for arrays in zip(*results, strict=True)]


def looped(path: Path, steps: int = 5) -> Path:
    """Write a file that takes the tanh of its int8 state `steps` times, in a WHILE."""
    operator, kinds = schema.BuiltinOperator, schema.TensorType
    names = ["WHILE", "LESS", "ADD", "TANH"]
    buffers = [b"", *(np.int32(value).tobytes() for value in (0, steps, 1))]

    def tensor(name: str, kind: int, shape: list[int], buffer: int = 0) -> Any:
        made = schema.TensorT()
        made.name, made.type, made.shape, made.buffer = name, kind, shape, buffer
        if kind == kinds.INT8:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [1 / 128], [0]
        return made

    def graph(outputs: list[int], *operators: tuple[str, list[int], list[int], Any]) -> Any:
        made = schema.SubGraphT()
        made.tensors = [
            tensor("step", kinds.INT32, [], 1 if operators[0][0] == "WHILE" else 0),
            tensor("state", kinds.INT8, [1, 16]),
            tensor("limit", kinds.INT32, [], 2),
            tensor("one", kinds.INT32, [], 3),
            tensor("more", kinds.BOOL, []),
            tensor("next_step", kinds.INT32, []),
            tensor("next_state", kinds.INT8, [1, 16]),
        ]
        made.inputs = [1] if operators[0][0] == "WHILE" else [0, 1]
        made.outputs, made.operators = outputs, []
        for name, sources, results, options in operators:
            made.operators.append(schema.OperatorT())
            made.operators[-1].opcodeIndex = names.index(name)
            made.operators[-1].inputs, made.operators[-1].outputs = sources, results
            if options is not None:
                kind = type(options).__name__.removesuffix("T")
                made.operators[-1].builtinOptionsType = getattr(schema.BuiltinOptions, kind)
                made.operators[-1].builtinOptions = options
        return made

    loop = schema.WhileOptionsT()
    loop.condSubgraphIndex, loop.bodySubgraphIndex = 1, 2
    model = schema.ModelT()
    model.version, model.operatorCodes, model.buffers = 3, [], []
    for name in names:
        model.operatorCodes.append(schema.OperatorCodeT())
        model.operatorCodes[-1].builtinCode = getattr(operator, name)
        model.operatorCodes[-1].deprecatedBuiltinCode = getattr(operator, name)
    for content in buffers:
        model.buffers.append(schema.BufferT())
        model.buffers[-1].data = np.frombuffer(content, np.uint8) if content else None
    model.subgraphs = [
        graph([6], ("WHILE", [0, 1], [5, 6], loop)),
        graph([4], ("LESS", [0, 2], [4], schema.LessOptionsT())),
        graph([5, 6], ("ADD", [0, 3], [5], schema.AddOptionsT()), ("TANH", [1], [6], None)),
    ]
    return write(model, path)
