"""Advice on data before any training: counts, leaks, baselines, and what to try."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from zoo.checks import UserError
from zoo.data.dataset import Data, rows
from zoo.data.kinds import TEXT
from zoo.files import as_json
from zoo.presets.catalogue import patterns_for
from zoo.stages import stage
from zoo.tasks import FIGURES, TASKS
from zoo.tasks.judging.choice import is_uneven

if TYPE_CHECKING:
    from zoo.advice.choice import Choice
    from zoo.advice.features import Telling
    from zoo.advice.repeats import Leaks, Repeats
    from zoo.baselines.quick import Baseline

RARE = 10  # training rows of a class
FEW = 100  # validation or test rows


@dataclass(frozen=True)
class Advice:
    """What data are. Labels of test rows are not looked at, only whether the rows are elsewhere.

    Examples:
        >>> advice = zoo.advise(zoo.load_data("wine"))
        >>> advice.kind, advice.rows
        ('table', {'train': 113, 'validation': 29, 'test': 36})
        >>> advice.classes
        {'class_0': 38, 'class_1': 45, 'class_2': 30}
    """

    name: str
    hash: str
    task: str
    metric: str  # that models of them are compared by
    kind: str  # "table", "sequence", "image" or "text"
    rows: Mapping[str, int]
    input_shape: tuple[int, ...]
    classes: Mapping[str, int]  # name -> training rows; empty for regression
    imbalance: float | None  # rows of the largest class over those of the smallest
    constant_features: int  # values of a row that are the same in all training rows
    repeats: "Repeats"
    leaks: "Leaks"
    telling: "tuple[Telling, ...]"  # the features that tell most by themselves, the best first
    baselines: "tuple[Baseline, ...]"  # on the validation rows
    choice: "Choice"
    seconds: float

    def warnings(self) -> list[str]:
        """Return what should be looked at before training, in sentences."""
        found = [*self.repeats.warnings(), *self.leaks.warnings()]
        found += [
            sentence for one in self.telling[:1] for sentence in one.warnings(TASKS[self.task])
        ]
        return [*found, *self._of_counts()]

    def to_json(self) -> str:
        """Return everything as JSON text."""
        return as_json(asdict(self) | {"warnings": self.warnings()})

    def _of_counts(self) -> list[str]:
        found = []
        rare = [name for name, count in self.classes.items() if count < RARE]
        if rare:
            found.append(
                f"Fewer than {RARE} training rows of {TASKS[self.task].words.label} "
                f"{', '.join(rare[:5])}{' and others' if len(rare) > 5 else ''}: too few to learn "
                "it reliably."
            )
        uneven = is_uneven([*self.classes.values()])  # by which the metric is chosen too
        if uneven and TASKS[self.task]().exclusive:  # of others each is by itself
            found.append(self._of_uneven())
        few = [part for part in ("validation", "test") if self.rows[part] < FEW]
        if few:
            found.append(
                f"Fewer than {FEW} {' and '.join(few)} rows: intervals are wide, and a difference "
                "of a few rows between two models means nothing."
            )
        return found

    def _of_uneven(self) -> str:
        """Say what is compared, and what of a recipe helps the small classes."""
        compared = FIGURES[self.metric][0].removesuffix(" %")
        if len(self.classes) == 2:
            helps = "A threshold is chosen on validation rows; --recipe focal=2 looks at hard rows."
        else:
            helps = "Train with --recipe balance=weights, by which all classes count alike."
        return (
            f"Classes are uneven, {self.imbalance:.0f} to 1: accuracy hides the small ones. Models "
            f"are compared by {compared} (see --metric), each class has its recall in the report. "
            f"{helps}"
        )


def advise(data: Data) -> Advice:
    """Say what data are: a few seconds, whatever their size; large sets are sampled.

    Args:
        data: its training and validation rows; of its test rows and their `columns` only whether
            they are in the training part as well.

    Raises:
        UserError: there are no validation rows to measure baselines on, or rows have no single
            answer but a mask or boxes.

    Examples:
        >>> advice = zoo.advise(zoo.load_data("wine"))
        >>> advice.choice.first, advice.choice.then
        ('trees', 'mlp_tabm_small')
    """
    from zoo.advice import choice, features, repeats, words  # scikit-learn: a second
    from zoo.baselines import quick as baselines

    if data.task.moves:
        instead = " or ".join(patterns_for(data.kind, data.task.gives))
        raise UserError(
            f"advise compares models of one answer to a row; {data.name} {data.task.words.is_a}. "
            f"Look at it with pocketzoo data, and start with {instead}."
        )
    if not len(data.x_validation):
        raise UserError(f"{data.name} has no validation rows to measure baselines on.")
    started = time.monotonic()
    counts = data.task.counts(data.y_train)
    table, names = words.as_table(data) if data.kind is TEXT else (data, [])
    stage("fitting a linear model")
    measured = baselines.measure(table)
    linear = measured[-1].figures.get(data.task.to_reach)
    stage("looking for repeated rows, in all rows, and near ones, in a sample")
    repeated, leaked = repeats.find_repeats(data), repeats.find_leaks(data)
    stage("measuring what each feature tells by itself, in a sample of rows")
    telling = features.find_telling(table, names)
    return Advice(
        name=data.name,
        hash=data.hash,
        task=data.task.name,
        metric=data.metric,
        kind=data.kind.name,
        rows=rows(data),
        input_shape=data.input_shape,
        classes=dict(zip(data.class_names, counts, strict=True)),
        imbalance=max(counts) / max(1, min(counts)) if counts else None,
        constant_features=features.count_constants(table),
        repeats=repeated,
        leaks=leaked,
        telling=telling,
        baselines=measured,
        choice=choice.choose(data.kind, data.task, len(data.x_train), linear, data.input_shape),
        seconds=round(time.monotonic() - started, 3),
    )
