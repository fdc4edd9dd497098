"""Crafted model files of a stranger: each is refused in a sentence, at once."""

import errno
import shutil
import time
from dataclasses import replace
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import export
import export.child
import zoo
from export.runtimes.litert import measure_latency
from export.tflite.audit import audit
from tests.export.test_audit import edited
from tests.helpers.instances import data_of, rows


def repeating(count: int) -> bytes:
    """Return a file with a graph named `count` times, and in it a tensor as often."""
    builder = flatbuffers.Builder(0)
    schema.TensorStart(builder)
    place, vectors = schema.TensorEnd(builder), []
    for start in (schema.SubGraphStartTensorsVector, schema.ModelStartSubgraphsVector):
        start(builder, count)
        for _ in range(count):
            builder.PrependUOffsetTRelative(place)
        vectors.append(builder.EndVector())
        schema.SubGraphStart(builder)
        schema.SubGraphAddTensors(builder, vectors[0])
        place = schema.SubGraphEnd(builder)
    schema.ModelStart(builder)
    schema.ModelAddSubgraphs(builder, vectors[1])
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize("count", [300, 1000, 20_000])
def test_a_file_that_names_a_table_again_and_again(count: int, tmp_path: Path) -> None:
    path, started = tmp_path / "e.tflite", time.monotonic()
    path.write_bytes(repeating(count))
    with pytest.raises(zoo.UserError, match="it names the same tables again and again"):
        audit(path)
    assert time.monotonic() - started < 2


def test_a_damaged_archive_behind_the_model(exported: export.Export, tmp_path: Path) -> None:
    path = tmp_path / "e.tflite"
    path.write_bytes(exported.int8_file.read_bytes() + b"PK\x05\x06" + b"\xff" * 16 + b"\0\0")
    with pytest.raises(zoo.UserError, match="is damaged: the archive behind the model"):
        audit(path)


def test_a_file_without_operators_is_not_run(exported: export.Export, tmp_path: Path) -> None:
    def emptied(model: schema.ModelT) -> None:
        model.subgraphs[0].operators = []

    found = export.check(edited(exported.int8_file, tmp_path / "e.tflite", emptied))
    assert found.latency is None
    assert found.failures[-1] == "not run: it holds no operators, so it computes nothing"


def test_an_output_that_nothing_fills(exported: export.Export, tmp_path: Path) -> None:
    def astray(model: schema.ModelT) -> None:
        tensors = model.subgraphs[0].tensors
        model.subgraphs[0].tensors = [*tensors, tensors[model.subgraphs[0].outputs[0]]]
        model.subgraphs[0].outputs = np.array([len(tensors)], np.int32)
        model.signatureDefs = None

    found = export.check(edited(exported.int8_file, tmp_path / "e.tflite", astray))
    assert not found.passed
    assert "LiteRT could not run it: the process" in found.failures[-1]


def test_a_tensor_of_many_axes(exported: export.Export, tmp_path: Path) -> None:
    def stretch(model: schema.ModelT) -> None:
        for tensor in model.subgraphs[0].tensors:
            tensor.shape = np.full(900, 2**30, np.int32)

    with pytest.raises(zoo.UserError, match="a tensor with 900 axes"):
        audit(edited(exported.int8_file, tmp_path / "e.tflite", stretch))


def test_damage_anywhere_in_a_file(exported: export.Export, tmp_path: Path) -> None:
    content, path = exported.int8_file.read_bytes(), tmp_path / "e.tflite"
    rng, refused = np.random.default_rng(0), 0
    for place in rng.integers(0, len(content) - 8, 300):
        for value in (b"\0\0\0\0", b"\xff\xff\xff\x7f", rng.bytes(4)):
            path.write_bytes(content[:place] + value + content[place + 4 :])
            try:
                audit(path)
            except zoo.UserError:
                refused += 1
    assert refused > 100


def test_a_disk_that_fills_in_the_page_leaves_no_report(
    exported: export.Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    folder = shutil.copytree(exported.run.path, tmp_path / "run")
    copy = replace(exported, run=zoo.Run(folder))
    monkeypatch.setattr("export.verifying.write_page", full)
    monkeypatch.setattr("export.proof.report.Report.to_json", lambda _: "{}")
    with pytest.raises(OSError, match="No space left"):
        export.verify(copy, data_of(rows("mlp_tiny", 40), np.arange(40) % 2))
    assert not (folder / "report.json").exists()
    assert "report.json" not in copy.run.files()


def test_a_child_has_limits() -> None:
    code = "import resource as r; print(*(r.getrlimit(k)[0] for k in (r.RLIMIT_AS, r.RLIMIT_CPU)))"
    memory, seconds = map(int, export.child.run_python(["-c", code], 60, memory=1 << 32).split())
    assert memory <= 1 << 32
    assert 60 <= seconds < 60 * 1000
    usual = int(export.child.run_python(["-c", code], 60).split()[0])
    assert usual >= (8 << 30) + export.child.of_threads()  # of many processors they take gigabytes
    with pytest.raises(export.child.ChildError, match="MemoryError"):
        export.child.run_python(["-c", "bytes(1 << 33)"], 60, memory=1 << 32)
    with pytest.raises(export.child.ChildError, match="took more than 1 s and was stopped"):
        export.child.run_python(["-c", "import time; time.sleep(9)"], 1)


def test_a_slow_file_is_timed_by_a_few_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        calls = 0

        def invoke(self) -> None:
            self.calls += 1
            time.sleep(0.01)

    monkeypatch.setattr("export.runtimes.litert.LONGEST", 0.005)
    slow = Slow()
    assert measure_latency({"file": slow})["file"].median > 9000
    assert slow.calls < 20
