"""The quantization twin: a model's weights in a graph that rounds where the int8 file will.

The public names, those of `zoo.quantization.public`, are imported when one is used first: who reads
a file needs `layers.numerics` alone, and no Keras.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.quantization.public import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        return getattr(import_module("zoo.quantization.public"), name)

    def __dir__() -> list[str]:
        return import_module("zoo.quantization.public").__all__
