"""Text front end: a vocabulary, and rows of token ids, in NumPy and the standard library.

It stays outside the integer graph. This very file lies in the run folder of a model that was
trained on texts, beside `vocabulary.json`, so that what runs on the device can be checked against
it: `Vocabulary.from_json(text).ids(["some text"])`.

A text is lower-cased (`str.lower`) and cut into tokens: with level "word" these are runs of
letters, digits and underscores, and every other sign but spaces by itself (the regular expression
`WORD`); with level "character" every character. Ids are 0 for padding, 1 for a token that is not
known, and from 2 on the tokens of the training texts, the most frequent first. Rows have a fixed
length: shorter texts are padded in front, of longer ones the end is kept.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

WORD = r"\w+|[^\w\s]"
PADDING, UNKNOWN, FIRST = 0, 1, 2
LONGEST = 256  # ids of a row, unless more are asked for
COVERED = 0.95  # share of the training texts that need not be cut


@dataclass(frozen=True)
class TextSettings:
    """How a vocabulary is learned.

    Attributes:
        level: "word" or "character".
        words: most ids, those of padding and unknown tokens included, at least 3.
        minimum: how often a token must occur in the training texts, at least 1.
        length: ids of a row, at least 2; None: what 95 % of the training texts need, at most 256.
    """

    level: str = "word"
    words: int = 8000
    minimum: int = 2
    length: int | None = None


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that a model knows. Equal training texts and settings give an equal one."""

    tokens: tuple[str, ...]  # the first has id 2
    length: int  # ids of a row
    settings: TextSettings = TextSettings()

    @property
    def words(self) -> int:
        """Number of ids, with those of padding and unknown tokens."""
        return FIRST + len(self.tokens)

    def ids(self, texts: Sequence[str] | np.ndarray) -> np.ndarray:
        """Return ids of tokens, int32 (rows, length)."""
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
        """Return what `to_json` wrote."""
        held = json.loads(text)
        return cls(tuple(held["tokens"]), held["length"], TextSettings(**held["settings"]))


def tokens_of(text: str, level: str) -> list[str]:
    """Return the tokens of a text."""
    text = text.lower()
    return re.findall(WORD, text) if level == "word" else list(text)


def learn_vocabulary(texts: Iterable[str], settings: TextSettings) -> Vocabulary:
    """Return the vocabulary of training texts: by frequency, then by the alphabet."""
    found = [tokens_of(str(text), settings.level) for text in texts]
    counts = Counter(token for tokens in found for token in tokens)
    frequent = [token for token, count in counts.items() if count >= settings.minimum]
    frequent.sort(key=lambda token: (-counts[token], token))
    length = settings.length
    if length is None:
        needed = np.quantile([len(tokens) for tokens in found], COVERED, method="higher")
        length = int(np.clip(needed, 2, LONGEST))
    return Vocabulary(tuple(frequent[: settings.words - FIRST]), length, settings)
