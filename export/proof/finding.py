"""One thing that is wrong with files, or in doubt, and what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A sentence for the user, without its full stop, and the next step, with one."""

    sentence: str
    advice: str
