"""Choosing among trials, and the lessons from them."""

from dataclasses import replace

import keras_tuner
import optuna
import pytest

import zoo
from tuning.outcome.lessons import advise
from tuning.outcome.pareto import axes, choose, front
from tuning.settings import Search
from tuning.study.ledger import Trial, ranked


def completed(number: int, score: float, size: int, macs: int = 1, epochs: int = 1) -> Trial:
    cost = {"bytes": size, "macs": macs}
    return Trial(number, {}, "completed", recipe={"epochs": epochs}, score=score, cost=cost, loss=0)


def test_the_front_and_what_is_picked_from_it() -> None:
    trials = [
        completed(0, 0.95, 100),
        completed(1, 0.948, 60),
        completed(2, 0.90, 20),
        completed(3, 0.90, 30),  # dominated
        completed(4, 0.947, 70, macs=0),
    ]
    assert [t.number for t in front(trials, "maximize")] == [2, 1, 4, 0]
    order = ranked("maximize", trials)
    assert [t.number for t in choose(order, "best", "maximize")] == [0]
    assert [t.number for t in choose(order, "smallest-within:0.5", "maximize")] == [1, 4, 0]
    assert [t.number for t in choose(order, "smallest-within:0.1", "maximize")] == [0]
    assert [t.number for t in choose(order, "trial:3", "maximize")] == [3]
    with pytest.raises(zoo.UserError, match=r"There is no completed trial 9. Completed: 0, 1, 2"):
        choose(order, "trial:9", "maximize")
    errors = [completed(0, 50.0, 100), completed(1, 50.2, 50), completed(2, 60.0, 10)]
    order = ranked("minimize", errors)
    assert [t.number for t in choose(order, "smallest-within:1", "minimize")] == [1, 0]


@pytest.mark.parametrize(
    ("first", "second", "kept", "judged"),
    [  # costs of two trials of one score; those on the front; what it is judged by
        ((9, 5, 1.0, 7), (9, 4, 1.0, 7), [1], "bytes arena ms"),  # by arena alone
        ((9, 5, 1.0, 7), (9, 5, 0.9, 7), [1], "bytes arena ms"),  # by ms alone
        ((9, 5, 1.0, 7), (8, 5, 1.0, 7), [1], "bytes arena ms"),  # by bytes alone
        ((9, 5, 1.0, 7), (9, 5, 1.0, 6), [0], "bytes arena ms"),  # a device's ms, not macs
        ((9, 5, None, 7), (9, 5, None, 6), [1], "bytes arena macs"),  # macs without a device
        ((9, 5, 1.0, 7), (9, 5, None, 6), [1], "bytes arena macs"),  # begun without a device
        ((9, None, None, 7), (9, 4, None, 7), [0], "bytes macs"),  # begun before there was one
        ((9, 5, 1.0, 7), (8, 6, 1.0, 7), [1, 0], "bytes arena ms"),  # smaller against less arena
        ((9, 5, 1.0, 7), (10, 5, 0.9, 7), [0, 1], "bytes arena ms"),  # smaller against faster
        ((None, None, None, None), (9, 5, 1.0, 7), [0], ""),  # an empty record
    ],
)
def test_dominance_by_each_cost(
    first: tuple[float | None, ...], second: tuple[float | None, ...], kept: list[int], judged: str
) -> None:
    names = ("bytes", "arena", "ms", "macs")
    costs = [
        {name: value for name, value in zip(names, one, strict=True) if value is not None}
        for one in (first, second)
    ]
    trials = [replace(completed(n, 0.9, 1), cost=cost) for n, cost in enumerate(costs)]
    for direction in ("maximize", "minimize"):
        assert [t.number for t in front(trials, direction)] == kept
        assert choose(trials, "knee", direction)[0] in trials
    assert " ".join(axes(trials)) == judged


def test_the_knee_is_where_more_bytes_win_little() -> None:
    trials = [
        completed(0, 0.950, 1_000),
        completed(1, 0.960, 2_000),
        completed(2, 0.965, 60_000),
        completed(3, 0.600, 100),  # small, and far more than two points worse
    ]
    order = ranked("maximize", trials)
    assert [t.number for t in choose(order, "knee", "maximize")] == [1, 2]
    assert [t.number for t in choose(order[:2], "knee", "maximize")] == [2]  # of two the best
    little = replace(
        completed(4, 0.946, 90_000), cost={"bytes": 90_000, "macs": 1, "arena": 3}
    )  # on the front by its arena alone
    known = [replace(t, cost={**t.cost, "arena": 9}) for t in trials]
    assert [t.number for t in choose(ranked("maximize", [*known, little]), "knee", "maximize")] == [
        *(1, 2)
    ]
    errors = [completed(0, 50.0, 60_000), completed(1, 50.1, 2_000), completed(2, 50.9, 1_000)]
    order = ranked("minimize", errors)
    assert [t.number for t in choose(order, "knee", "minimize")] == [1, 0]
    for rows, taken in ((0, [2]), (91, [0, 2]), (9_000, [2])):  # half a point of so many rows
        pair = ranked("maximize", [trials[0], replace(trials[2], score=0.955)])
        assert [t.number for t in choose(pair, "knee", "maximize", rows)] == taken
    for rows, taken in ((0, [0]), (90, [2, 0]), (9_000, [0])):
        pair = ranked("minimize", [errors[0], errors[2]])
        assert [t.number for t in choose(pair, "knee", "minimize", rows)] == taken
    assert Search().picked == "best"
    assert Search(device="rp2040").picked == "knee"
    assert (Search().most, Search(minutes=1).most, Search(minutes=1, trials=3).most)[::2] == (10, 3)


def test_ranking_by_score_then_loss_whatever_the_length() -> None:
    def trial(number: int, epochs: int, score: float, loss: float) -> Trial:
        return Trial(number, {}, "completed", recipe={"epochs": epochs}, score=score, loss=loss)

    trials = [trial(0, 1, 0.9, 0.1), trial(1, 3, 0.8, 0.3), trial(2, 3, 0.8, 0.2)]
    assert [t.number for t in ranked("maximize", trials)] == [0, 2, 1]
    assert [t.number for t in ranked("minimize", [*trials, trial(3, 3, 0.7, 9)])] == [3, 2, 1, 0]


def test_advice() -> None:
    space = keras_tuner.HyperParameters()
    space.Float("rate", 1e-4, 1e-2, sampling="log")
    space.Choice("width", [8, 16, 32], ordered=True)
    best = Trial(
        0, {"rate": 9.9e-3, "width": 8}, "completed", recipe={"epochs": 10}, score=1.0, epochs=10
    )
    study = optuna.create_study(direction="maximize")
    trial = study.ask()
    for epoch in range(10):
        trial.report(epoch / 10, epoch)
    trial.set_user_attr("outcome", "completed")
    study.tell(trial, 1.0)
    trials = [best, *(Trial(n, {}, "infeasible") for n in (1, 2))]
    from tuning.study.ledger import attempts_of

    said = "\n".join(advise(space, trials, best, attempts_of(study), "maximize"))
    assert "The best rate, 0.0099, lies at the upper edge" in said
    assert "The best width, 8, lies at the lower edge" in said
    assert "2 of 3 trials were infeasible" in said
    assert "still improving in epoch 10 of 10" in said
    quiet = Trial(0, {"rate": 1e-3, "width": 16}, "completed", recipe={"epochs": 60}, score=1.0)
    assert not advise(space, [quiet], quiet, attempts_of(study), "maximize")
