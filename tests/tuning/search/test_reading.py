"""A search that chooses how rows are read: the space, its first points, and what the run holds."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import soundfile
from optuna.distributions import CategoricalDistribution
from optuna.trial import create_trial

import export
import zoo
from tests.export.test_ship import infer
from tests.helpers.made import write_sounds
from tests.helpers.searching import searched
from tests.zoo.data.test_ways import write_mixed
from tuning.auto.finding import Field, find_candidates
from tuning.outcome.answer import answer
from tuning.outcome.reading import read_as
from tuning.settings import Search
from tuning.spaces.candidates import PRESET, ask, declare, starts, way_of
from tuning.study.ledger import Trial
from tuning.sweep.opening import _starts
from zoo.devices.budget import Budget
from zoo.metrics.classes import probabilities

DEFAULT, DENSE, SMALL, FULL = (
    "log_mel",
    "log_mel:stride_ms=10",
    "mfcc:window_ms=40",
    "mfcc:stride_ms=10,coefficients=40",
)
PRESETS = ("gru_tiny", "lite_tiny")


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> zoo.Data:
    return zoo.load_data(write_sounds(tmp_path_factory.mktemp("sounds") / "words", each=16))


@pytest.fixture
def few_presets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuning.auto.finding.candidates", lambda *_, **__: PRESETS)


@pytest.mark.usefixtures("few_presets")
def test_the_way_of_reading_is_a_parameter_beside_the_preset(sounds: zoo.Data) -> None:
    field = find_candidates(sounds, Budget())
    assert field.ways == sounds.ways
    space = declare(field.candidates, field.ways)
    (parameter,) = [p for p in space.space if p.name == "front_end"]
    assert parameter.values == [DEFAULT, DENSE, SMALL, FULL]
    assert not parameter.conditions
    assert space.values["front_end"] == DEFAULT
    for way in sounds.ways:
        space.values = {**starts(space, field.candidates, 2)[1], "front_end": way.value}
        chosen, _ = ask(space, field.candidates, field.ways)
        assert (chosen.spec.preset, chosen.spec.input_shape, chosen.way) == (
            PRESETS[1],
            way.shape,
            way,
        )
        assert chosen.spec.build().input_shape == (None, *way.shape)
    with pytest.raises(zoo.UserError, match="its rows by front_end 'mel', which is none of the"):
        way_of(field.ways, {"front_end": "mel"})
    fixed = find_candidates(replace(sounds, ways=()), Budget())
    assert fixed.ways == ()
    assert way_of(fixed.ways, {}) is None
    assert "front_end" not in {p.name for p in declare(fixed.candidates, fixed.ways).space}


def test_limits_are_met_by_other_ways_or_leave_them_out(
    sounds: zoo.Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LITE fits as rows are; a CNN if they are smaller; nothing if there are twice the frames."""
    presets = ("lite_tiny", "cnn_depthwise_tiny")
    monkeypatch.setattr("tuning.auto.finding.candidates", lambda *_, **__: presets)
    field = find_candidates(sounds, Budget(max_macs=110_000))
    assert [(one.spec.preset, one.way) for one in field.candidates] == [
        (presets[0], sounds.ways[0]),
        (presets[1], sounds.ways[2]),
    ]
    assert field.candidates[1].spec.input_shape == (9, 10)
    assert [way.value for way in field.ways] == [DEFAULT, SMALL]
    unread = {one.preset: one for one in field.unread}
    assert {*unread} == {f"--front-end {way} with {presets[1]}" for way in (DENSE, FULL)}
    assert {one.limits for one in field.unread} == {("macs",)}
    assert "needs macs " in field.unread[0].why
    space = declare(field.candidates, field.ways)
    points = starts(space, field.candidates, 2)
    assert [point["front_end"] for point in points] == [DEFAULT, SMALL]


def test_other_ways_follow_the_first_presets_with_the_best_of_them(sounds: zoo.Data) -> None:
    field = find_candidates(sounds, Budget())
    space, opened = declare(field.candidates, field.ways), optuna.create_study(direction="maximize")
    first, startup, _ = _starts(opened, field, 15, space, Search())
    assert startup == len(first) == 9
    presets = [one.spec.preset for one in field.candidates]
    points: list[Any] = [*first[:3], *first[6:]]
    assert [point[PRESET] for point in points] == presets[:6]
    assert {point["front_end"] for point in points} == {DEFAULT}

    def others() -> list[tuple[str, str]]:
        made: Any = first[3:6]
        return [(point[PRESET], point["front_end"]) for point in (one(opened) for one in made)]

    assert others() == [(presets[0], value) for value in (DENSE, SMALL, FULL)]  # none is known yet
    for n, (preset, read) in enumerate([(presets[1], DEFAULT), (presets[2], SMALL)]):
        point = {PRESET: preset, "front_end": read}
        known = {PRESET: presets, "front_end": [DEFAULT, DENSE, SMALL, FULL]}
        of = {name: CategoricalDistribution(values) for name, values in known.items()}
        noted = {"outcome": "completed", "state": "completed", "score": n / 10}
        made = create_trial(params=point, distributions=of, value=n / 10, user_attrs=noted)
        opened.add_trial(made)
    assert others() == [(presets[2], value) for value in (DENSE, DEFAULT, FULL)]


@pytest.mark.usefixtures("few_presets")
def test_a_run_holds_the_way_that_won(sounds: zoo.Data, folder: Path, tmp_path: Path) -> None:
    """Cut off where another way has been tried, and continued; then asked for the fourth trial."""
    given: dict[str, Any] = {"preset": None, "trials": 4, "prune": "none", "pick": "trial:3"}
    seen: list[Trial] = []

    def cut(progress: Any) -> None:
        seen.extend([] if progress.trial is None else [progress.trial])
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        searched(sounds, folder, on_progress=cut, **given)
    run, rest = searched(sounds, folder, **given)
    seen += rest
    assert [trial.number for trial in seen] == [0, 1, 2, 3]
    assert [trial.preset for trial in seen][:2] == [*PRESETS]
    read = [trial.values["front_end"] for trial in seen]
    assert read == [DEFAULT, DEFAULT, DENSE, SMALL]
    study, held = run.read_json("study.json"), run.read_json("data.json")
    assert study["best"]["values"]["front_end"] == SMALL
    found = study["answer"]
    numbers = {one["value"]: one.get("number") for one in found["readings"]}
    assert [numbers[value] for value in (DENSE, SMALL, FULL)] == [2, 3, None]
    assert found["sentences"][0].startswith("Rows are read by --front-end mfcc:window_ms=40 (Zhang")
    assert (held["front_end"]["kind"], held["front_end"]["window_ms"]) == ("mfcc", 40)
    data = run.load_data()
    assert data.input_shape == run.spec().input_shape == (9, 10)
    np.testing.assert_array_equal(data.y_test, sounds.y_test)
    np.testing.assert_array_equal(data.columns["names_test"], sounds.columns["names_test"])
    assert not (folder / "trials" / ".rows").exists()
    written = (folder / "weights.h5").stat().st_mtime_ns
    searched(sounds, folder, **given)
    assert (folder / "weights.h5").stat().st_mtime_ns == written
    same_by_infer(run, data, tmp_path)


def same_by_infer(run: zoo.Run, data: zoo.Data, folder: Path) -> None:
    """The files that are shipped answer to raw sounds as the float model does."""
    export.to_litert(run, data=data)
    raw = Path(data.source) / "no"
    waves = np.stack([soundfile.read(path, dtype="int16")[0] for path in sorted(raw.iterdir())])
    np.save(folder / "waves.npy", waves)
    alone = (
        "import sys, numpy as np; sys.path = [sys.argv[1], *sys.path[1:]]; import front_end as f; "
        "np.save('x.npy', f.spectra(np.load('waves.npy'), f.FRONT_END))"
    )
    subprocess.run([sys.executable, "-c", alone, str(run.path)], check=True, cwd=folder)
    rows = zoo.read_rows(raw, run)
    np.testing.assert_array_equal(np.load(folder / "x.npy"), rows)
    answers_alike(run, rows, folder / "x.npy")


def answers_alike(run: zoo.Run, rows: np.ndarray, file: Path) -> None:
    """By infer.py the float file names the classes of the Keras model, with its probabilities."""
    outputs = run.load_model().predict(rows, verbose=0)
    names, shares = run.read_json("data.json")["class_names"], probabilities(outputs)
    code, said = infer(run.path, str(run.path / "model_float.tflite"), str(file))
    assert code == 0, said
    told = [line.split("\t") for line in said.splitlines()]
    assert [line[1] for line in told] == [names[n] for n in shares.argmax(axis=1)]
    given = [float(line[2]) for line in told]
    np.testing.assert_allclose(given, shares.max(axis=1), atol=1e-3)
    code, said = infer(run.path, str(run.path / "model_int8.tflite"), str(file))
    given = [float(line.split("\t")[2]) for line in said.splitlines()]
    np.testing.assert_allclose(given, shares.max(axis=1), atol=0.05)


def test_images_are_read_in_the_size_that_won(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuning.auto.finding.candidates", lambda *_, **__: ("cnn_depthwise_tiny",))
    photos = zoo.load_data(write_mixed(tmp_path / "photos", each=16))
    given: dict[str, Any] = {"preset": None, "trials": 3, "prune": "none", "pick": "trial:1"}
    run, seen = searched(photos, folder, **given)
    assert [trial.message for trial in seen] == ["", "", ""]
    assert [trial.values["image_size"] for trial in seen] == ["64x64", "48x48", "96x96"]
    macs = [trial.cost["macs"] for trial in seen]
    assert macs[1] < macs[0] < macs[2]
    held = run.read_json("data.json")
    assert held["reading"] == {"image_size": [48, 48]}
    assert held["schema"]["image_size"] == [48, 48]
    data = run.load_data()
    np.testing.assert_array_equal(data.y_test, photos.y_test)
    raw = tmp_path / "photos" / str(data.columns["names_test"][0])
    rows = zoo.read_rows(raw, run)
    np.testing.assert_array_equal(rows[0], data.x_test[0])
    export.to_litert(run, data=data)
    assert "resized to height 48, width 48" in (folder / "infer.py").read_text()
    np.save(tmp_path / "x.npy", rows)
    answers_alike(run, rows, tmp_path / "x.npy")


def test_the_answer_names_the_way_and_the_others(sounds: zoo.Data) -> None:
    field = Field((), auto=True, ways=sounds.ways)
    cost = {"bytes": 9_000, "macs": 9_000, "arena": 100}

    def trial(number: int, read: str, score: float) -> Trial:
        values = {"front_end": read}
        return Trial(number, values, "completed", preset="gru_tiny", score=score, cost=cost)

    trials = [trial(0, DEFAULT, 0.5), trial(1, SMALL, 0.75), trial(2, SMALL, 0.6)]
    found = answer(field, trials, [], trials[1], [], {}, sounds.task.metric)
    assert [one.get("score") for one in found["readings"]] == [0.5, None, 0.75, None]
    assert found["families"][0]["reading"] == SMALL
    assert found["sentences"][0].endswith(
        f"others: {DEFAULT} 50.0\xa0%; {DENSE} not tried; {FULL} not tried."
    )
    assert read_as(field, {}) == read_as(Field(()), trials[0].values) == {}
