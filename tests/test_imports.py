"""The rules of imports: one way, and a heavy dependency in few files."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.sources import ROOT, SOURCES, imported, imported_modules

FORBIDDEN = {
    "zoo": {"tuning", "export", "pocketzoo"},
    "tuning": {"export", "pocketzoo"},
    "export": {"tuning", "pocketzoo"},
    "pocketzoo": set(),
}
# heavy dependency -> the files that may import it
HOMES = {
    # the worker imports it early: Keras' fit does on every backend, in every trial
    "tensorflow": {
        "export/conversion/convert.py",
        "export/conversion/tfmot.py",
        "tuning/sweep/worker.py",
    },
    "tensorflow_model_optimization": {"export/conversion/tfmot.py"},
    "tf_keras": {"export/conversion/tfmot.py"},
    "ai_edge_litert": {
        "export/tflite/audit.py",
        "export/tflite/bounds.py",
        "export/tflite/metadata.py",
        "export/tflite/operators.py",
        "export/runtimes/litert.py",
        "export/tflite/flatbuffer.py",
    },
    "flatbuffers": {"export/tflite/metadata.py", "export/tflite/packing.py"},
    "onnxruntime": {"export/conversion/formats_child.py"},
    "torch": {"zoo/pretrained/torch_weights.py"},
    "tflite_micro": {"export/runtimes/micro_child.py"},
    "ethosu": set(),
    "keras_hub": {"zoo/pretrained/hub.py"},
    "keras_tuner": {
        "tuning/outcome/lessons.py",
        "tuning/sweep/jobs.py",
        "tuning/limits.py",
        "tuning/sweep/opening.py",
        "tuning/study/oracle.py",
        "tuning/study/oracles.py",
        "tuning/study/samplers.py",
        "tuning/spaces/space.py",
    },
    "sqlalchemy": {"tuning/study/storage.py"},
    "psycopg": set(),
    "sklearn": {
        "tuning/training/distillation.py",
        "tuning/estimators.py",
        "zoo/baselines/quick.py",
        "zoo/advice/repeats.py",
        "zoo/baselines/fitted.py",
        "zoo/baselines/plain.py",
        "zoo/baselines/rivals.py",
        "zoo/readers/built_in.py",
        "zoo/readers/dense/scenes.py",
        "zoo/data/splits.py",
    },
    "lightgbm": {"zoo/baselines/boosting.py"},
    "xgboost": {"zoo/baselines/boosting.py"},
    "catboost": {"zoo/baselines/boosting.py"},
    "scipy": {
        "tuning/augmentation/sequences.py",
        "tuning/study/samplers.py",
        "zoo/tasks/temperature.py",
        "zoo/tasks/outputs.py",
        "zoo/readers/audio.py",
        "zoo/metrics/intervals.py",
        "zoo/metrics/classes.py",
        "zoo/metrics/gates.py",
        "zoo/metrics/shift.py",
        "zoo/metrics/masks.py",
        "zoo/tasks/boxes/decoding.py",
        "zoo/tasks/masks/form.py",
        "zoo/tasks/masks/gating.py",
        "zoo/tasks/segmentation.py",
    },
    "pyarrow": {"zoo/readers/frame.py"},
    "PIL": {
        "export/drawing/sheet.py",
        "export/after/pictures.py",
        "export/drawing/drawn.py",
        "export/page/overlays.py",
        "export/page/rows.py",
        "zoo/readers/dense/outlines.py",
        "zoo/readers/dense/pictures.py",
        "zoo/readers/dense/pixels.py",
        "zoo/readers/dense/scenes.py",
        "zoo/readers/images.py",
    },
    "yaml": {"zoo/readers/dense/yolo.py"},
    "soundfile": {"zoo/readers/audio.py"},
    "typer": {
        "pocketzoo/after.py",
        "pocketzoo/cli.py",
        "pocketzoo/export_command.py",
        "pocketzoo/flat.py",
        "pocketzoo/options.py",
    },
    "rich": {
        "pocketzoo/printing/advice.py",
        "pocketzoo/printing/built_in.py",
        "pocketzoo/printing/check.py",
        "pocketzoo/printing/console.py",
        "pocketzoo/printing/data.py",
        "pocketzoo/printing/devices.py",
        "pocketzoo/printing/live.py",
        "pocketzoo/printing/models.py",
        "pocketzoo/printing/pictures.py",
        "pocketzoo/printing/predict.py",
        "pocketzoo/printing/report.py",
        "pocketzoo/printing/columns.py",
        "pocketzoo/printing/study.py",
        "pocketzoo/printing/verdict.py",
        "pocketzoo/printing/after.py",
    },
}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way_and_stay_at_home(path: Path) -> None:
    names = imported(path)
    assert not names & FORBIDDEN[path.relative_to(ROOT).parts[0]]
    for dependency, homes in HOMES.items():
        if dependency in names:
            assert str(path.relative_to(ROOT)) in homes, dependency


def test_nothing_unpickles() -> None:
    """Nor does a library on our behalf: Optuna's CMA-ES keeps a pickle in the study."""
    for path in SOURCES:
        assert not {"pickle", "cloudpickle", "dill", "joblib"} & imported(path), path
        assert "CmaEsSampler" not in path.read_text(), path


def test_legacy_packages_are_imported_by_their_child_only() -> None:
    """tfmot turns the Keras of its process into Keras 2: no file imports the one that does."""
    for path in SOURCES:
        assert "tfmot" not in {name.split(".")[-1] for name in imported_modules(path)}, path
    modules = "sys, export.conversion.compression, pocketzoo.cli, tuning.public"
    code = f"import {modules}; print(*sys.modules)"
    started = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"tensorflow_model_optimization", "tf_keras"} & set(started.stdout.split())
