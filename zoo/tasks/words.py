"""Sentences about a task, for the report's page and the advice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """What is printed of a task where a sentence needs it.

    Attributes:
        is_a: what data of the task are, after their name.
        use: the intended use, at the start of a sentence.
        result: the figure in a sentence, with {numerics}, {value}, {rows} and {interval}.
        less, more: after the size of a drop, and of a gain.
        limit: what the answers cannot say; empty for nothing.
        target: what is learned.
        label, labels: one of what answers are chosen from, and all; empty for numbers.
        told: title of the figure by which a single feature is judged.
        explained: what that feature explains a share of.
        trivial, linear: the baselines of the advice.
        compared: what the share of equal answers is of.
        worst: heads the worst rows, where not even the first of them is right; with {numerics}.
    """

    is_a: str
    use: str
    result: str
    less: str
    more: str
    limit: str
    target: str
    label: str
    labels: str
    told: str
    explained: str
    trivial: str
    linear: str
    worst: str
    compared: str = "test rows"


CLASSIFICATION = Words(
    is_a="is a classification",
    use="The class of a row",
    result="The {numerics} file predicts {value} of {rows} correctly (95 % interval {interval})",
    less=" points less",
    more=" points more",
    limit="It always predicts one of its classes, even for a row of none of them.",
    target="class",
    label="class",
    labels="classes",
    told="AUC",
    explained="information",
    trivial="the most frequent class",
    linear="logistic regression",
    worst="The test rows whose true class the {numerics} file gave the least probability.",
)


REGRESSION = Words(
    is_a="is a regression",
    use="Numbers for a row",
    result="The {numerics} file's root mean squared error on {rows} is {value} ({interval})",
    less="\u00a0% worse",
    more="\u00a0% better",
    limit="",
    target="target",
    label="",
    labels="",
    told="R2",
    explained="variance",
    trivial="the mean target",
    linear="ridge regression",
    worst="The test rows with the largest errors of the {numerics} file.",
)


MULTILABEL = Words(
    is_a="is a multi-label classification",
    use="The labels of a row",
    result="The {numerics} file's macro F1 on {rows} is {value} (95 % interval {interval})",
    less=" points less",
    more=" points more",
    limit="It knows the labels that it was trained on, and no others.",
    target="labels",
    label="label",
    labels="labels",
    told="mAP",
    explained="variance",
    trivial="the shares of the labels",
    linear="logistic regression",
    worst="The test rows whose labels the {numerics} file predicted worst.",
)
