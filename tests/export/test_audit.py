"""The audit of a `.tflite` file, and files of foreign origin."""

import contextlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import export
import zoo
from export.tflite.audit import audit
from export.tflite.operators import ALLOWED
from tests.helpers.instances import data_of, rows


def edited(source: Path, target: Path, edit: Any) -> Path:
    """Write a `.tflite` file with its object tree changed by `edit`."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(source.read_bytes(), 0))
    edit(model)
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    target.write_bytes(bytes(builder.Output()))
    return target


def test_audit_of_our_own_files(exported: export.Export) -> None:
    found = audit(exported.int8_file)
    assert found.integer_only
    assert found.operators == {"FULLY_CONNECTED": 2}  # standardize is folded into the first
    assert found.macs == 30 * 32 + 32 * 2
    assert not audit(exported.float_file).integer_only


def test_audit_sees_every_subgraph(exported: export.Export, tmp_path: Path) -> None:
    float_graph = schema.ModelT.InitFromObj(
        schema.Model.GetRootAs(exported.float_file.read_bytes(), 0)
    ).subgraphs[0]
    float_graph.operators = []

    def hide(model: Any) -> None:
        for tensor in float_graph.tensors:
            tensor.buffer = 0
        model.subgraphs.append(float_graph)

    path = edited(exported.int8_file, tmp_path / "two.tflite", hide)
    assert not audit(path).integer_only
    assert "FLOAT32" in audit(path).dtypes


@pytest.mark.parametrize(
    ("edit", "forbidden"),
    [
        (lambda code: setattr(code, "customCode", b"FlexPrint"), "CUSTOM:FlexPrint"),
        (
            lambda code: setattr(code, "builtinCode", schema.BuiltinOperator.VAR_HANDLE),
            "VAR_HANDLE",
        ),
    ],
)
def test_forbidden_operators_are_not_run(
    edit: Any, forbidden: str, exported: export.Export, tmp_path: Path, monkeypatch: Any
) -> None:
    path = edited(
        exported.int8_file, tmp_path / "e.tflite", lambda m: [*map(edit, m.operatorCodes)]
    )
    monkeypatch.setattr(
        sys.modules["export.checking"], "run_child", lambda *_: pytest.fail("it was run")
    )
    result = export.check(path)
    assert result.audit.forbidden == (forbidden,)
    assert "operators that are not allowed: " + forbidden in result.failures[-1]
    forged = replace(exported, audits=exported.audits | {"model_int8.tflite": audit(path)})
    with pytest.raises(zoo.UserError, match="operators that are not allowed to run: " + forbidden):
        export.verify(forged, data_of(rows("mlp_tiny", 40), np.arange(40) % 2))


def test_allowed_operators_exist_in_the_schema() -> None:
    assert set(vars(schema.BuiltinOperator)) >= ALLOWED
    assert not ALLOWED & {"CUSTOM", "DELEGATE", "CALL_ONCE", "VAR_HANDLE", "HASHTABLE"}


def test_check(exported: export.Export) -> None:
    good = export.check(exported.int8_file)
    assert good.passed
    assert good.latency is not None
    assert 0 < good.latency.minimum <= good.latency.median
    bad = export.check(exported.float_file)
    assert not bad.passed
    assert "tensors are not integers" in bad.failures[0]
    assert "input and output must be INT8; got ('FLOAT32',)" in bad.failures[1]


def test_a_file_that_kills_the_interpreter_is_an_answer(
    exported: export.Export, tmp_path: Path
) -> None:
    def lead_astray(model: Any) -> None:
        for tensor in model.subgraphs[0].tensors:
            tensor.buffer = 0  # weights without data

    result = export.check(edited(exported.int8_file, tmp_path / "e.tflite", lead_astray))
    assert not result.passed
    assert "LiteRT could not run it: the process" in result.failures[-1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist. Give the path of a .tflite file"),
        (b"", "is not a .tflite file"),
        (b"\x1c\x00\x00\x00TFL3" + bytes(40), "is damaged"),
        (b"\xff\xff\xff\x7fTFL3" + bytes(40), "is damaged: its tables lead outside"),
    ],
)
def test_files_that_cannot_be_read(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "file.tflite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(zoo.UserError, match=message):
        export.check(path)


def test_a_tensor_of_an_unknown_type_is_damage(exported: export.Export, tmp_path: Path) -> None:
    def forge(model: Any) -> None:
        model.subgraphs[0].tensors[0].type = 99

    path = edited(exported.int8_file, tmp_path / "file.tflite", forge)
    with pytest.raises(zoo.UserError, match="is damaged: its tables lead outside"):
        audit(path)


def test_truncated_and_oversized_files(
    exported: export.Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.tflite"
    whole = exported.int8_file.read_bytes()
    for share in (0.1, 0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(zoo.UserError, match="is damaged|is not a .tflite"):
            audit(path)
    monkeypatch.setattr("export.tflite.audit.MAX_BYTES", 100)
    with pytest.raises(zoo.UserError, match="bytes; at most 100 are read"):
        audit(exported.int8_file)


def test_flipped_bytes_never_escape_as_anything_else(
    exported: export.Export, tmp_path: Path
) -> None:
    whole = bytearray(exported.int8_file.read_bytes())
    rng = np.random.default_rng(0)
    path = tmp_path / "file.tflite"
    for _ in range(100):
        damaged = bytearray(whole)
        for position in rng.integers(8, len(whole), 20):
            damaged[position] = rng.integers(256)
        path.write_bytes(damaged)
        with contextlib.suppress(zoo.UserError):  # anything else fails the test
            audit(path)
