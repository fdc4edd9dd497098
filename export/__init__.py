"""Export: `.tflite` files, their audit, and the proof that they work.

The public names, those of `export.public`, are imported when one is used first: the command line
checks what an export was asked for with `export.conversion.choices`, before Keras is imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from export.public import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        return getattr(import_module("export.public"), name)

    def __dir__() -> list[str]:
        return import_module("export.public").__all__
