"""How a model is trained and chosen: the recipe, the one `fit`, the search, the ladder to int8."""

from tuning.quantization import FineTuning, quantize, quantize_aware
from tuning.recipe import Recipe, fit
from tuning.search import search

__all__ = ["FineTuning", "Recipe", "fit", "quantize", "quantize_aware", "search"]
