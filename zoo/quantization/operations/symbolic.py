"""Weights in arithmetic with Keras tensors, whichever comes first.

`x * weight` is an operation on a Keras tensor; `weight * x` is the weight's, which asks the backend
to multiply and fails. While a layer is called to see what it does, the tensor's is used for both.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

REFLECTED = {
    f"__{name}__": f"__r{name}__" for name in ("add", "sub", "mul", "truediv", "matmul", "pow")
}


@contextmanager
def symbolic_weights() -> Iterator[None]:
    """Let weights stand on the left of Keras tensors."""
    kind = keras.Variable  # which inherits its arithmetic
    for name, reflected in REFLECTED.items():
        setattr(kind, name, _turned(getattr(kind, name), reflected))
    try:
        yield
    finally:
        for name in REFLECTED:
            delattr(kind, name)


def _turned(own: Callable[[Any, Any], Any], reflected: str) -> Callable[[Any, Any], Any]:
    def operator(weight: Any, other: Any) -> Any:
        if isinstance(other, keras.KerasTensor):
            return getattr(other, reflected)(weight.value)
        return own(weight, other)

    return operator
