"""LiteRT-Micro on real files."""

import re
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import OpResolverType

import zoo
from export.child import run_python
from export.runtimes.ethos import compile_ethos
from export.runtimes.micro import CHILD, run_micro
from tests.export.runtimes.files import litert, looped, micro, random_rows


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


@micro
def test_litert_micro_runs_a_loop(tmp_path: Path) -> None:
    path = looped(tmp_path / "loop.tflite")
    inputs = random_rows(path, 20)
    got = run_micro(path, inputs)
    assert got.refused is None
    (expected,) = litert(path, inputs, OpResolverType.BUILTIN_REF)
    assert np.abs(got.outputs[0] - expected).max() <= 1
