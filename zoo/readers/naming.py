"""Names and values in the paths of files: a level of folders, or a pattern with one group."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.checks import UserError


def readable(name: str) -> str:
    r"""Return a name of a file or folder as text that any file and terminal can hold.

    Bytes that are not UTF-8, which Python reads as halves of surrogate pairs (PEP 383), and
    characters that do not print become escapes; the text is the same on each reading.

    Examples:
        >>> readable("caf\udce9")
        'caf\\xe9'
    """
    return name if name.isprintable() else "".join(map(_escaped, name))


def _escaped(char: str) -> str:
    if char.isprintable():
        return char
    if "\udc80" <= char <= "\udcff":  # a byte
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode()


def is_level(how: str | None) -> bool:
    """Return whether an option names a level of folders, from 1."""
    return how is not None and how.isdecimal()


def values_in(paths: Sequence[Path], how: str, option: str) -> list[str]:
    """Return what each path says: of a group, or of a time.

    Args:
        paths: of files, relative to the folder, without train/, val/ and test/.
        how: "1" is the first level of folders; else a regular expression with one group, which is
            searched for in the path.
        option: name, for messages.

    Raises:
        UserError: no such pattern, or a path that says nothing.
    """
    if is_level(how):
        return [_level(path, int(how), option) for path in paths]
    try:
        pattern = re.compile(how)
    except re.error as error:
        raise UserError(f"--{option} {how!r} is no regular expression: {error}.") from error
    if pattern.groups != 1:
        raise UserError(
            f"--{option} {how!r} must be a level of folders, such as 2, or a regular expression "
            f"with one pair of parentheses, such as '(\\d+)_'; it has {pattern.groups}."
        )
    found = [pattern.search(readable(path.as_posix())) for path in paths]
    without = [path for path, match in zip(paths, found, strict=True) if match is None]
    if without:
        raise UserError(
            f"--{option} {how!r} does not match {len(without)} of {len(paths)} files, such as "
            f"{without[0]}."
        )
    return [match[1] or "" for match in found if match]


def times(said: Sequence[str], option: str = "time") -> np.ndarray:
    """Return texts as numbers, or else as dates. Raises UserError for texts that are neither."""
    try:
        return np.array([float(text) for text in said])
    except ValueError:
        pass
    try:
        return np.array(said, "datetime64[s]")
    except ValueError as error:
        raise UserError(
            f"--{option} must find numbers, or dates such as 2024-12-31: {error}."
        ) from error


def _level(path: Path, level: int, option: str) -> str:
    folders = path.parts[:-1]
    if not 1 <= level <= len(folders):
        raise UserError(
            f"--{option} {level}: {path} lies in {len(folders)} folders, so that it has no level "
            f"{level}."
        )
    return readable(folders[level - 1])
