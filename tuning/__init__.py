"""Training and search: the recipe, the one `fit`, the search, the ladder to int8.

The public names, those of `tuning.public`, are imported when one is used first: the command line's
help reads `tuning.settings`, and must not wait for Keras.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuning.public import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        return getattr(import_module("tuning.public"), name)

    def __dir__() -> list[str]:
        return import_module("tuning.public").__all__
