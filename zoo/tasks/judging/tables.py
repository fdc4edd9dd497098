"""The metrics of each task whose rows have answers of their own, the usual one first."""

from zoo.tasks.metric import Metric

ITS = "rows of its class"
CLASSES = (
    Metric("accuracy", "accuracy %", 1, 100, "points", "points"),
    Metric("balanced_accuracy", "balanced accuracy %", 1, 100, "points", "points", stepped=True),
    Metric("macro_f1", "macro F1 %", 1, 100, "points", "points", stepped=True),
    Metric("roc_auc", "ROC-AUC %", 1, 100, "points", "points", needs="rows of two classes"),
    Metric("pr_auc", "PR-AUC %", 1, 100, "points", "points", of_class=True, needs=ITS),
    Metric(
        "recall_at_precision",
        "recall at precision {level} %",
        1,
        100,
        "points",
        "points",
        asks="PRECISION",
        of_class=True,
        needs=ITS,
        stepped=True,
    ),
    Metric("log_loss", "log-loss", -1, 1, "hundredths of a nat", "hundredths of a nat"),
)

NUMBERS = (
    Metric("rmse", "rmse", -1, 1, "% of rmse", "% of rmse"),
    Metric("mae", "mean absolute error", -1, 1, "% of it", "% of the mean absolute error"),
    Metric(
        "mape",
        "mean absolute percentage error",
        -1,
        100,
        "% of it",
        "% of the mean absolute percentage error",
        needs="targets that are not 0",
    ),
    Metric(
        "pinball",
        "pinball loss at {level}",
        -1,
        1,
        "% of it",
        "% of the pinball loss",
        asks="QUANTILE",
    ),
)

LABELS = tuple(
    Metric(name, title, 1, 100, "points", "points")
    for name, title in (
        ("macro_f1", "macro F1 %"),
        ("micro_f1", "micro F1 %"),
        ("mean_average_precision", "mean average precision %"),
        ("subset_accuracy", "subset accuracy %"),
    )
)
