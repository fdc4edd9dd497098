"""Training and search: the recipe, the one `fit`, the search, the ladder to int8.

The public names, those of `tuning.public`, are imported when one is used first: the command line's
help reads `tuning.settings`, and must not wait for Keras.
"""

from typing import TYPE_CHECKING

from zoo.lazy import lazy as _lazy

if TYPE_CHECKING:
    from tuning.public import *  # noqa: F403
else:
    __getattr__, __dir__ = _lazy("tuning.public")
