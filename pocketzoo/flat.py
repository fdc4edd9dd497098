"""Groups of options, which are dataclasses, as the parameters of a command."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Annotated, Any, get_type_hints

import typer

FROM_ENVIRONMENT: dict[str, dict[str, Any]] = {
    "storage": {"envvar": "POCKETZOO_STORAGE", "show_envvar": True}
}


def flat(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command, instead of each parameter that is a group, its options.

    An option that two groups have, such as --seed, is one option and goes to both.
    """
    own = inspect.signature(command).parameters
    groups: dict[str, type] = {
        name: group
        for name, group in get_type_hints(command).items()
        if isinstance(group, type) and is_dataclass(group)
    }
    options: dict[str, inspect.Parameter] = {}
    for name, parameter in own.items():
        for option in _options(groups[name]) if name in groups else [parameter]:
            options.setdefault(option.name, option)

    def run(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{one.name: given[one.name] for one in fields(group)})
        command(**{name: given[name] for name in own})

    keyword = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in options.values()]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature(keyword)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in keyword}
    return run


def _options(group: type) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=_annotation(one, hints[one.name]),
            default=one.default if one.default_factory is MISSING else one.default_factory(),
        )
        for one in fields(group)
    ]


def _annotation(one: Field[Any], hint: Any) -> Any:
    """Return a field's type as typer reads it, with the help that a field may bring."""
    if "help" not in one.metadata:
        return hint
    extra = FROM_ENVIRONMENT.get(one.name, {})
    return Annotated[hint, typer.Option(help=one.metadata["help"], **extra)]
