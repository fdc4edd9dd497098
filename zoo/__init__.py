"""Model zoo: architectures, presets, data sets, int8 quantization and run folders.

The public names, those of `zoo.public`, are imported when one is used first: the command line
checks what it was given with `zoo.checks`, `zoo.data.sources` and the table of presets, before
Keras is imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zoo.backends import prepare_backend as _prepare_backend

_prepare_backend()

if TYPE_CHECKING:
    from zoo.public import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        public = import_module("zoo.public")
        known = globals()  # modules, which come with the names
        return known[name] if name in known else getattr(public, name)

    def __dir__() -> list[str]:
        return import_module("zoo.public").__all__
