"""Export: `.tflite` files, their audit, and the proof that they work.

The public names, those of `export.public`, are imported when one is used first: the command line
checks what an export was asked for with `export.conversion.choices`, before Keras is imported.
"""

from typing import TYPE_CHECKING

from zoo.lazy import lazy as _lazy

if TYPE_CHECKING:
    from export.public import *  # noqa: F403
else:
    __getattr__, __dir__ = _lazy("export.public")
