"""Encodings learned from training rows: texts and ragged sequences become rows of equal length."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import UserError, at_least, in_range, one_of, read_settings
from zoo.data import text
from zoo.data.lengths import Padding, is_ragged, learn_padding
from zoo.data.text import FIRST, LONGEST, TextSettings, Vocabulary, learn_vocabulary

LEVELS = ("word", "character")
VOCABULARY, SNIPPET = "vocabulary.json", "front_end.py"  # in the run folder


@dataclass(frozen=True)
class Encoding:
    """What was learned from the training rows to make rows of equal length; None if nothing."""

    vocabulary: Vocabulary | None = None
    padding: Padding | None = None

    @property
    def settings(self) -> TextSettings | None:
        """Settings of the vocabulary."""
        return None if self.vocabulary is None else self.vocabulary.settings

    def schema(self) -> dict[str, Any]:
        """Return it as JSON types, for `Data.schema`."""
        held = {"vocabulary": self.vocabulary, "padding": self.padding}
        return {name: asdict(learned) for name, learned in held.items() if learned is not None}

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> "Encoding":
        """Return the encoding that `schema` wrote."""
        padding, words = schema.get("padding"), schema.get("vocabulary")
        known = None if words is None else Vocabulary.from_json(json.dumps(words))
        if known is not None:
            _checked(known.settings)
        return cls(known, padding and Padding(padding["steps"], tuple(padding["fill"])))

    def content(self) -> list[np.ndarray]:
        """Return what distinguishes equal token ids of different vocabularies, for the hash."""
        if self.vocabulary is None:
            return []
        return [np.frombuffer(self.vocabulary.to_json().encode(), np.uint8)]

    def rows(self, x: np.ndarray) -> np.ndarray:
        """Return texts, (rows,), or sequences with NaN after their ends, as inputs of a model."""
        if self.vocabulary is not None:
            return self.vocabulary.ids(x)
        return x if self.padding is None else self.padding.rows(x)


def is_text(x: np.ndarray) -> bool:
    """Return whether an array holds texts, one per row."""
    return x.dtype.kind == "U" and x.ndim == 1


def choose_text(wanted: object, arrays: Mapping[str, np.ndarray]) -> TextSettings | None:
    """Return the settings for the texts of a data set; None for a data set without texts.

    Args:
        wanted: a level, with optional settings ("character:length=200,minimum=3"); None is
            "word".
        arrays: of the set.

    Raises:
        UserError: an unknown level or setting, or one out of range.
    """
    if not is_text(arrays["x_train"]):
        return None
    if isinstance(wanted, TextSettings):
        return _checked(wanted)
    return text_settings(str(wanted or LEVELS[0]))


def text_settings(wanted: str) -> TextSettings:
    """Return the settings that a text names; see `choose_text`."""
    level, _, settings = wanted.partition(":")
    one_of("front_end", level, LEVELS)
    return _checked(TextSettings(level, **_read(settings)))


def _read(written: str) -> dict[str, Any]:
    known = [field.name for field in fields(TextSettings) if field.name != "level"]
    found: dict[str, Any] = {}
    for name, value in read_settings(written, known, "Texts have").items():
        if not value.isdecimal():
            raise UserError(f"The setting {name} of texts must be an integer; got {value!r}.")
        found[name] = int(value)
    return found


def _checked(settings: TextSettings) -> TextSettings:
    one_of("level", settings.level, LEVELS)
    in_range("words", settings.words, FIRST + 1, 1 << 16)
    at_least("minimum", settings.minimum, 1)
    if settings.length is not None:
        in_range("length", settings.length, 2, 16 * LONGEST + 1)
    return settings


def encode(
    arrays: Mapping[str, np.ndarray], settings: TextSettings | None
) -> tuple[dict[str, np.ndarray], Encoding]:
    """Return arrays whose `x_*` are rows of equal length, and the encoding that made them.

    Args:
        arrays: of a data set that already has validation rows.
        settings: for texts, from `choose_text`; None for other data.

    Raises:
        UserError: training texts without a token that occurs often enough.
    """
    x_train, encoding = arrays["x_train"], Encoding()
    if settings is not None:
        vocabulary = learn_vocabulary(x_train, settings)
        if not vocabulary.tokens:
            raise UserError(
                f"No token occurs {settings.minimum} times in the training texts. Give more texts, "
                "or minimum=1."
            )
        encoding = Encoding(vocabulary=vocabulary)
    elif is_ragged(arrays):
        encoding = Encoding(padding=learn_padding(x_train))
    parts = {n: encoding.rows(array) for n, array in arrays.items() if n.startswith("x_")}
    return {**arrays, **parts}, encoding


def settings_of(schema: Mapping[str, Any]) -> TextSettings | None:
    """Return the settings of a schema's vocabulary."""
    return Encoding.of(schema).settings


def files(encoding: Encoding) -> dict[str, str]:
    """Return the files of an encoding for the run folder: name -> text.

    For texts: the vocabulary, and a self-contained Python file that tokenizes new texts.
    """
    if encoding.vocabulary is None:
        return {}
    source, held = Path(text.__file__).read_text(), encoding.vocabulary.to_json()
    code = f"{source}\n\nVOCABULARY = Vocabulary.from_json({held!r})\n"
    return {VOCABULARY: held, SNIPPET: code}
