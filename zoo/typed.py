"""JSON values against type hints: a value has the type that its reader expects, or is refused.

Hints are those of TypedDicts and dataclasses, bounds stand in `Annotated[int, Between(1, 9)]`.
"""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

DEEPEST = 64  # objects within objects
LARGEST = 2**63  # of integers, which numpy must hold
NAMES = {
    int: "an integer",
    float: "a number",
    str: "a text",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    NoneType: "null",
}


class Unfit(ValueError):
    """A value that does not fit; the message names its key, what was expected, and what came."""


@dataclass(frozen=True)
class Between:
    """The ends of a number's range, or of the length of a list; both are in it."""

    low: float
    high: float = LARGEST


def check(value: object, hint: Any, key: str = "") -> None:
    """Raise Unfit unless a JSON value fits a type hint.

    Args:
        value: as `json.loads` gives it.
        hint: `Any`, a plain type, `Literal`, a union, `list`, `tuple`, `dict` or `Mapping` of
            these, `Annotated` with `Between`, a TypedDict (other keys may be there too), or a
            dataclass (none may).
        key: where the value stands, such as "schema.columns[2]".
    """
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return
    if origin is Annotated:
        check(value, parts[0], key)
        _check_bounds(value, parts[1], key)
    elif origin in (Required, NotRequired):
        check(value, parts[0], key)
    elif origin in (Union, UnionType):
        _check_union(value, parts, key)
    elif origin is Literal:
        if not any(value == one and type(value) is type(one) for one in parts):
            raise _unfit(value, key, " or ".join(map(repr, parts)))
    elif is_typeddict(hint) or is_dataclass(hint):
        _check_keys(value, hint, key)
    elif origin in (list, tuple):
        _check_list(value, parts, origin, key)
    elif origin in (dict, Mapping):
        _check_type(value, dict, key)
        for name, one in value.items():  # type: ignore[attr-defined]  # a dict by now
            check(one, parts[1], _within(key, name))
    else:
        _check_type(value, hint, key)


def check_plain(value: object) -> None:
    """Raise Unfit for what JSON can hold and no reader expects, wherever it stands.

    That is: numbers that are not finite or too large, texts that are not Unicode, and objects
    nested too deep.
    """
    left = [(value, 0)]
    while left:
        one, depth = left.pop()
        if depth > DEEPEST:
            raise Unfit(f"objects stand within each other more than {DEEPEST} deep")
        if isinstance(one, dict | list):
            inner = [*one.keys(), *one.values()] if isinstance(one, dict) else one
            left += [(each, depth + 1) for each in inner]
        elif isinstance(one, int | float) and not (abs(one) < LARGEST or _is_finite(one)):
            raise Unfit("it holds a number that is not finite, or too large")
        elif isinstance(one, str) and not _is_unicode(one):
            raise Unfit("it holds a text that is not Unicode")


def _is_finite(value: float) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any(0xD800 <= ord(one) < 0xE000 for one in text)


def _check_type(value: object, kind: type, key: str) -> None:
    taken = (int, float) if kind is float else kind
    if not isinstance(value, taken) or (isinstance(value, bool) and kind is not bool):
        raise _unfit(value, key, NAMES[kind])


def _check_bounds(value: Any, bounds: Between, key: str) -> None:
    size = len(value) if isinstance(value, list) else value
    if value is not None and not bounds.low <= size <= bounds.high:
        of = "a list of" if isinstance(value, list) else "between"
        raise _unfit(value, key, f"{of} {bounds.low:g} and {bounds.high:g}")


def _check_union(value: object, kinds: tuple[Any, ...], key: str) -> None:
    """Check a value against each kind; the error is that of one whose literals fit, if any."""
    found: list[Unfit] = []
    for kind in sorted(kinds, key=lambda kind: _is_tagged(kind, value)):
        try:
            return check(value, kind, key)
        except Unfit as error:
            found.append(error)
    plain = [NAMES[kind] for kind in kinds if kind in NAMES]
    raise found[-1] if len(plain) < len(kinds) else _unfit(value, key, " or ".join(plain))


def _is_tagged(kind: Any, value: object) -> bool:
    """Tell whether an object has the literals of a TypedDict, such as the kind of a column."""
    if kind is NoneType or not is_typeddict(kind) or not isinstance(value, dict):
        return kind is not NoneType
    tags = {name: get_args(hint) for name, hint in _hints(kind).items() if _is_literal(hint)}
    return all(value.get(name) in known for name, known in tags.items())


def _is_literal(hint: Any) -> bool:
    return get_origin(hint) is Literal


def _check_list(value: object, parts: tuple[Any, ...], origin: Any, key: str) -> None:
    if not isinstance(value, list | tuple):  # a tuple, where it was not JSON yet
        raise _unfit(value, key, NAMES[list])
    values = [*value]
    if origin is tuple and parts[-1] is not Ellipsis:
        if len(values) != len(parts):
            raise _unfit(value, key, f"a list of {len(parts)}")
        hints = parts
    else:
        hints = parts[:1] * len(values)
    for number, (one, hint) in enumerate(zip(values, hints, strict=True)):
        check(one, hint, f"{key}[{number}]")


def _check_keys(value: object, hint: Any, key: str) -> None:
    _check_type(value, dict, key)
    held: dict[str, object] = value  # type: ignore[assignment]  # a dict by now
    hints = _hints(hint)
    if is_typeddict(hint):
        required = hint.__required_keys__
    else:
        required = {
            one.name
            for one in fields(hint)
            if one.default is MISSING and one.default_factory is MISSING
        }
        for name in [name for name in held if name not in hints]:
            raise Unfit(f"{_within(key, name)} is not known")
    for name in required:
        if name not in held:
            raise Unfit(f"{_within(key, name)} is missing")
    for name, one in hints.items():
        if name in held:
            check(held[name], one, _within(key, name))


@cache
def _hints(hint: Any) -> dict[str, Any]:
    return get_type_hints(hint, include_extras=True)


def _within(key: str, name: str) -> str:
    return f"{key}.{name!s:.80}" if key else f"{name!s:.80}"


def _unfit(value: object, key: str, expected: str) -> Unfit:
    shown = NAMES[type(value)] if isinstance(value, dict | list) else f"{value!r:.40}"
    return Unfit(f"{key or 'it'} must be {expected}; got {shown}")
