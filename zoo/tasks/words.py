"""Sentences about a task, for the report's page and the advice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """What is printed of a task where a sentence needs it.

    Attributes:
        is_a: what data of the task are, after their name.
        use: the intended use, at the start of a sentence.
        result: the figure in a sentence, with {value}, {rows} and {interval}.
        less, more: after the size of a drop, and of a gain.
        limit: what the answers cannot say; empty for nothing.
        target: what is learned.
        told: title of the figure by which a single feature is judged.
        explained: what that feature explains a share of.
        trivial, linear: the baselines of the advice.
        worst: heads the worst rows, where not even the first of them is right.
    """

    is_a: str
    use: str
    result: str
    less: str
    more: str
    limit: str
    target: str
    told: str
    explained: str
    trivial: str
    linear: str
    worst: str
