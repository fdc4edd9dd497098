"""The quantization twin: a model's weights in a graph that rounds where the int8 file will.

The public names, those of `zoo.quantization.public`, are imported when one is used first: who reads
a file needs `layers.numerics` alone, and no Keras.
"""

from typing import TYPE_CHECKING

from zoo.lazy import lazy as _lazy

if TYPE_CHECKING:
    from zoo.quantization.public import *  # noqa: F403
else:
    __getattr__, __dir__ = _lazy("zoo.quantization.public")
