"""A preset inside scikit-learn: scaling, cross-validation and a grid over its sizes."""

from sklearn.datasets import load_wine
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tuning import Classifier, Recipe

x, y = load_wine(return_X_y=True)
model = Classifier("mlp_tiny", recipe=Recipe(epochs=20))
scores = cross_val_score(make_pipeline(StandardScaler(), model), x, y, cv=3)
print(f"accuracy {scores.mean():.3f} +- {scores.std():.3f}")

grid = GridSearchCV(model, {"overrides": [{"units": 16}, {"units": 64}]}, cv=3).fit(x, y)
print("best:", grid.best_params_, f"{grid.best_score_:.3f}")
