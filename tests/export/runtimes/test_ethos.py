"""Vela on real files."""

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import OpResolverType

import zoo
from export.runtimes.ethos import compile_ethos
from export.runtimes.micro import run_micro
from export.tflite.audit import audit
from tests.export.runtimes.files import litert, looped, micro, random_rows, read, write


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


def test_vela_says_that_a_file_loops(tmp_path: Path) -> None:
    path = looped(tmp_path / "loop.tflite")
    assert audit(path).integer_only
    got = compile_ethos(path)
    assert got.loops
    assert got.refused is None
    assert set(got.cpu_operators) >= {"WHILE", "LESS"}
    assert 0 < got.npu_share < 1
