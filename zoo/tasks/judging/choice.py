"""The choice of a metric among those of a task: its name, and what may follow a colon.

`pr_auc:fraud` looks at one class, `recall_at_precision:0.9` needs a precision, `pinball:0.9` a
quantile.
"""

from collections.abc import Sequence
from dataclasses import replace

from zoo.checks import UserError, near
from zoo.tasks.metric import Metric

UNEVEN = 20  # times as many rows of the most common class as of the rarest


def listed(metrics: Sequence[Metric]) -> str:
    """Return the metrics of a task as a sentence lists them."""
    first, *others = (one.form for one in metrics)
    return ", ".join([f"{first} (the first)", *others])


def chosen(task: str, metrics: Sequence[Metric], text: str, labels: Sequence[str]) -> Metric:
    """Return the metric that a text asks for.

    Args:
        task: name, for messages.
        metrics: of the task, the first is the usual one.
        text: as `--metric` takes it; empty for the first.
        labels: names of the classes.

    Raises:
        UserError: a metric that the task lacks, a level out of range, a class that is not there.
    """
    if not text:
        return metrics[0]
    found, rest = named(task, metrics, text), text.partition(":")[2]
    if found.asks:
        level, _, rest = rest.partition(":")
        found = _leveled(found, level)
    if not rest:
        return found
    if not found.of_class:
        raise UserError(f"The metric {found.form} takes nothing more; got {text!r}.")
    if rest not in labels:
        raise UserError(
            f"{found.name} looks at a class, and there is no {rest!r}. {near(rest, labels)}"
        )
    return of_class(found, rest)


def named(task: str, metrics: Sequence[Metric], text: str) -> Metric:
    """Return the metric of a task that a text names. Raises UserError as `chosen`."""
    name = spelled_name(text)
    found = next((one for one in metrics if one.name == name), None)
    if found is None:
        raise UserError(
            f"The task {task} has no metric {name!r}. It has {listed(metrics)}: choose one."
        )
    return found


def spelled_name(text: str) -> str:
    """Return the name at the front of a choice, as metrics spell theirs."""
    return text.partition(":")[0].replace("-", "_").lower()


def of_class(metric: Metric, label: str) -> Metric:
    """Return a metric that looks at one class; the same for an empty name."""
    if not label or metric.label:
        return metric
    return replace(metric, label=label, title=f"{metric.worded} of {label!r} %")


def _leveled(metric: Metric, text: str) -> Metric:
    try:
        level = float(text)
    except ValueError:
        level = 0.0
    if not 0 < level < 1:
        raise UserError(
            f"{metric.name} needs a number between 0 and 1 after a colon, such as "
            f"{metric.name}:0.9; got {text!r}."
        )
    return replace(metric, level=level, title=metric.title.format(level=f"{level:g}"))


def is_uneven(counts: Sequence[int]) -> bool:
    """Return whether the most common class has 20 times as many rows as the rarest that has any."""
    present = [count for count in counts if count]
    return len(present) > 1 and max(present) >= UNEVEN * min(present)


def uneven_notes(metric: Metric, counts: Sequence[int]) -> list[str]:
    """Return a sentence on uneven classes and what models of them are compared by."""
    if not is_uneven(counts):
        return []
    most, least = max(counts), min(count for count in counts if count)
    return [
        f"Classes are uneven, {most / least:.0f} to 1: models are compared by {metric.worded} "
        "(--metric chooses another)."
    ]


def rarer(labels: Sequence[str], counts: Sequence[int]) -> str:
    """Return the rarer of two classes, the second of equals; empty for more classes."""
    if len(labels) != 2:
        return ""
    return labels[0] if counts[0] < counts[1] else labels[1]
