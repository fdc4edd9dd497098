"""The Keras backend of this process, checked before Keras is imported."""

import importlib.util
import os

from zoo.checks import UserError, one_of

BACKENDS = ("tensorflow", "jax", "torch")


def require_backend() -> None:
    """Check `KERAS_BACKEND`: a backend pocketzoo is tested on, and installed.

    Raises UserError for an unknown name or one that is not installed. Unset means Keras' own
    default (`~/.keras/keras.json`, else tensorflow).
    """
    backend = os.environ.get("KERAS_BACKEND")
    if not backend:
        return
    one_of("KERAS_BACKEND", backend, BACKENDS)
    if importlib.util.find_spec(backend) is None:
        raise UserError(
            f"KERAS_BACKEND={backend}, but {backend} is not installed. "
            f"Install it with: pip install 'pocketzoo[{backend}]'"
        )
