"""Kills without end.

`python -m tests.helpers.soak [--kills 200] [--postgres] [--seed 0] [--keep FOLDER]`.

Rounds of twenty kills, each of a random process at a random moment of a sweep; after each round
everything that must be true is checked. The exit code is 1 when something is not.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from tests.helpers.killing import KINDS, Command, broken, harass, retries, study_of
from tests.postgres.server import Server

A_ROUND = 20
SHARES = (10, 4, 3, 3)  # of `KINDS`: a supervisor takes long to come back


def main() -> int:
    """Run the rounds; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.helpers.soak")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--postgres", action="store_true", help="a database, not the journal")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the sweeps; a temporary one if none")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        storage = None
        if asked.postgres:
            server = stack.enter_context(Server(folder / "postgres"))
            storage = server.url
        return soak(asked.kills, asked.seed, folder, storage)


def soak(kills: int, seed: int, folder: Path, storage: str | None) -> int:
    """Kill so many processes, print what came of it, and return the exit code."""
    kind_of_storage = "PostgreSQL" if storage else "journal"
    started, total = time.monotonic(), Counter[str]()
    trials = attempts = failures = number = 0
    while total.total() < kills:
        chance = random.Random(f"{seed} {number}")
        kinds = chance.choices(KINDS, SHARES, k=min(A_ROUND, kills - total.total()))
        options = {
            "trials": 16,
            "jobs": 2,
            "seed": number,
            "prune": "none",
            "storage": storage,
            "heartbeat": 2,
            "recipe": {"epochs": 40, "patience": 0},
        }
        command = Command(folder / f"round{number}", options)
        begun = time.monotonic()
        try:
            done = harass(command, kinds, chance, within=1.0)
            wrong = broken(command)
            again = retries(study_of(command))
        except (AssertionError, OSError) as error:
            done, wrong, again = Counter[str](), [f"it did not end: {error}"], 0
            number = kills  # nothing after this would tell more
        finally:
            command.end()
        total += done
        trials, attempts = trials + options["trials"], attempts + again
        failures += bool(wrong)
        killed = ", ".join(f"{count} {kind}" for kind, count in done.items())
        print(
            f"round {number}, {kind_of_storage}: killed {killed}; {options['trials']} trials, "
            f"{again} retries, {time.monotonic() - begun:.0f} s: {'; '.join(wrong) or 'whole'}",
            flush=True,
        )
        if not done:
            break
        number += 1
    killed = ", ".join(f"{total[kind]} {kind}" for kind in KINDS)
    print(
        f"{total.total()} kills ({killed}) of {trials} trials on the {kind_of_storage}: "
        f"{attempts} retries, {time.monotonic() - started:.0f} s, {failures} rounds broken"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
