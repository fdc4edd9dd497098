"""How a model is trained and chosen: the recipe, the one `fit`, the search."""

from tuning.recipe import Recipe, fit
from tuning.search import search

__all__ = ["Recipe", "fit", "search"]
