"""After a model has shipped: drift is seen, chance is not, and runs are compared in pairs."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import export
import zoo
from export import compare
from export.after.drift import drift
from pocketzoo.printing import after as shipped
from tests.helpers.commands import pocketzoo
from tests.helpers.instances import fill_weights
from tuning import train
from zoo.metrics.shift import described, shifts, stability

RNG = np.random.default_rng(0)


def test_the_index_is_its_definition() -> None:
    before, now = RNG.normal(size=5000), RNG.normal(0.3, 1, 4000)
    edges = np.quantile(before, np.linspace(0, 1, 11))
    edges[[0, -1]] = -np.inf, np.inf
    a, b = (np.histogram(x, edges)[0] / len(x) for x in (before, now))
    index, chance, distance, p = stability(before, now)
    assert index == pytest.approx(np.sum((b - a) * np.log(b / a)), rel=1e-3)
    assert chance == pytest.approx(9 * (1 / 5000 + 1 / 4000))
    assert (distance, p) == pytest.approx(tuple(stats.ks_2samp(before, now)))


@pytest.mark.parametrize("rows", [30, 1000])
@pytest.mark.parametrize("kind", ["numbers", "classes"])
def test_chance_is_no_drift(rows: int, kind: str) -> None:
    """In 200 draws from the same source, what is found is no more than it says."""
    rng = np.random.default_rng(rows)

    def draw(count: int) -> np.ndarray:
        return rng.normal(size=count) if kind == "numbers" else rng.integers(0, 10, count)

    found = [shifts({"x": draw(2000)}, {"x": draw(rows)})[0] for _ in range(200)]
    assert sum(one.verdict != "none" for one in found) <= 4
    ratio = np.mean([one.psi for one in found]) / found[0].chance
    assert 0.8 < ratio < (2.0 if rows == 30 else 1.2)  # half a row in an empty tenth


@pytest.mark.parametrize(("moved", "verdict"), [(0.0, "none"), (0.4, "some"), (1.0, "much")])
def test_one_feature_of_many_has_moved(moved: float, verdict: str) -> None:
    before, now = RNG.normal(size=(2000, 8)), RNG.normal(size=(800, 8))
    now[:, 3] += moved
    first, *others = shifts(described(before), described(now))
    assert first.verdict == verdict
    assert all(one.verdict == "none" for one in others)
    assert first.name == "feature 3" or not moved


def test_features_of_pictures_and_sequences() -> None:
    x = RNG.normal(size=(50, 8, 8, 2))
    found = described(x, ("left", "right"))
    assert list(found)[:2] == ["mean of left", "mean of right"]
    np.testing.assert_allclose(found["spread of right"], x[..., 1].std(axis=(1, 2)))
    rough = np.abs(np.diff(x[..., 0], axis=2)).mean(axis=(1, 2))
    np.testing.assert_allclose(found["roughness of left"], rough)
    assert len(described(x[:, 0])) == 6


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[zoo.Run, zoo.Run, zoo.Data]:
    """Two exported runs on wine: one that has learned, one whose weights are chance."""
    import tuning

    folder, data = tmp_path_factory.mktemp("after"), zoo.load_data("wine")
    found = []
    for name in ("good", "bad"):
        recipe = tuning.Recipe(epochs=25)
        run, _ = train("mlp_tiny", data, directory=str(folder / name), recipe=recipe)
        if name == "bad":
            model = run.load_model()
            fill_weights(model)
            run.save(model, run.spec(), data, {})
        export.verify(export.to_litert(run), data, max_drop=100)
        found.append(run)
    return found[0], found[1], data


def test_drift_of_a_run(runs: tuple[zoo.Run, zoo.Run, zoo.Data]) -> None:
    run, _, data = runs
    same = drift(run, data.x_validation, data)
    assert same.verdict == "none"
    assert {one.name for one in same.predictions} == {"predicted class", "confidence"}
    moved = data.x_validation.copy()
    moved[:, 2] *= 1.5
    found = drift(run, moved, data)
    assert (found.verdict, found.features[0].name) == ("much", "feature 2")
    assert json.loads(json.dumps(found.to_json()))["features"][0]["verdict"] == "much"
    with pytest.raises(zoo.UserError, match=r"Drift needs at least 20 rows of shape \(13,\)"):
        drift(run, data.x_validation[:5], data)


def test_one_run_against_another(runs: tuple[zoo.Run, zoo.Run, zoo.Data]) -> None:
    good, bad, _ = runs
    found = compare(good, bad)
    assert found.winner == "a"
    assert found.verdict().startswith("A is better on these 36 rows")
    assert sum(found.broken.values()) > sum(found.fixed.values())
    by_rows = 100 * (found.a.value - found.b.value)
    changed = sum(found.broken.values()) - sum(found.fixed.values())
    assert found.worse.value == pytest.approx(by_rows) == pytest.approx(100 * changed / 36)
    assert compare(bad, good).winner == "b"
    even = compare(good, good)
    assert (even.winner, even.agreement, even.broken) == ("neither", 1.0, {})
    assert even.verdict(max_drop=100).startswith("Neither is better, and B loses no more")
    assert even.verdict().startswith("36 rows cannot tell them apart (B against A: +0 points, -")
    other = zoo.load_data("breast_cancer")
    with pytest.raises(zoo.UserError, match="is not read the way the data of"):
        compare(good, bad, other)
    with pytest.raises(
        zoo.UserError,
        match=r"predicts \[.*\], but breast_cancer has \[.*\]. Compare runs with the same task",
    ):
        compare(good, bad, replace(other, schema=good.load_data().schema))


def test_runs_of_different_data(runs: tuple[zoo.Run, zoo.Run, zoo.Data], tmp_path: Path) -> None:
    good, *_ = runs
    other = zoo.Run(tmp_path / "other")
    other.save(good.load_model(), good.spec(), zoo.load_data("wine", seed=1), {})
    with pytest.raises(zoo.UserError, match="were made from different data, so test rows"):
        compare(good, other)


def test_the_commands(runs: tuple[zoo.Run, zoo.Run, zoo.Data], tmp_path: Path) -> None:
    good, bad, data = runs
    np.save(tmp_path / "new.npy", data.x_validation)
    ended = pocketzoo("drift", good.path, tmp_path / "new.npy")
    assert ended.code == 0
    assert json.loads(pocketzoo("drift", good.path, tmp_path / "new.npy", "--json").out)
    ended = pocketzoo("compare", good.path, bad.path)
    assert ended.code == 1
    np.savez(tmp_path / "new.npz", x=data.x_test, y=data.y_test)
    assert pocketzoo("compare", good.path, bad.path, "--data", tmp_path / "new.npz").code == 1
    ended = pocketzoo("compare", good.path, good.path, "--json")
    assert (ended.code, json.loads(ended.out)["winner"]) == (0, "neither")


def test_what_they_print(
    runs: tuple[zoo.Run, zoo.Run, zoo.Data], capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad, data = runs
    shipped.print_drift(drift(good, data.x_validation, data))
    assert "29 new rows. No drift: the changes are small" in capsys.readouterr().out
    shipped.print_versus(compare(good, bad))
    shown = capsys.readouterr().out
    assert "Broken by B" in shown
    assert "A is better" in shown
