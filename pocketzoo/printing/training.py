"""Printed results of a training."""

from pocketzoo.printing.console import CONSOLE
from tuning.training.overfitting import Overfit
from tuning.training.phase import Fit
from tuning.training.rates import RangeTest
from zoo import Run
from zoo.tasks import worded


def print_fit(run: Run, result: Fit) -> None:
    CONSOLE.print(
        f"{worded(result.metric)} {result.score:.4f} on validation rows after "
        f"{result.epochs} epochs, {result.seconds:.0f} s"
    )
    print_run(run)


def print_rate(found: RangeTest) -> None:
    """Show the curve of a range test in a few points, and the rate taken."""
    shown = list(zip(found.rates, found.losses, strict=True))[:: max(1, len(found.rates) // 8)]
    curve = ", ".join(f"{rate:.0e}: {loss:.3g}" for rate, loss in shown)
    CONSOLE.print(f"Learning rate {found.learning_rate:.2g}. Loss by rate: {curve}")


def print_overfit(learned: Overfit) -> None:
    """Say whether the rows were learned by heart, and where to look if not."""
    CONSOLE.print(
        f"{learned.rows} training rows, {learned.epochs} epochs: {worded(learned.metric)} "
        f"{learned.score:.4f} on them, loss {learned.before:.3g} -> {learned.after:.3g} "
        f"({100 * learned.fall:.1f} % less)."
    )
    if learned.learned:
        CONSOLE.print("Memorized: the model and the pipeline can learn.")
    else:
        CONSOLE.print(
            "NOT memorized (the loss must fall by 95 %, and every class be predicted correctly). "
            "Look for wrong labels, equal rows of different classes, features on very different "
            "scales; try --find-rate, and a larger preset."
        )


def print_run(run: Run) -> None:
    CONSOLE.print(f"Run folder: {run.path}. Next: pocketzoo export {run.path}", soft_wrap=True)
