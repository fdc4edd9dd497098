"""Drawings of the details of masks and objects: figures of each class, precision and recall."""

import numpy as np

from export.page.charts import Axis, Series, plot
from export.page.markup import Child, Html, figure, folded, table, tag
from export.proof.quality import Quality
from zoo.tasks.boxes.judging import BoxTable, PrecisionRecall
from zoo.tasks.masks.area_table import AreaFigures, AreaTable

MOST = 20  # lines of a table that stands open
CURVES = 12  # of classes; of more only their mean is drawn


def areas(quality: Quality, found: AreaTable) -> Html:
    """Return the figures of each class of pixels."""
    header = ("class", "pixels", "predicted", "IoU", "Dice", "boundary F1")
    said = (
        "Pixels of all test images together, in %: IoU is the overlap of truth and prediction over "
        "their union, Dice twice the overlap over their sum, boundary F1 how well outlines match."
    )
    return _table("Classes", header, [_area(one) for one in found.lines], said)


def _area(one: AreaFigures) -> tuple[str, ...]:
    shares = (one.iou, one.dice, one.boundary_f1)
    shown = ("-" if share is None else f"{100 * share:.1f}" for share in shares)
    return one.label, f"{one.pixels:,}", f"{one.answered:,}", *shown


def precision_recall(quality: Quality, found: PrecisionRecall) -> Html | None:
    """Return the precision at each recall: of each class, and their mean."""
    if not len(found.curves):
        return None
    recalls = np.linspace(0, 1, found.curves.shape[1]).tolist()
    curves = found.curves if len(found.curves) <= CURVES else found.curves[:0]
    series = [Series("", _points(recalls, curve), "quiet") for curve in curves]
    alone = len(found.labels) == 1
    name = found.labels[0] if alone else "mean"
    shown = [] if alone else series
    shown.append(Series(name, _points(recalls, found.curves.mean(axis=0))))
    across, up = Axis("recall", 0, 1), Axis("precision", 0, 1)
    said = (
        "Precision at each recall, as its threshold falls; objects are found at an IoU of 0.5."
        if quality.task.gives == "boxes"
        else "Precision at each recall, as its threshold falls."
    )
    if not alone:
        said += " Dashed: single classes." if len(curves) else ""
    return figure(said, plot("precision and recall", across, up, shown))


def _points(recalls: list[float], curve: np.ndarray) -> list[tuple[float, float]]:
    return list(zip(recalls, curve.tolist(), strict=True))


def objects(quality: Quality, found: BoxTable) -> Html:
    """Return what became of the true objects of each class, and what was told beside them."""
    header = ("class", "objects", "found", "missed", "false", "precision", "recall", "threshold")
    said = (
        "True objects of the test images that were found and missed, and predictions where none "
        "is, or a second one; precision and recall in %, at the threshold of each class."
    )
    told = found.told
    counts = (told.there, told.right, told.missed, told.false)
    totals = np.stack([count.sum(axis=0) for count in counts], axis=1)
    names = [*found.labels, "all"] if len(found.labels) > 1 else [*found.labels]
    cuts = [*(f"{cut:.2f}" for cut in found.cuts), ""]
    lines = [*totals.tolist(), totals.sum(axis=0).tolist()]
    rows = [_object(*one) for one in zip(names, lines, cuts, strict=False)]
    return _table("Objects", header, rows, said)


def _object(name: str, counts: list[int], cut: str) -> tuple[str, ...]:
    there, right, _, false = counts
    shares = ((right, right + false), (right, there))
    shown = (f"{100 * part / whole:.1f}" if whole else "-" for part, whole in shares)
    return name, *(f"{count:,}" for count in counts), *shown, cut


def _table(title: str, header: tuple[str, ...], rows: list[tuple[str, ...]], said: Child) -> Html:
    parts = [tag("h3", title), table(header, rows[:MOST], numbers=1)]
    if len(rows) > MOST:
        parts.append(folded(f"{len(rows) - MOST} more", table(header, rows[MOST:], numbers=1)))
    return tag("div", *parts, tag("p", said, class_="lead"))
