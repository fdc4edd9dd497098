"""Settings of a search: one field, one option of the command line, whose help is made from them.

Imports here are light: help is immediate, and a mistake is told before Keras is imported.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tuning.study.algorithms import ORACLES, PRUNERS, SAMPLERS, check_sampler
from zoo.checks import UserError, at_least, flag, in_range, one_of
from zoo.devices.budget import Budget

AUTO = "auto"  # in place of a preset's name: all that take the data
OBJECTIVES = ("float", "int8")
NO_CARD = ("",)  # the name by which CUDA sees none
SHORTEST, LONGEST = 0.1, 1e5  # minutes
TRIALS, MOST = 10, 10_000  # without and with a budget in time
PICK = re.compile(r"best|knee|smallest-within:\d+(\.\d+)?|trial:\d+")


@dataclass(frozen=True)
class Search(Budget):
    """Settings of `tuning.search`.

    Attributes:
        trials: how many to finish, at least 1; failed and pruned ones count, infeasible ones not.
            None is 10, or as many as `minutes` allow.
        minutes: for all that `pocketzoo run` does, more than 0; what is trained, and for how long,
            depends on the speed of the machine then. None is no limit.
        algorithm: "tpe", "gp" or "nsga2" (after ten points of a Sobol sequence), "sobol",
            "random"; or KerasTuner's own "kt-random", "bayesian", "hyperband".
        seed: of the search and of every trial, at least 0.
        jobs: trials at a time on this machine, at least 1, sharing its cores; None is one a core,
            or one a card where there are cards.
        gpus: CUDA's names of the cards, with commas between them, of which each trial sees one;
            None is those that `CUDA_VISIBLE_DEVICES` or else nvidia-smi lists, "none" is no card.
        prune: "median", "halving" (ASHA) or "none"; see `tuning.study.pruning`. None is "none" for
            KerasTuner's own algorithms, else "median".
        objective: "float" scores the model, "int8" its quantization twin.
        device: a name of `pocketzoo devices` or a TOML file, which limit bytes and arena.
        max_bytes, max_macs, max_arena: most that the int8 file may cost, at least 1, as
            `zoo.cost.estimate` does it: its size, multiply-accumulates per row, memory in
            LiteRT-Micro; a model over one of them is not trained. None is the device's limit, or
            none.
        max_ms: most milliseconds that it may take on the device, as estimated; more than 0.
        pick: "best"; "smallest-within:P", the smallest file within P points (percent of RMSE) of
            the best score; "knee", where less score stops saving much, and within a standard error
            of the best none is lost; or "trial:N". None is "knee" with a device, else "best". Asked
            for another one, a finished search just takes it.
        repeats: how many more times the winner is trained, with other seeds, to estimate the
            spread; at least 0.
        refit: train the winner once more on training and validation rows together, for as many
            epochs as its trial took.
        storage: URL of a database that machines share, each with the same command; None is a
            journal in the run folder.
        artifacts: folder for the weights of the best trials, if it is to be a shared one.
        heartbeat: seconds between the signs of life in a shared storage, in [0.1, 3600); after
            three silent ones what a machine was running is run again.

    Raises:
        UserError: a field that is out of range, or that does not go with another.

    Examples:
        >>> search = tuning.Search(trials=40, objective="int8", max_bytes=60_000)
        >>> search.limits
        {'bytes': 60000}
    """

    trials: int | None = field(
        default=None,
        metadata={
            "help": "Trials to finish, the preset included. Default: 10, or what --minutes allow."
        },
    )
    minutes: float | None = field(
        default=None,
        metadata={"help": "Time for everything: first a model in a minute, then better ones."},
    )
    algorithm: str = field(
        default="tpe",
        metadata={
            "help": "tpe, gp, nsga2, sobol or random; "
            "or KerasTuner's kt-random, bayesian or hyperband."
        },
    )
    seed: int = field(default=0, metadata={"help": "Seed for the search and every trial."})
    jobs: int | None = field(
        default=None, metadata={"help": "Trials at a time. Default: one per core."}
    )
    gpus: str | None = field(
        default=None,
        metadata={"help": "Cards, such as 0,2, of which each trial sees one. Default: all; none."},
    )
    prune: str | None = field(default=None, metadata={"help": "median (default), halving or none."})
    objective: str = field(default="float", metadata={"help": "float, or int8: score the twin."})
    pick: str | None = field(
        default=None,
        metadata={
            "help": "best, knee (default with a device), smallest-within:P points of the best, "
            "trial:N."
        },
    )
    repeats: int = field(
        default=3,
        metadata={
            "help": "More trainings of the winner, with other seeds, to estimate the spread."
        },
    )
    refit: bool = field(
        default=True, metadata={"help": "Train the winner once more on validation rows too."}
    )
    storage: str | None = field(
        default=None,
        metadata={"help": "Database that machines share, e.g. postgresql://user@host/name."},
    )
    artifacts: Path | None = field(
        default=None, metadata={"help": "Folder that machines share for the best weights."}
    )
    heartbeat: float = field(
        default=60.0, metadata={"help": "Seconds between heartbeats in a shared storage."}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.trials is not None:
            at_least("trials", self.trials, 1)
        if self.minutes is not None:
            in_range("minutes", self.minutes, SHORTEST, LONGEST)
        at_least("seed", self.seed, 0)
        if self.jobs is not None:
            at_least("jobs", self.jobs, 1)
        self._check_cards(self.cards or ())
        at_least("repeats", self.repeats, 0)
        flag("refit", self.refit)
        one_of("algorithm", self.algorithm, (*SAMPLERS, *ORACLES))
        if self.prune is not None:
            one_of("prune", self.prune, PRUNERS)
        one_of("objective", self.objective, OBJECTIVES)
        in_range("heartbeat", self.heartbeat, 0.1, 3600)
        if not PICK.fullmatch(self.picked):
            raise UserError(
                "pick must be best, knee, smallest-within:POINTS or trial:NUMBER; got "
                f"{self.pick!r}."
            )
        check_sampler(self.algorithm)
        if self.storage is not None:
            self._check_storage(self.storage)
        if self.algorithm == "hyperband" and self.prune not in (None, "none"):
            raise UserError("hyperband ends trials by itself; it goes with prune none.")

        if self.algorithm in ORACLES and self.minutes is not None:
            raise UserError(
                f"{self.algorithm} plans by trials, not by time: leave --minutes out, or take tpe."
            )

    @property
    def cards(self) -> tuple[str, ...] | None:
        """The cards that were asked for; None where nobody did."""
        if self.gpus is None:
            return None
        return NO_CARD if self.gpus == "none" else tuple(map(str.strip, self.gpus.split(",")))

    def _check_cards(self, cards: tuple[str, ...]) -> None:
        if self.gpus != "none" and ("" in cards or len({*cards}) < len(cards)):
            raise UserError(
                f"gpus must be cards, each once, such as 0,2, or none; got {self.gpus!r}."
            )

    @property
    def most(self) -> int:
        """Trials to finish, at most."""
        return self.trials or (TRIALS if self.minutes is None else MOST)

    @property
    def picked(self) -> str:
        """Which trial is taken."""
        return self.pick or ("best" if self.device is None else "knee")

    def _check_storage(self, storage: str) -> None:
        from tuning.study.storage import database  # SQLAlchemy takes a second to import

        database(storage)
        if self.algorithm in ORACLES:
            raise UserError(
                f"{self.algorithm} does not work on a shared storage: KerasTuner's algorithms are "
                "for one machine. Take tpe, gp, nsga2, sobol or random."
            )


def check_auto(algorithm: str, overrides: Iterable[str]) -> None:
    """Raise UserError for what goes with a preset only."""
    if [*overrides]:
        raise UserError(
            f"{', '.join(overrides)} cannot be set where no preset is named: sizes differ from "
            "family to family. Name a preset; pocketzoo models lists them."
        )
    if algorithm in ORACLES:
        raise UserError(
            f"{algorithm} searches around one preset: name one, or take tpe, gp, nsga2, sobol or "
            "random."
        )
