"""Names of the algorithms of a search; imports are light, for checks before anything is loaded."""

import importlib.util

from zoo.checks import UserError

# Finished trials beyond which asking would take more than 0.1 s (gp: 2 s); benchmarks/sweep
MODELLED = {"tpe": 2500, "gp": 200, "nsga2": 3000}
SAMPLERS = ("random", "sobol", *MODELLED)
ORACLES = ("kt-random", "bayesian", "hyperband")  # KerasTuner's own
PRUNERS = ("median", "halving", "none")


def check_sampler(algorithm: str) -> None:
    """Raise UserError where an algorithm needs a package that is not there."""
    if algorithm == "gp" and importlib.util.find_spec("torch") is None:
        raise UserError("algorithm gp needs PyTorch: pip install 'pocketzoo[torch]'")
