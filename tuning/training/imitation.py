"""Rows for a twin, with the float model's outputs to imitate: held, or computed for each batch.

Masks and the maps of a detector are larger than their images: those of many rows are not held. Nor
are rows that lie in a file copied into memory.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tuning.training.losses import distances
from zoo.data.memory import IN_MEMORY
from zoo.quantization import Twin
from zoo.quantization.rows import CalibrationRows, Rows, taken

HELD = 2**28  # bytes of outputs that are kept
OnEpoch = Callable[[int, int], None]  # epochs that are done, of how many


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
        watch: "Watch",
    ) -> bool:
        """Train the twin in place, if there is time; return whether it came nearer to the model.

        The epoch whose outputs for the held-out rows are nearest is kept. Distances are in standard
        deviations: of all logits, or, without `one_scale`, of each target.
        """
        training, validation = self.pairs(x, seed), self.pairs(held_out)
        held = training.y is not None
        outputs = training.y if training.y is not None else self.some(x)
        optimizer = keras.optimizers.Adam(rate, global_clipnorm=1.0)
        self.twin.compile(optimizer, distances(outputs, one_scale=one_scale))
        before = self.twin.evaluate(validation.x, validation.y, verbose=0, return_dict=True)["loss"]
        if watch.over:  # as long as that took, an epoch takes several times
            return False
        best = keras.callbacks.EarlyStopping("val_loss", patience=epochs, restore_best_weights=True)
        history = self.twin.fit(
            training.x,
            training.y,
            validation_data=(validation.x, validation.y),
            epochs=epochs,
            batch_size=self.batch_size,
            shuffle=held,
            steps_per_epoch=None if held else math.ceil(len(x) / self.batch_size),
            callbacks=[best, watch],
            verbose=0,
        ).history
        return bool(min(history["val_loss"]) < before)

    def pairs(self, x: np.ndarray, seed: int | None = None) -> "Pairs":
        """Return rows with the outputs for them, whatever of both is small enough as arrays.

        Args:
            x: as the data has them, (rows, *row shape).
            seed: of their order in `Lessons`, which are endless then; None: each row once.
        """
        if self._size(x) > HELD:
            return Pairs(Lessons(self, x, None, seed))
        outputs = self.apart(self.model.predict(x, verbose=0))
        if x.nbytes > IN_MEMORY:
            return Pairs(Lessons(self, x, outputs, seed))
        return Pairs(self.rows.fed(x), outputs)

    def some(self, x: np.ndarray) -> Rows:
        """Return the outputs for as many rows as may be held, evenly chosen."""
        step = max(1, math.ceil(self._size(x) / HELD))
        return self.apart(self.model.predict(x[::step], verbose=0))

    def apart(self, found: Any) -> Rows:
        """Return outputs of the model as those of the twin."""
        return self.twin.in_units(np.asarray(found))

    def _size(self, x: np.ndarray) -> int:
        """Return the bytes of the outputs; their sizes are fixed where there is a twin."""
        values = len(x) * int(math.prod(self.model.output_shape[1:]))
        return values * np.dtype(np.float32).itemsize


class Lessons(keras.utils.PyDataset):
    """Batches of rows and outputs, made when they are asked for.

    Args:
        imitation: makes them.
        x: the rows.
        held: the outputs; None: they are computed.
        seed: with it the batches are endless, the rows of every epoch in an order that depends on
            the seed and the epoch alone; None: each row once.
    """

    def __init__(
        self, imitation: Imitation, x: np.ndarray, held: Rows | None, seed: int | None
    ) -> None:
        super().__init__()
        self._imitation, self._x, self._held, self._seed = imitation, x, held, seed
        self._each = math.ceil(len(x) / imitation.batch_size)
        self._order: tuple[int, np.ndarray] = (-1, np.arange(len(x)))

    @property
    def num_batches(self) -> int | None:
        """None says that there is no end."""
        return self._each if self._seed is None else None

    def __getitem__(self, number: int) -> tuple[Rows, Rows]:
        imitation, size = self._imitation, self._imitation.batch_size
        epoch, step = divmod(number, self._each)
        rows = self._rows(epoch)[step * size : (step + 1) * size]
        x = self._x[rows]
        if self._held is not None:
            return imitation.rows.fed(x), taken(self._held, rows)
        return imitation.rows.fed(x), imitation.apart(imitation.model.predict_on_batch(x))

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


class Watch(keras.callbacks.Callback):
    """Tells of every epoch, and ends the training when its time is up."""

    def __init__(self, epochs: int, seconds: float | None, on_epoch: OnEpoch | None) -> None:
        super().__init__()
        self._epochs, self._told = epochs, on_epoch
        self._until = math.inf if seconds is None else time.monotonic() + seconds

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self._until

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if self.over:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        if self._told is not None:
            self._told(epoch + 1, self._epochs)
