"""LiteRT-Micro and Vela on real files."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import flatbuffers
import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import export
import zoo
from export.child import run_python
from export.runtimes.ethos import compile_ethos
from export.runtimes.litert import load, random_inputs
from export.runtimes.micro import CHILD, run_micro
from export.tflite.audit import audit
from tests.helpers.instances import data_for, fill

micro = pytest.mark.skipif(
    importlib.util.find_spec("tflite_micro") is None, reason="wheels are for Linux on x86-64 only"
)


def converted(model: keras.Model, name: str, folder: Path, method: str = "twin") -> Path:
    """Export a model on rows like those of preset `name`; return the int8 file."""
    data = data_for(name, 40)
    return export.to_litert(model, data=data, directory=folder, method=method).int8_file


@pytest.fixture(scope="module")
def mlp(exported: export.Export) -> Path:
    return exported.int8_file


@pytest.fixture(scope="module")
def cnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return converted(fill("cnn_tiny"), "cnn_tiny", tmp_path_factory.mktemp("cnn"))


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with what each of the two lacks: GELU (LiteRT-Micro) and GATHER (Ethos-U)."""
    inputs = keras.Input((30,))
    x = keras.layers.Dense(16, activation="gelu")(inputs)
    x = keras.ops.take(x, np.array([3, 1, 0]), axis=1)
    model = keras.Model(inputs, keras.layers.Dense(2)(x))
    return converted(model, "mlp_tiny", tmp_path_factory.mktemp("refused"), "converter")


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


# LiteRT-Micro


@micro
@pytest.mark.parametrize(("name", "delegate_steps"), [("mlp", 1), ("cnn", 6)])
def test_litert_micro_gives_what_litert_gives(
    name: str, delegate_steps: int, request: pytest.FixtureRequest
) -> None:
    """Within one step of LiteRT's reference kernels.

    XNNPACK, LiteRT's default, rounds in its own way; noise as input shows the most of it.
    """
    path = request.getfixturevalue(name)
    inputs = random_rows(path)
    got = run_micro(path, inputs[0])
    assert got.refused is None
    (outputs,) = got.outputs
    assert outputs.dtype == np.int8
    for kernels, steps, equal in (
        (OpResolverType.BUILTIN_REF, 1, 0.98),
        (OpResolverType.AUTO, delegate_steps, 0.4),
    ):
        (expected,) = litert(path, inputs, kernels)
        assert np.abs(outputs - expected).max() <= steps
        assert (outputs == expected).mean() > equal


@micro
def test_the_arena_is_stable_and_the_minimum_is_one(cnn: Path) -> None:
    from tflite_micro.python.tflite_micro import runtime

    one, many = run_micro(cnn, random_rows(cnn, 1)), run_micro(cnn, random_rows(cnn, 20))
    assert 0 < one.arena_bytes <= one.arena_minimum < 10_000
    assert (one.arena_bytes, one.arena_minimum) == (many.arena_bytes, many.arena_minimum)
    runtime.Interpreter.from_file(str(cnn), arena_size=one.arena_minimum).invoke()
    with pytest.raises(RuntimeError):
        runtime.Interpreter.from_file(str(cnn), arena_size=one.arena_minimum - 16)


@micro
def test_several_inputs_and_outputs(cnn: Path, tmp_path: Path) -> None:
    model = read(cnn)
    graph = model.subgraphs[0]
    codes = [code.builtinCode for code in model.operatorCodes]
    add = next(
        operator
        for operator in graph.operators
        if codes[operator.opcodeIndex] == schema.BuiltinOperator.ADD
        and all(model.buffers[graph.tensors[i].buffer].data is None for i in operator.inputs)
    )
    graph.operators, graph.inputs = [add], add.inputs
    graph.outputs, model.signatureDefs = [add.outputs[0], add.inputs[1]], []
    path = write(model, tmp_path / "add.tflite")
    inputs = random_rows(path, 5)
    got = run_micro(path, inputs)
    assert got.refused is None
    total, second = got.outputs
    np.testing.assert_array_equal(total, litert(path, inputs, OpResolverType.BUILTIN_REF)[0])
    np.testing.assert_array_equal(second, inputs[1])


@micro
def test_litert_micro_names_the_operator_it_lacks(refused: Path) -> None:
    got = run_micro(refused, random_rows(refused, 2)[0])
    assert got.refused is not None
    assert re.search("LiteRT-Micro could not run it: the process failed.*\n.*'GELU'", got.refused)
    assert (got.outputs, got.arena_bytes, got.arena_minimum) == ((), 0, 0)


@micro
def test_litert_micro_on_files_and_rows_that_do_not_fit(mlp: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.tflite"
    path.write_bytes(mlp.read_bytes()[: mlp.stat().st_size // 2])
    assert "exit code 1" in str(run_micro(path, np.zeros((1, 30), np.int8)).refused)
    assert "Got 31 but expected 30" in str(run_micro(mlp, np.zeros((1, 31), np.int8)).refused)


@micro
def test_litert_micro_that_dies_or_takes_too_long(
    mlp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got = run_micro(mlp, random_rows(mlp)[0], timeout=0.01)
    assert "took more than 0.01 s and was stopped" in str(got.refused)
    child = tmp_path / "child.py"
    child.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr("export.runtimes.micro.CHILD", child)
    assert "the process died of SIGSEGV" in str(run_micro(mlp, random_rows(mlp)[0]).refused)


@micro
def test_the_micro_child_loads_neither_keras_nor_tensorflow() -> None:
    code = f"import runpy, sys; runpy.run_path({str(CHILD)!r}); print(*sys.modules)"
    loaded = run_python(["-c", code], timeout=60).split()
    assert "tflite_micro" in loaded
    assert not {"keras", "tensorflow", "torch", "export", "zoo"} & set(loaded)


def test_missing_packages(mlp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(
        zoo.UserError,
        match="tflite-micro is not installed. Run pip install 'pocketzoo\\[targets\\]'",
    ):
        run_micro(mlp, random_rows(mlp)[0])
    with pytest.raises(zoo.UserError, match="ethos-u-vela is not installed"):
        compile_ethos(mlp)


# Ethos-U


def test_a_cnn_runs_on_the_npu_alone(cnn: Path) -> None:
    got = compile_ethos(cnn)
    assert (got.npu_share, got.cpu_operators, got.refused) == (1.0, (), None)
    assert not got.loops
    assert 1_000 < got.sram_bytes < 20_000
    assert 1_000 < got.cycles < 100_000
    assert got.inference_us == pytest.approx(got.cycles / 500)  # MHz
    assert compile_ethos(cnn) == got


def test_vela_writes_nothing_into_the_current_folder(
    cnn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a report that it writes where it runs, as it once did into this repository."""
    current = tmp_path / "current"
    current.mkdir()
    monkeypatch.chdir(current)
    assert compile_ethos(cnn).refused is None
    assert not list(current.iterdir())
    monkeypatch.setattr("export.runtimes.ethos.TARGET", ["--supported-ops-report"])
    with pytest.raises(ValueError, match="not enough values to unpack"):  # no compiled file
        compile_ethos(cnn)
    assert not list(current.iterdir())


def test_vela_leaves_a_gather_to_the_cpu(refused: Path) -> None:
    got = compile_ethos(refused)
    assert got.refused is None
    assert got.cpu_operators == ("GATHER",)
    assert got.npu_share == 3 / 4


def test_vela_on_damaged_files_and_out_of_time(mlp: Path, tmp_path: Path) -> None:
    model = read(mlp)
    model.subgraphs[0].operators[0].inputs = [9999, 1, 2]
    got = compile_ethos(write(model, tmp_path / "astray.tflite"))
    assert "Vela could not compile it: the process failed" in str(got.refused)
    assert "Out of bounds" in str(got.refused)
    assert got.npu_share == got.cycles == 0
    assert "took more than 0.001 s" in str(compile_ethos(mlp, timeout=0.001).refused)
    path = tmp_path / "half.tflite"
    path.write_bytes(mlp.read_bytes()[: mlp.stat().st_size // 2])
    with pytest.raises(zoo.UserError, match="is damaged"):
        compile_ethos(path)


# a loop


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


def test_vela_says_that_a_file_loops(tmp_path: Path) -> None:
    path = looped(tmp_path / "loop.tflite")
    assert audit(path).integer_only
    got = compile_ethos(path)
    assert got.loops
    assert got.refused is None
    assert set(got.cpu_operators) >= {"WHILE", "LESS"}
    assert 0 < got.npu_share < 1


@micro
def test_litert_micro_runs_a_loop(tmp_path: Path) -> None:
    path = looped(tmp_path / "loop.tflite")
    inputs = random_rows(path, 20)
    got = run_micro(path, inputs)
    assert got.refused is None
    (expected,) = litert(path, inputs, OpResolverType.BUILTIN_REF)
    assert np.abs(got.outputs[0] - expected).max() <= 1
