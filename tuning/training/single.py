"""Training one model, without a search, into a run folder."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras

from tuning.augmentation.apply import check_augmentation
from tuning.recipe import Recipe
from tuning.spaces import default_recipe
from tuning.training.adjusting import adjustment_file, fold, measure
from tuning.training.distillation import teach
from tuning.training.fitting import announced, fit
from tuning.training.heldout import held_out_file, held_out_rows
from tuning.training.phase import Fit
from zoo import Data, ModelSpec, Run, UserError
from zoo.files import as_json
from zoo.lock import locked


def train(
    preset: str,
    data: Data,
    *,
    directory: str | Path,
    recipe: Recipe | None = None,
    overrides: Mapping[str, Any] | None = None,
    teacher: str | Path | None = None,
    callbacks: tuple[keras.callbacks.Callback, ...] = (),
) -> tuple[Run, Fit]:
    """Train a preset and leave it in a run folder; the seed is the recipe's.

    A classifier's last layer is divided by its temperature: see `zoo.tasks.temperature`.

    Args:
        preset: a name from `zoo.list_models()`.
        data: from `zoo.load_data`.
        directory: the run folder; made if missing.
        recipe: None means the preset's own.
        overrides: factory arguments that differ from the preset's.
        teacher: a run folder on the same data, or "trees"; its answers make up `recipe.distill` of
            the targets, half where that is 0.
        callbacks: Keras callbacks, for progress.

    Raises:
        UserError: as `tuning.fit` and `zoo.create_model`, a folder that holds something else, or a
            teacher that does not know the data.

    Examples:
        >>> recipe = tuning.Recipe(epochs=2)
        >>> run, fit = tuning.train("mlp_tiny", data, directory="runs/short", recipe=recipe)
        >>> run.load_model().output_shape
        (None, 3)
    """
    recipe = recipe or default_recipe(preset, data, overrides)
    if teacher is not None:
        recipe = replace(recipe, distill=recipe.distill or 0.5)
        check_augmentation(recipe, data)  # before a teacher answers all rows
    spec = ModelSpec.of(preset, data, overrides or {})
    run = Run(Path(directory))
    keras.utils.set_random_seed(recipe.seed)
    model = spec.build()
    run.claim(spec, data)
    if (run.path / "study.log").exists():
        raise UserError(f"{run.path} holds a search. Give another folder.")
    if run.exists() and run.spec() != spec:
        raise UserError(
            f"{run.path} holds other sizes of {preset}: {run.spec().overrides}; asked for "
            f"{dict(spec.overrides)}. Give another folder."
        )
    answers = None if teacher is None else teach(teacher, data)
    with locked(run.path):
        result = fit(
            model,
            data,
            recipe,
            callbacks=callbacks,
            on_epoch=announced("training", recipe),
            teacher=answers,
        )
        adjustment = measure(model, data)
        fold(model, adjustment)
        files = {
            "recipe.json": as_json(asdict(recipe)),
            "history.csv": result.to_csv(),
            **adjustment_file(adjustment),
            **held_out_file(data, held_out_rows(data, refit=False)),
        }
        run.save(model, spec, data, files)
    return run, result
