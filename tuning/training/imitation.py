"""Rows for a twin, with the float model's outputs to imitate: held, or computed for each batch.

Masks and the maps of a detector are larger than their images: those of many rows are not held.
"""

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tuning.training.losses import distances
from zoo.quantization import Twin
from zoo.quantization.rows import CalibrationRows, Rows

HELD = 2**28  # bytes of rows and outputs that are kept beside the data


@dataclass(frozen=True, eq=False)
class Imitation:
    """A float model that a twin is to imitate.

    Attributes:
        model: the float model, of one input and one output.
        twin: of it; its outputs are the model's, taken apart and in units of their own.
        rows: calibration rows, which know what the host does for the twin.
        batch_size: rows per step.
    """

    model: keras.Model
    twin: Twin
    rows: CalibrationRows
    batch_size: int

    def learn(
        self,
        x: np.ndarray,
        held_out: np.ndarray,
        *,
        epochs: int,
        rate: Any,
        one_scale: bool,
        seed: int,
        callback: keras.callbacks.Callback,
    ) -> bool:
        """Train the twin in place; return whether it came nearer to the model.

        The epoch whose outputs for the held-out rows are nearest is kept. Distances are in standard
        deviations: of all logits, or, without `one_scale`, of each target.
        """
        training, validation = self.pairs(x, seed), self.pairs(held_out)
        held = training.y is not None
        outputs = training.y if training.y is not None else self.some(x)
        optimizer = keras.optimizers.Adam(rate, global_clipnorm=1.0)
        self.twin.compile(optimizer, distances(outputs, one_scale=one_scale))
        before = self.twin.evaluate(validation.x, validation.y, verbose=0, return_dict=True)["loss"]
        best = keras.callbacks.EarlyStopping("val_loss", patience=epochs, restore_best_weights=True)
        history = self.twin.fit(
            training.x,
            training.y,
            validation_data=(validation.x, validation.y),
            epochs=epochs,
            batch_size=self.batch_size,
            shuffle=held,
            steps_per_epoch=None if held else math.ceil(len(x) / self.batch_size),
            callbacks=[best, callback],
            verbose=0,
        ).history
        return bool(min(history["val_loss"]) < before)

    def pairs(self, x: np.ndarray, seed: int | None = None) -> "Pairs":
        """Return rows with the outputs for them, held where they are small enough.

        Args:
            x: as the data has them, (rows, *row shape).
            seed: of their order in `Lessons`, which are endless then; None: each row once.
        """
        if self._size(x) > HELD:
            return Pairs(Lessons(self, x, seed))
        return Pairs(self.rows.fed(x), self._apart(self.model.predict(x, verbose=0)))

    def batch(self, x: np.ndarray) -> tuple[Rows, Rows]:
        """Return the rows of a batch as the twin takes them, and the outputs for them."""
        return self.rows.fed(x), self._apart(self.model.predict_on_batch(x))

    def some(self, x: np.ndarray) -> Rows:
        """Return the outputs for as many rows as may be held, evenly chosen."""
        step = max(1, math.ceil(self._size(x) / HELD))
        return self._apart(self.model.predict(x[::step], verbose=0))

    def _apart(self, found: Any) -> Rows:
        return self.twin.in_units(np.asarray(found))

    def _size(self, x: np.ndarray) -> int:
        """Return the bytes of what would be held."""
        outputs = int(math.prod(self.model.compute_output_shape((1, *x.shape[1:]))))
        return 4 * (len(x) * outputs + (x.size if self.rows.host else 0))  # of float32


class Lessons(keras.utils.PyDataset):
    """Batches of rows and outputs, computed when they are asked for.

    Args:
        imitation: computes them.
        x: the rows.
        seed: with it the batches are endless, the rows of every epoch in an order that depends on
            the seed and the epoch alone; None: each row once.
    """

    def __init__(self, imitation: Imitation, x: np.ndarray, seed: int | None) -> None:
        super().__init__()
        self._imitation, self._x, self._seed = imitation, x, seed
        self._each = math.ceil(len(x) / imitation.batch_size)
        self._order: tuple[int, np.ndarray] = (-1, np.arange(len(x)))

    @property
    def num_batches(self) -> int | None:
        """None says that there is no end."""
        return self._each if self._seed is None else None

    def __getitem__(self, number: int) -> tuple[Rows, Rows]:
        epoch, step = divmod(number, self._each)
        size = self._imitation.batch_size
        return self._imitation.batch(self._x[self._rows(epoch)[step * size : (step + 1) * size]])

    def _rows(self, epoch: int) -> np.ndarray:
        """Return the rows of an epoch in their order."""
        known, order = self._order
        if self._seed is not None and known != epoch:
            order = np.random.default_rng([self._seed, epoch]).permutation(len(self._x))
            self._order = epoch, order
        return order


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows and outputs as Keras takes them: arrays, or `Lessons` that give both, and `y` None."""

    x: Rows | Lessons
    y: Rows | None = None
