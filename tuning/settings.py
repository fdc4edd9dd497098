"""Settings of a search, checked before anything begins."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tuning.study.oracles import ORACLES
from tuning.study.pruning import PRUNERS
from tuning.study.samplers import SAMPLERS, check_sampler
from tuning.study.storage import database
from zoo import UserError
from zoo.checks import at_least, in_range, one_of
from zoo.quantization.layers.numerics import INT8

ALGORITHMS = (*SAMPLERS, *ORACLES)
OBJECTIVES = ("float", INT8.name)
LIMITS = ("bytes", "macs", "arena")
PICK = re.compile(r"best|smallest-within:\d+(\.\d+)?|trial:\d+")


@dataclass(frozen=True)
class Settings:
    """The arguments of `tuning.search` of the same names; `limits` by the names of `Cost`.

    Raises:
        UserError: one that is out of range, or that does not go with another.
    """

    trials: int
    algorithm: str
    seed: int
    refit: bool
    jobs: int
    prune: str
    objective: str
    pick: str
    again: int
    storage: str | None
    artifacts: Path
    heartbeat: float
    limits: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        at_least("trials", self.trials, 1)
        at_least("seed", self.seed, 0)
        at_least("jobs", self.jobs, 1)
        at_least("again", self.again, 0)
        one_of("algorithm", self.algorithm, ALGORITHMS)
        one_of("prune", self.prune, PRUNERS)
        one_of("objective", self.objective, OBJECTIVES)
        in_range("heartbeat", self.heartbeat, 0.1, 3600)
        for name, most in self.limits.items():
            one_of("limits", name, LIMITS)
            at_least(f"max_{name}", most, 1)
        if not PICK.fullmatch(self.pick):
            raise UserError(
                f"pick must be best, smallest-within:POINTS or trial:NUMBER; got {self.pick!r}."
            )
        check_sampler(self.algorithm)
        if self.storage is not None:
            self._check_storage(self.storage)
        if self.algorithm == "hyperband" and self.prune != "none":
            raise UserError("hyperband ends trials by itself; it goes with prune none.")

    def _check_storage(self, storage: str) -> None:
        database(storage)
        if self.algorithm in (*ORACLES, "cmaes"):
            raise UserError(
                f"{self.algorithm} does not work on a shared storage: KerasTuner's algorithms are "
                "for one machine, and Optuna's CMA-ES keeps a pickle in the storage, which whoever "
                "can write there could turn into code. Take tpe, gp, nsga2, sobol or random."
            )
