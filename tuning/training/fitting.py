"""The one `fit` that everything uses: its checks, and the training in one phase or in two."""

from pathlib import Path

import keras
import numpy as np

from tuning.augmentation.apply import check_augmentation
from tuning.recipe import Recipe
from tuning.training.losses import is_linear
from tuning.training.phase import Fit, OnEpoch, adapt_inputs, train_once
from tuning.training.phases import fit_in_phases
from zoo import Data, UserError
from zoo.stages import epochs


def fit(
    model: keras.Model,
    data: Data,
    recipe: Recipe,
    *,
    callbacks: tuple[keras.callbacks.Callback, ...] = (),
    on_epoch: OnEpoch | None = None,
    resume: Path | None = None,
    teacher: np.ndarray | None = None,
    verbose: int = 0,
) -> Fit:
    """Train `model` in place on the training rows of `data`.

    The input statistics are adapted on the training rows first. Regression targets are standardized
    for the training and the last dense layer is rescaled afterwards, so that the model predicts in
    the targets' own units.

    Args:
        model: gives logits, or regression outputs, of shape (batch, data.num_outputs).
        data: its validation part steers early stopping; empty means none. Test rows are not used.
        recipe: see `Recipe`.
        callbacks: Keras callbacks, for progress.
        on_epoch: told the epoch (from 0) and its curves after every epoch, also those that a
            checkpoint holds; False stops the training.
        resume: a checkpoint file, gone on from if it is there, and written as the training goes.
        teacher: its answers for the training rows, for `recipe.distill`: class probabilities, or
            targets in their own units, of shape (rows, data.num_outputs); see
            `tuning.training.distillation`.
        verbose: 1 shows a progress bar for each epoch, 2 a line, as Keras does; 0 nothing.

    Raises:
        UserError: the model's input or output, or the recipe, does not fit the data.
        Diverged: the loss became NaN or infinite.

    Examples:
        >>> data = zoo.load_data("wine")
        >>> model = zoo.create_model("mlp_tiny", data.input_shape, data.num_outputs)
        >>> tuning.fit(model, data, tuning.Recipe(epochs=2)).epochs
        2
        >>> model.predict(data.x_test, verbose=0).shape
        (36, 3)
    """
    if verbose not in (0, 1, 2):
        raise UserError(f"verbose must be 0, 1 or 2, as in Keras' fit; got {verbose!r}.")
    check_fits(model, data, recipe)
    adapt_inputs(model, data)
    train = fit_in_phases if recipe.frozen else train_once
    return train(
        model,
        data,
        recipe,
        callbacks=callbacks,
        on_epoch=on_epoch,
        resume=resume,
        teacher=teacher,
        verbose=verbose,
    )


def announced(title: str, recipe: Recipe) -> OnEpoch:
    """Return what tells the epochs of a training as those of a stage, and lets it go on."""
    tell = epochs(title)
    return lambda epoch, _: tell(epoch + 1, recipe.epochs) is None


def check_fits(model: keras.Model, data: Data, recipe: Recipe) -> None:
    """Raise UserError where model, data and recipe do not go together, before rows are read."""
    check_augmentation(recipe, data)
    outputs = data.task.shape_of(model, data.input_shape, data.num_outputs)
    expected = ((None, *data.input_shape), (None, *outputs))
    if (model.input_shape, model.output_shape) != expected:
        raise UserError(
            f"{model.name} maps {model.input_shape} to {model.output_shape}, but {data.name} needs "
            f"{expected[0]} to {expected[1]}. Build it with data.input_shape and data.num_outputs."
        )
    ids = keras.backend.is_int_dtype(model.inputs[0].dtype)
    if ids != data.of_texts:
        wanted, presets = ("numbers", "not text_*") if ids else ("token ids", "text_*")
        raise UserError(
            f"{data.name} holds {wanted}; {model.name} cannot take those. Use {presets}."
        )
    head = model.layers[-1]
    if data.task.numbers and not (is_linear(head) and head.use_bias):
        raise UserError(
            f"{model.name} ends in {type(head).__name__}; for {data.task.name} the last layer must "
            "be Dense with a bias and no activation."
        )
