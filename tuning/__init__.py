"""Training and search: the recipe, the one `fit`, the search, the ladder to int8."""

from tuning.quantization import FineTuning, quantize, quantize_aware
from tuning.recipe import Recipe
from tuning.search import search
from tuning.study.oracle import StudyOracle
from tuning.training.fitting import fit
from tuning.training.overfit import overfit
from tuning.training.rates import find_learning_rate

__all__ = [
    "FineTuning",
    "Recipe",
    "StudyOracle",
    "find_learning_rate",
    "fit",
    "overfit",
    "quantize",
    "quantize_aware",
    "search",
]
