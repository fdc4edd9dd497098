"""How a model is trained and chosen: the recipe, the one `fit`, the search, the ladder to int8."""

from tuning.fitting import fit
from tuning.overfit import overfit
from tuning.quantization import FineTuning, quantize, quantize_aware
from tuning.rates import find_learning_rate
from tuning.recipe import Recipe
from tuning.search import search
from tuning.study.oracle import StudyOracle

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
