"""Graphics cards of this machine, one for each trial that runs at a time.

CUDA numbers the cards that `CUDA_VISIBLE_DEVICES` names, and reads it when a backend asks for a
device first: a trial sets it as soon as it is forked. No backend is asked here; `nvidia-smi` is.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from tuning.settings import NO_CARD
from zoo import UserError

VISIBLE = "CUDA_VISIBLE_DEVICES"
SECONDS = 20  # for nvidia-smi
NONE = ("", "-1", "NoDevFiles")  # values of it that show no card; the last is Slurm's
# of JAX and TensorFlow, which take a card's memory whole: it is shared with the search itself
SPARING = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


def listed() -> tuple[str, ...]:
    """Return the numbers of the cards that `nvidia-smi` lists; none where it is not, or fails."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    asked = [program, "--query-gpu=index", "--format=csv,noheader"]
    with suppress(OSError, subprocess.SubprocessError):
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=SECONDS, check=True)
        lines = [line.strip() for line in answer.stdout.splitlines()]
        return tuple(line for line in lines if line.isdigit())
    return ()


def visible() -> tuple[str, ...]:
    """Return the cards that this process may use: a scheduler's choice, or all that are listed."""
    given = os.environ.get(VISIBLE)
    if given is None:
        return listed()
    names = [card.strip() for card in given.split(",")]
    return tuple(names) if names[0] not in NONE else ()


def cards_for(asked: Sequence[str] | None) -> tuple[str, ...]:
    """Return the cards of a search: those asked for, or the visible ones.

    Raises:
        UserError: one that is not there.
    """
    known = visible()
    if asked is None or asked == NO_CARD:
        return asked or known
    for card in asked:
        if card not in known:
            have = f"{', '.join(known)} are there" if known else "there are none"
            raise UserError(
                f"There is no card {card!r} for --gpus: {have}, by {VISIBLE} or nvidia-smi. Name "
                "others, or leave --gpus out."
            )
    return tuple(asked)


class Cards:
    """Cards, and the trials that have them.

    Args:
        names: of the cards; none leaves everything to the backend.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._held: list[tuple[socket.socket, str]] = []

    def take(self, connection: socket.socket) -> str | None:
        """Return the card that the fewest trials have, for one that lives as long as its socket."""
        if not self.names:
            return None
        self._held = [(one, card) for one, card in self._held if one.fileno() >= 0]
        counts = dict.fromkeys(self.names, 0)
        for _, card in self._held:
            counts[card] += 1
        chosen = min(self.names, key=counts.__getitem__)
        self._held.append((connection, chosen))
        return chosen
