"""Pruners: early stopping of trials that are not worth their remaining epochs."""

import optuna


def make_pruner(name: str, epochs: int) -> optuna.pruners.BasePruner:
    """Return a pruner.

    Args:
        name: "median" (below the median of the others at the same epoch; after five trials and
            a third of the epochs), "halving" (asynchronous successive halving: of each rung the
            better third goes on; Li et al. 2020, arXiv:1810.05934), or "none".
        epochs: of a full training.
    """
    third = max(1, epochs // 3)
    if name == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=third)
    if name == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(
            min_resource=max(1, epochs // 9), reduction_factor=3
        )
    return optuna.pruners.NopPruner()
