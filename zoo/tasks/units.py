"""Units of numbers: standardized for a training, restored in the last layer afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Units:
    """Mean and standard deviation of each target, (targets,); None takes values as they are."""

    mean: np.ndarray | None = None
    std: np.ndarray | None = None

    @classmethod
    def of(cls, y: np.ndarray) -> "Units":
        """Return the units of targets, (rows, targets)."""
        std = y.std(axis=0)
        return cls(y.mean(axis=0), np.where(std > 0, std, 1.0))

    def standardize(self, values: np.ndarray) -> np.ndarray:
        """Return values in these units, float32; masks stay bytes."""
        if self.mean is None or self.std is None:
            return values if values.dtype == np.uint8 else np.asarray(values, np.float32)
        return np.asarray((values - self.mean) / self.std, np.float32)

    def restore(self, values: np.ndarray) -> np.ndarray:
        """Return values in these units as they were."""
        if self.mean is None or self.std is None:
            return values
        return np.asarray(values * self.std + self.mean, np.float32)

    def listed(self) -> tuple[list[float], list[float]]:
        """Return mean and standard deviation of each target as numbers, of values as they are."""
        if self.mean is None or self.std is None:
            return [0.0], [1.0]
        return [float(one) for one in self.mean], [float(one) for one in self.std]

    @property
    def pooled(self) -> float:
        """One unit for all targets: the root mean square of theirs."""
        return 1.0 if self.std is None else float(np.sqrt(np.mean(np.square(self.std))))

    def restored(self, logs: Mapping[str, float], metric: str) -> dict[str, float]:
        """Return an epoch's logs with the metric in the units of the targets."""
        return {k: float(v) * (self.pooled if k.endswith(metric) else 1.0) for k, v in logs.items()}

    def fold(self, model: "keras.Model") -> None:
        """Fold `* std + mean` into the last dense layer, which is exact and costs nothing."""
        if self.mean is not None and self.std is not None:
            kernel, bias = model.layers[-1].get_weights()
            model.layers[-1].set_weights([kernel * self.std, bias * self.std + self.mean])

    def unfold(self, model: "keras.Model") -> None:
        """Take back what `fold` did, for a model that is trained on."""
        if self.mean is not None and self.std is not None:
            kernel, bias = model.layers[-1].get_weights()
            model.layers[-1].set_weights([kernel / self.std, (bias - self.mean) / self.std])
