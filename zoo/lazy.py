"""Public names of a package that are imported when one is used first (PEP 562)."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def lazy(public: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return a package's `__getattr__` and `__dir__` for the names of a module.

    Examples:
        >>> get, names = lazy("tuning.public")
        >>> get("Recipe").__name__
        'Recipe'
    """

    def get(name: str) -> Any:
        return getattr(import_module(public), name)

    def names() -> list[str]:
        found: list[str] = import_module(public).__all__
        return found

    return get, names
