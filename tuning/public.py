"""The public names of `tuning`."""

from tuning.estimators import Classifier, Regressor
from tuning.quantization import FineTuning, quantize, quantize_aware
from tuning.recipe import Recipe
from tuning.searching import search
from tuning.settings import Search
from tuning.study.oracle import StudyOracle
from tuning.training.fitting import fit
from tuning.training.overfitting import Overfit, overfit
from tuning.training.phase import Fit
from tuning.training.rates import RangeTest, find_learning_rate
from tuning.training.single import train

__all__ = [
    "Classifier",
    "FineTuning",
    "Fit",
    "Overfit",
    "RangeTest",
    "Recipe",
    "Regressor",
    "Search",
    "StudyOracle",
    "find_learning_rate",
    "fit",
    "overfit",
    "quantize",
    "quantize_aware",
    "search",
    "train",
]
