"""The outcome of a search: the winner, the Pareto front, the lessons."""
