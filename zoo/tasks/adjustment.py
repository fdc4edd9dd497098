"""Adjustments of the last layer, which validation rows ask for after a training."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    import keras

FOLDS = 5  # of the validation rows: what is fitted on four is judged on the fifth


class Adjustment(ABC):
    """What outputs are divided by, and what is added then; folded into the last dense layer.

    Subclasses are frozen dataclasses of JSON types: `asdict` is what a run folder keeps.
    """

    name: ClassVar[str]  # the file of a run folder is {name}.json, and the report's key {name}
    figure: ClassVar[str]  # what it is to make better
    folded: ClassVar[bool] = True  # into the last layer; else it stays beside the model

    @property
    def divisor(self) -> float:
        """Of the outputs."""
        return 1.0

    @property
    def shift(self) -> np.ndarray | None:
        """What is added to the outputs, (outputs,); None for nothing."""
        return None

    @classmethod
    @abstractmethod
    def undone(cls, record: Mapping[str, Any], outputs: np.ndarray) -> np.ndarray:
        """Return the outputs of an adjusted model without the adjustment that `record` holds."""

    @classmethod
    @abstractmethod
    def title(cls, record: Mapping[str, Any]) -> str:
        """Return its name, with its value where that is one number."""

    def described(self) -> dict[str, Any]:
        """Return what a run folder keeps of it, in JSON types."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]

    @classmethod
    def note(cls, task: Any, record: Mapping[str, Any]) -> str:
        """Return a sentence on what changes the answers themselves; empty for nothing."""
        return ""

    @classmethod
    def applied(cls, task: Any, record: Mapping[str, Any]) -> Any:
        """Return the task that answers by what `record` holds: the same, where a model does."""
        return task

    @classmethod
    def removed(cls, task: Any) -> Any:
        """Return the task without it: the same, where a model holds it."""
        return task

    def fold(self, head: "keras.layers.Dense") -> None:
        """Fold it into a dense layer without activation, which is exact and costs nothing."""
        weights = [weight / self.divisor for weight in head.get_weights()]
        if self.shift is not None:
            weights[1] = weights[1] + self.shift
        head.set_weights(weights)
