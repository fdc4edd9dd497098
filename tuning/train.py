"""Training one model, without a search, into a run folder."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras

from tuning.fitting import Fit, fit
from tuning.heldout import held_out_file, held_out_rows
from tuning.recipe import Recipe
from tuning.spaces import default_recipe
from tuning.temperature import fold, measure, temperature_file
from zoo import Data, ModelSpec, Run, UserError
from zoo.lock import locked
from zoo.run import as_json


def train(
    preset: str,
    data: Data,
    *,
    directory: str | Path,
    recipe: Recipe | None = None,
    overrides: Mapping[str, Any] | None = None,
    callbacks: tuple[keras.callbacks.Callback, ...] = (),
) -> tuple[Run, Fit]:
    """Train a preset and leave it in a run folder; the seed is the recipe's.

    A classifier's last layer is divided by its temperature: see `tuning.temperature`.

    Raises:
        UserError: as `tuning.fit` and `zoo.create_model`, or a folder that holds something else.
    """
    recipe = recipe or default_recipe(preset)
    spec = ModelSpec(preset, data.input_shape, data.num_outputs, dict(overrides or {}))
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
    with locked(run.path):
        result = fit(model, data, recipe, callbacks=callbacks)
        temperature = measure(model, data)
        fold(model, temperature)
        files = {
            "recipe.json": as_json(asdict(recipe)),
            "history.csv": result.to_csv(),
            **temperature_file(temperature),
            **held_out_file(data, held_out_rows(data, refit=False)),
        }
        run.save(model, spec, data, files)
    return run, result
