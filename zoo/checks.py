"""A user's mistakes: the one error class, near matches, and the argument checks."""

import difflib
from collections.abc import Iterable, Sequence


class UserError(ValueError):
    """A mistake the user can fix: the message says what was expected, what came, what to do.

    Examples:
        >>> zoo.create_model("mlp_tinny", (13,), 3)
        Traceback (most recent call last):
            ...
        zoo.checks.UserError: There is no preset 'mlp_tinny'. Did you mean 'mlp_tiny' ...
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


def printable(text: str) -> str:
    """Return a text with a mark in place of control characters and of what is not Unicode.

    Names come from files of others: an escape sequence among them could paint a terminal.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in "\n\xa0" else "\ufffd" for one in text)


def near(name: str, names: Iterable[str]) -> str:
    """Return "Did you mean 'a' or 'b'?" for the names closest to `name`, else the list of all."""
    known = sorted(names)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if close:
        return f"Did you mean {' or '.join(repr(match) for match in close)}?"
    return f"Known: {', '.join(known)}."


def read_settings(text: str, known: Sequence[str], owner: str) -> dict[str, str]:
    """Read "name=value,name=value"; `owner` is "The front end has" and the like.

    Raises:
        UserError: a name that is not known.
    """
    pairs = (one.partition("=") for one in text.split(",") if one)
    found = {name: value for name, _, value in pairs}
    for name in [name for name in found if name not in known]:
        raise UserError(f"{owner} no setting {name!r}. {near(name, known)}")
    return found


def one_of(argument: str, value: object, choices: Iterable[str]) -> None:
    """Raise UserError unless `value` is one of `choices`."""
    known = tuple(choices)
    if value not in known:
        raise UserError(f"{argument}={value!r} is not known. {near(str(value), known)}")


LARGEST = 1e18  # of values in data: its square is still a float32
LARGEST_SIZE = 2**14  # of a width, a depth or a number of heads; more is a slip of the keyboard


def at_least(argument: str, value: object, minimum: int) -> None:
    """Raise UserError unless `value` is an integer >= `minimum`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise UserError(f"{argument} must be an integer of at least {minimum}; got {value!r}.")


def size(argument: str, value: object, minimum: int) -> None:
    """Raise UserError unless `value` is an integer in [`minimum`, `LARGEST_SIZE`]."""
    at_least(argument, value, minimum)
    if value > LARGEST_SIZE:  # type: ignore[operator]  # an integer by now
        raise UserError(f"{argument} must be at most {LARGEST_SIZE}; got {value}.")


def flag(argument: str, value: object) -> None:
    """Raise UserError unless `value` is True or False."""
    if not isinstance(value, bool):
        raise UserError(f"{argument} must be true or false; got {value!r}.")


def in_range(argument: str, value: object, low: float, high: float) -> None:
    """Raise UserError unless `value` is a number in [low, high)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value < high:
        raise UserError(f"{argument} must be a number in [{low}, {high}); got {value!r}.")


def share(argument: str, value: object) -> None:
    """Raise UserError unless `value` is a number in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise UserError(f"{argument} must be a number in [0, 1]; got {value!r}.")
