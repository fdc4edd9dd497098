"""The ladder: which rung is taken, on which rows, and what is refused before anything runs."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import export
import tuning
import zoo
from export.conversion.choices import check_forms
from export.proof.targets import refuse_early
from pocketzoo.exporting import check_options, export_run
from pocketzoo.options import Exporting
from tests.helpers.instances import filled
from tuning import FineTuning, Recipe, fit, quantize
from tuning.quantization import held_out_loss
from zoo.tasks import Classification, Regression


@pytest.fixture(scope="module")
def trained(digits: zoo.Data) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = zoo.create_model("cnn_tiny", digits.input_shape, digits.num_outputs)
    fit(model, digits, Recipe(epochs=6, learning_rate=5e-3))
    return model


def test_the_second_rung_is_climbed_only_where_the_first_loses_too_much(
    trained: keras.Model, digits: zoo.Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = {"ptq": (0.7, 0.02), "qat": (0.2, 0.02)}  # points, noise of the outputs
    monkeypatch.setattr(
        "tuning.quantization.held_out_loss", lambda _model, _data, one: lost[one.rung]
    )
    how = FineTuning(epochs=1, batch_size=256)
    assert quantize(trained, digits, max_drop=0.8, fine_tuning=how).rung == "ptq"
    assert quantize(trained, digits, max_drop=0.5, fine_tuning=how).rung == "qat"
    lost["qat"] = 0.7, 0.02  # no better: the lower rung stays
    assert quantize(trained, digits, max_drop=0.5, fine_tuning=how).rung == "ptq"
    lost |= {"ptq": (0.0, 0.2), "qat": (0.3, 0.05)}  # too few rows to show what such noise costs
    assert quantize(trained, digits, max_drop=0.5, fine_tuning=how).rung == "qat"
    lost["qat"] = 0.7, 0.05
    assert quantize(trained, digits, max_drop=0.5, fine_tuning=how).rung == "ptq"


def test_the_ladder_goes_on_to_16_bits_while_too_much_is_lost(
    digits: zoo.Data, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = {"int8": 2.0, "mixed": 1.0, "int16x8": 0.3}
    monkeypatch.setattr(
        "tuning.quantization.held_out_loss",
        lambda _model, _data, one: (lost[one.twin.numerics.name], 0.02),
    )
    monkeypatch.setattr("tuning.quantization.EPOCHS", 1)
    monkeypatch.setattr("tuning.quantization.STEPS", 1)
    run, _ = tuning.train("mlp_tiny", digits, directory=folder, recipe=Recipe(epochs=1))

    model = run.load_model()

    def climbed(max_drop: float, numerics: str | None = None) -> list[tuple[str, str, float]]:
        tried = quantize(model, digits, max_drop=max_drop, numerics=numerics).tried
        return [(t.quantized.twin.numerics.name, t.quantized.rung, t.drop) for t in tried]

    every = [("int8", "ptq", 2.0), ("int8", "qat", 2.0), ("mixed", "ptq", 1.0)]
    assert climbed(3.0) == every[:1]
    assert climbed(1.5) == every
    assert climbed(0.5) == [*every, ("int16x8", "ptq", 0.3)]
    assert climbed(0.5, "int8") == every[:2]
    report = export_run(run.path, Exporting(0.5))
    assert report is not None
    assert report.numerics == "int16x8"
    ladder = json.loads(run.file("report.json").read_text())["ladder"]
    assert [(one["numerics"], one["method"], one["drop"]) for one in ladder] == climbed(0.5)
    assert [one["taken"] for one in ladder] == [False, False, False, True]
    assert all(one["bytes"] > 1000 and one["latency_us"] > 0 for one in ladder)


def test_the_ladder_never_looks_at_test_rows(trained: keras.Model, digits: zoo.Data) -> None:
    blind = zoo.Data(
        **{name: getattr(digits, name) for name in digits.__dataclass_fields__}
        | {"x_test": np.full_like(digits.x_test, np.nan), "y_test": digits.y_test * 0 - 1}
    )
    how = FineTuning(epochs=1, batch_size=256)
    quantized = quantize(trained, blind, max_drop=-100.0, fine_tuning=how)
    assert np.isfinite(held_out_loss(trained, blind, quantized)).all()


def test_one_row_is_always_acceptable() -> None:
    assert Classification().bound(0.5, np.zeros(114)) == pytest.approx(100 / 114)
    assert Classification().bound(0.5, np.zeros(1000)) == 0.5
    assert Classification().bound(-1.0, np.zeros(114)) == -1.0
    assert Regression().bound(0.5, np.zeros((10, 1))) == 0.5


def test_drop_in_points_and_percent() -> None:
    y = np.arange(200) % 4
    right, wrong = np.eye(4)[y], np.eye(4)[(y + 1) % 4]
    of_int8 = np.where((np.arange(200) < 3)[:, None], wrong, right)
    assert Classification().lost(y, right, of_int8) == pytest.approx(1.5)
    targets = np.zeros((100, 2))
    of_float, of_int8 = np.ones((100, 2)), np.tile([1.0, 1.2], (100, 1))
    assert Regression().lost(targets, of_float, of_int8) == pytest.approx(10)  # mean of 0 and 20


@pytest.mark.parametrize("rung", ["ptq", "qat"])
def test_a_run_is_exported_by_the_rung_it_is_told(
    rung: str, digits: zoo.Data, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = Recipe(epochs=3, learning_rate=5e-3)
    run, _ = tuning.train("mlp_tiny", digits, directory=folder, recipe=recipe)
    report = export_run(run.path, Exporting(5.0, "litert,micro", rung=rung))
    assert ("training the int8 twin: 1 of 10 epochs" in capsys.readouterr().err) == (rung == "qat")
    assert report.passed, report.failures()
    written = json.loads(run.file("report.json").read_text())
    assert written["method"] == rung
    assert written["calibration"]["clip"] in ("whole", "percentile", "least_squares")
    assert written["runtimes"]["micro"]["rows"] == len(digits.x_test)
    assert written["runtimes"]["micro"]["arena_bytes"] > 0
    assert written["worst_layer"] == min(written["layers"], key=written["layers"].get)
    for name in ("twin.weights.h5", "model_int8.cc", "model_int8.h"):
        assert run.file(name).stat().st_size > 100


def test_compression_shows_in_the_report(digits: zoo.Data, folder: Path) -> None:
    recipe = Recipe(epochs=3, learning_rate=5e-3)
    run, _ = tuning.train("mlp_tiny", digits, directory=folder, recipe=recipe)
    plain = export_run(run.path, Exporting(100.0, rung="ptq"))
    pruned = export_run(run.path, Exporting(100.0, compress="prune:0.7"))
    name = "model_int8.tflite"
    assert pruned.files.zip_bytes[name] < 0.8 * plain.files.zip_bytes[name]
    assert pruned.files.compression is not None
    assert pruned.files.compression["sparsity"] == pytest.approx(0.7, abs=0.02)
    assert pruned.float_estimate == plain.float_estimate  # the drop is from the model before
    by_tfmot = export_run(run.path, Exporting(100.0, compress="qat-tfmot"))
    assert by_tfmot.files.rung == "qat-tfmot"
    assert by_tfmot.int8_audit.integer_only
    assert by_tfmot.int8_estimate.value > plain.float_estimate.value - 0.1


@pytest.mark.parametrize(
    ("preset", "overrides", "targets", "forms", "message"),
    [
        (
            "cnn_tiny",
            {"activation": "gelu"},
            ["micro"],
            None,
            "micro lacks the operator GELU, which layer 'activation.*' needs. Choose another",
        ),
        (
            "gru_tiny",
            {"bidirectional": True},
            ["litert", "ethos-u55"],
            None,
            "ethos-u55 lacks the operator WHILE, which layer .* Ask for a form that it runs",
        ),
        ("mlp_tiny", {}, ["tpu"], None, "targets='tpu' is not known"),
        ("mlp_tiny", {}, "micro", None, "targets must be a list, like"),
        ("mlp_tiny", {}, [], None, "targets must name at least one of litert, micro"),
    ],
)
def test_targets_refuse_before_any_training(
    preset: str, overrides: dict[str, Any], targets: Any, forms: Any, message: str
) -> None:
    from tests.helpers.instances import spec

    with pytest.raises(zoo.UserError, match=message):
        refuse_early(spec(preset, **overrides).build(), targets, forms)


def test_what_targets_take() -> None:
    from tests.helpers.instances import spec

    refuse_early(spec("cnn_tiny", activation="gelu").build(), ["litert", "ethos-u55"], None)
    refuse_early(filled("gru_tiny"), ["ethos-u55"], None)  # the step form
    both = spec("gru_tiny", bidirectional=True).build()
    refuse_early(both, ["ethos-u55"], ["rolled", "unrolled"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rung": "high"}, "rung='high' is not known"),
        ({"max_drop": float("nan")}, "max_drop must be a number"),
        ({"forms": "spiral"}, "forms='spiral' is not known"),
        ({"compress": "prune:2"}, "prune needs the share of zeros"),
        ({"compress": "prune:0.5", "rung": "qat"}, "both train the int8 file; choose one"),
    ],
)
def test_wishes_that_cannot_be_met(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(zoo.UserError, match=message):
        check_options(filled("mlp_tiny"), Exporting(**changes))


def test_forms_are_a_list() -> None:
    with pytest.raises(zoo.UserError, match="forms must be a list, like"):
        check_forms("step")


@pytest.mark.parametrize("field", ["epochs", "batch_size"])
def test_fine_tuning_is_checked(field: str) -> None:
    with pytest.raises(zoo.UserError, match=f"{field} must be an integer of at least 1"):
        FineTuning(**{field: 0})  # type: ignore[arg-type]


def test_compress_and_a_twin_do_not_go_together(
    trained: keras.Model, digits: zoo.Data, tmp_path: Path
) -> None:
    quantized = zoo.quantization.quantize(trained, digits, rows=32)
    with pytest.raises(zoo.UserError, match="compress makes a twin of its own"):
        export.to_litert(
            trained, data=digits, directory=tmp_path, compress="prune:0.5", quantized=quantized
        )
