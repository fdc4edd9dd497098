"""Augmentation of training rows, as a recipe asks for it.

Everything is NumPy on whole batches, outside the model: the same on every backend, never in an
exported graph.
"""

from dataclasses import dataclass, replace

import numpy as np

from tuning.augmentation import images, mixing
from tuning.augmentation import sequences as series
from tuning.augmentation.mosaic import mosaic, room_for
from tuning.augmentation.moving import Moving
from tuning.recipe import METRIC, Recipe
from zoo import Data, UserError
from zoo.data.kinds import IMAGE, SEQUENCE, TABLE, TEXT

# field -> the kinds of rows that it is for
KINDS = {
    "mosaic": (IMAGE,),
    "shift": (SEQUENCE, IMAGE),
    "flip": (IMAGE,),
    "zoom": (IMAGE,),
    "randaugment": (IMAGE,),
    "warp": (SEQUENCE,),
    "scaling": (SEQUENCE,),
    "jitter": (TABLE, SEQUENCE),
    "cutout": (SEQUENCE, IMAGE),
    "specaugment": (SEQUENCE, IMAGE),
    "mixup": (TABLE, SEQUENCE, IMAGE),
    "cutmix": (SEQUENCE, IMAGE),
}
# field -> its value when off, and what it is for: some tasks only, see `Task.knobs`
KNOBS = {
    "focal": (0, "classes"),
    "cutmix": (0, "classes"),
    "balance": ("none", "classes"),
    "mosaic": (0, "boxes"),
    "loss": (METRIC, "numbers"),
}


def changes_rows(recipe: Recipe) -> bool:
    """Return whether a training by a recipe changes its rows."""
    return any(getattr(recipe, name) for name in KINDS)


def leaving_rows(recipe: Recipe) -> Recipe:
    """Return a recipe that leaves the rows as they are, and else is the same."""
    return replace(recipe, **{name: type(getattr(recipe, name))(0) for name in KINDS})


def check_augmentation(recipe: Recipe, data: Data) -> None:
    """Raise UserError for a field that is on and does not go with the rows or the task."""
    for name, kinds in KINDS.items():
        if getattr(recipe, name) and data.kind is TEXT:
            raise UserError(f"{name} changes numbers; {data.name} holds texts. Set it to 0.")
        if getattr(recipe, name) and data.kind not in kinds:
            wanted = " or ".join(kind.many for kind in kinds)
            raise UserError(
                f"{name} is for {wanted}; the rows of {data.name} have shape {data.input_shape}. "
                "Set it to 0."
            )
    for name, (off, meant) in KNOBS.items():
        if getattr(recipe, name) != off and name not in data.task.knobs:
            raise UserError(
                f"{name} is for {meant}; {data.name} {data.task.words.is_a}. Set it to {off}."
            )
    for name in ("mixup", "distill"):
        if getattr(recipe, name) and data.task.moves:
            raise UserError(
                f"{name} blends one answer for a whole row; {data.name} {data.task.words.is_a}. "
                "Set it to 0."
            )


@dataclass(frozen=True, eq=False)
class Augmentation:
    """The changes of a recipe, and what they need to know of the training rows.

    `mean` and `std` (1 without jitter) are those of each feature (last axis), `low` and `high` the
    smallest and the largest value of all. `moves` is that of the task: what of the aims follows the
    pixels. `room` is how many boxes four images can have.
    """

    recipe: Recipe
    mean: np.ndarray
    std: np.ndarray
    low: float
    high: float
    moves: str = ""
    room: int = 0

    @classmethod
    def of(
        cls, recipe: Recipe, rows: np.ndarray, moves: str = "", y: np.ndarray | None = None
    ) -> "Augmentation":
        """Look at the training rows, and at their aims for a recipe with mosaic."""
        axes = tuple(range(rows.ndim - 1))
        mean = np.asarray(rows.mean(axis=axes), np.float32)
        # NumPy would copy all rows, of which images may be many
        std = np.asarray(rows.std(axis=axes), np.float32) if recipe.jitter else np.ones_like(mean)
        room = room_for(y) if recipe.mosaic and y is not None else 0
        return cls(recipe, mean, std, float(rows.min()), float(rows.max()), moves, room)

    def __call__(
        self, rng: np.random.Generator, x: np.ndarray, y: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a changed batch of rows, and its targets; classes are one-hot."""
        recipe = self.recipe
        x, y = self._moved(rng, x, y)
        if recipe.warp:
            x = series.warp(rng, x, recipe.warp)
        if recipe.scaling:
            x = series.scaling(rng, x, recipe.scaling, self.mean)
        if recipe.jitter:
            x = series.jitter(rng, x, recipe.jitter, self.std)
        if recipe.cutout:
            x = mixing.cutout(rng, x, recipe.cutout, self.mean)
        if recipe.specaugment:
            x = mixing.specaugment(rng, x, recipe.specaugment, self.mean)
        x, y = self._mixed(rng, x, y)
        return np.asarray(x, np.float32), y

    def _moved(
        self, rng: np.random.Generator, x: np.ndarray, y: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        recipe = self.recipe
        if recipe.mosaic:
            x, y = mosaic(rng, x, y, recipe.mosaic, self.room)
        truth = Moving(y, self.moves, x.shape[1:3])
        if recipe.shift:
            x = mixing.shift(rng, x, recipe.shift, truth.follow)
        if recipe.flip:
            x = images.flip(rng, x, truth.follow)
        if recipe.zoom:
            x = images.zoom(rng, x, recipe.zoom, truth.follow)
        if recipe.randaugment:
            strength = (recipe.randaugment, self.low, self.high)
            x = images.randaugment(rng, x, *strength, truth.follow)
        return x, truth.y

    def _mixed(
        self, rng: np.random.Generator, x: np.ndarray, y: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        recipe = self.recipe
        if recipe.cutmix and (not recipe.mixup or rng.random() < 0.5):
            return mixing.cutmix(rng, x, y, recipe.cutmix)
        if recipe.mixup:
            return mixing.mixup(rng, x, y, recipe.mixup)
        return x, y
