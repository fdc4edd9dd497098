"""Text front end: a vocabulary, and rows of token ids, in NumPy and the standard library.

It stays outside the integer graph. The run folder of a model trained on texts holds a copy of this
file, next to `vocabulary.json`, the reference against which an implementation on a device can be
checked: `Vocabulary.from_json(text).ids(["some text"])`.

A text is lower-cased (`str.lower`) and split into tokens: with level "word" these are runs of
letters, digits and underscores, and single other characters except spaces (the regular expression
`WORD`); with level "character" every character. Token id 0 is padding, 1 an unknown token, and from
2 on follow the tokens of the training texts, the most frequent first. Rows have a fixed length:
shorter texts are padded in front, and of longer texts the end is kept.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

WORD = r"\w+|[^\w\s]"
PADDING, UNKNOWN, FIRST = 0, 1, 2
LONGEST = 256  # tokens per row, by default
COVERED = 0.95  # share of the training texts that fit without truncation


@dataclass(frozen=True)
class TextSettings:
    """Settings of the vocabulary.

    Attributes:
        level: "word" or "character".
        words: maximum vocabulary size, including padding and unknown tokens, at least 3.
        minimum: how often a token must occur in the training texts, at least 1.
        length: tokens per row, at least 2; None: enough for 95 % of the training texts, at most
            256.

    Examples:
        >>> settings = zoo.TextSettings(level="word", length=20)
        >>> reading = zoo.Reading(target="stars", text="review")
        >>> data = zoo.load_data("reviews.csv", front_end=settings, reading=reading)
        >>> data.input_shape  # token ids
        (20,)
    """

    level: str = "word"
    words: int = 8000
    minimum: int = 2
    length: int | None = None


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that a model knows; a function of the training texts and settings alone."""

    tokens: tuple[str, ...]  # the first has id 2
    length: int  # tokens per row
    settings: TextSettings = TextSettings()

    @property
    def words(self) -> int:
        """Vocabulary size, including padding and unknown tokens."""
        return FIRST + len(self.tokens)

    def ids(self, texts: Sequence[str] | np.ndarray) -> np.ndarray:
        """Return token ids, int32 (rows, length)."""
        known = {token: number for number, token in enumerate(self.tokens, FIRST)}
        rows = np.full((len(texts), self.length), PADDING, np.int32)
        for row, text in zip(rows, texts, strict=True):
            found = tokens_of(str(text), self.settings.level)[-self.length :]
            if found:
                row[-len(found) :] = [known.get(token, UNKNOWN) for token in found]
        return rows

    def to_json(self) -> str:
        """Return the text of `vocabulary.json`."""
        return json.dumps(asdict(self) | {"pattern": WORD}, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Vocabulary":
        """Return the vocabulary that `to_json` wrote."""
        held = json.loads(text)
        return cls(tuple(held["tokens"]), held["length"], TextSettings(**held["settings"]))


def tokens_of(text: str, level: str) -> list[str]:
    """Return the tokens of a text."""
    text = text.lower()
    return re.findall(WORD, text) if level == "word" else list(text)


def learn_vocabulary(texts: Iterable[str], settings: TextSettings) -> Vocabulary:
    """Return the vocabulary of training texts, by frequency, then alphabetically."""
    found = [tokens_of(str(text), settings.level) for text in texts]
    counts = Counter(token for tokens in found for token in tokens)
    frequent = [token for token, count in counts.items() if count >= settings.minimum]
    frequent.sort(key=lambda token: (-counts[token], token))
    length = settings.length
    if length is None:
        needed = np.quantile([len(tokens) for tokens in found], COVERED, method="higher")
        length = int(np.clip(needed, 2, LONGEST))
    return Vocabulary(tuple(frequent[: settings.words - FIRST]), length, settings)
