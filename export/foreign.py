"""Models of other origin: read without running code, and without models inside models."""

import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from export.custom import import_hub
from zoo import UserError
from zoo.layers import Standardize

MOST_BYTES = 1 << 31  # that a file may unpack to


def read_model(path: Path) -> keras.Model:
    """Load a `.keras` file in safe mode: layers of Keras, KerasHub and zoo; nothing is unpickled.

    Raises:
        UserError: missing, damaged or too large, of another format, or one that holds code.
    """
    if path.suffix in (".h5", ".hdf5"):
        raise UserError(
            f"{path} is of Keras' old format. Load it where it was made and save it anew: "
            "keras.models.load_model('model.h5').save('model.keras')."
        )
    if path.suffix != ".keras" or not path.is_file():
        raise UserError(f"{path} is no .keras file and no run folder. Give one of them.")
    _check_archive(path)
    import_hub(path)
    try:
        model = keras.saving.load_model(path, safe_mode=True, compile=False)
    except Exception as error:  # Keras raises almost anything for what it cannot read
        first = " ".join(str(error).split())[:300]
        if "safe_mode" in str(error) or "Could not locate" in str(error):
            raise UserError(
                f"{path} holds code of its own (a Lambda layer or a custom class), which is not "
                f"run: {first} Write the model with Keras layers or operations (keras.ops)."
            ) from error
        raise UserError(f"{path} cannot be read: {first}") from error
    if not isinstance(model, keras.Model):
        raise UserError(f"{path} holds a {type(model).__name__}; a keras.Model was expected.")
    return model


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is damaged or no .keras file: {error}") from error
    if size > MOST_BYTES:
        raise UserError(f"{path} would unpack to {size} bytes; at most {MOST_BYTES} are read.")


def flattened(model: keras.Model) -> keras.Model:
    """Return an equal model of layers that are no models and are called once; perhaps the same.

    A backbone that is called as a layer is the usual one. A layer that is called twice becomes two.
    Keras' `Normalization` of the last axis becomes our `Standardize`, which can be left to the host
    where one int8 scale would blur a table's features.
    """
    if all(map(_is_plain, model.layers)):
        return model
    source = model.inputs[0]
    inputs = keras.Input(batch_shape=source.shape, dtype=source.dtype, name=source.name)
    outputs = _inlined(model, inputs, {inputs.name})
    return keras.Model(inputs, outputs, name=model.name)


def _is_plain(layer: Any) -> bool:
    inside = isinstance(layer, keras.Model) or _normalizes(layer)
    return not inside and len(layer._inbound_nodes) < 2


def _normalizes(layer: Any) -> bool:
    """Tell whether a layer is a `Normalization` that is built and goes feature by feature."""
    known = isinstance(layer, keras.layers.Normalization) and layer.built and not layer.invert
    return known and tuple(layer.axis) in ((-1,), (len(layer.input.shape) - 1,))


def _inlined(model: keras.Model, x: Any, taken: set[str]) -> Any:
    """Call copies of a model's layers, weights included, on `x`; names stay unique."""

    def copied(layer: Any) -> Any:
        if isinstance(layer, keras.Model):
            return lambda y, **_: _inlined(layer, y, taken)

        if _normalizes(layer):
            return _standardize(layer, _free(layer.name, model.name, taken))

        def call(*given: Any, **named: Any) -> Any:
            copy = _copied(layer, model.name, taken)
            y = copy(*given, **named)
            if getattr(layer, "weights", None):
                copy.set_weights(layer.get_weights())
            if isinstance(layer, keras.layers.Normalization):
                copy.finalize_state()  # what it computes with is no weight
            return y

        return call

    bare = keras.Model(model.inputs, model.outputs)
    (y,) = keras.tree.flatten(bare._run_through_graph(x, operation_fn=copied))
    return y


def _copied(layer: Any, owner: str, taken: set[str]) -> Any:
    """Return a new layer or operation of the same configuration, under a name that is free."""
    config = layer.get_config()
    if isinstance(layer, keras.layers.Layer):
        config["name"] = _free(layer.name, owner, taken)
    return type(layer).from_config(config)


def _free(wanted: str, owner: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        name, number = f"{owner}_{wanted}_{number}", number + 1
    taken.add(name)
    return name


def _standardize(layer: Any, name: str) -> Standardize:
    features = layer.input.shape[-1]
    mean, variance = (
        np.broadcast_to(keras.ops.convert_to_numpy(one).ravel(), features).astype(np.float64)
        for one in (layer.mean, layer.variance)
    )
    made = Standardize(name=name)
    made.build((None, features))
    deviation = np.maximum(np.sqrt(variance), keras.config.epsilon())
    made.set_weights([1 / deviation, -mean / deviation])
    return made
