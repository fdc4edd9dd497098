"""Figures of masks and objects on the page."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from export.page.details import confusion
from export.page.found import areas, objects, precision_recall
from zoo.tasks import Detection, Segmentation

NAMES = ("ground", "<cat>", "dog")


def quality(task: Any) -> Any:
    return SimpleNamespace(task=task)


def test_figures_of_classes_of_pixels() -> None:
    task = Segmentation(NAMES)
    y = np.repeat([[[0, 0, 1, 1]]], 4, axis=1).astype(np.uint8)
    said = np.array([[[0, 1, 1, 1]] * 4])
    found = task.details(y, np.eye(3)[said])
    text = areas(quality(task), found["areas"])
    assert "&lt;cat&gt;" in text
    assert ">50.0<" in text  # IoU of the ground: 4 of 8
    assert ">66.7<" in text  # of the cat: 8 of 12; the ground's Dice, too
    assert ">-<" in text  # a dog is neither there nor answered
    shown = confusion(quality(task), found["confusion"])
    assert "% of the pixels of a true class" in shown
    assert ">50.0<" in shown


def test_objects_found_missed_and_false() -> None:
    """One cell tells the first of two cats, another a dog where none is."""
    task = Detection(NAMES[1:], (16, 16))
    outputs = np.full((1, 4, 7), -9.0, np.float32)
    outputs[..., :4] = 0
    outputs[0, 0, [4, 5]] = 9  # cell 0: a cat
    outputs[0, 3, [4, 6]] = 9  # cell 3: a dog
    y = np.array([[[0, 0, 0, 8, 8], [0, 8, 0, 16, 8]]], np.float32)
    found = task.details(y, outputs)
    text = objects(quality(task), found["objects"])
    cat, dog, whole = text.split("<tr>")[2:5]
    told = [line.split("</tr>")[0].count(">1<") for line in (cat, dog, whole)]
    assert told == [2, 1, 3]  # found and missed; false; found, missed and false
    assert ">100.0<" in cat
    curve = precision_recall(quality(task), found["precision_recall"])
    assert curve is not None
    assert "IoU of 0.5" in curve
    assert "polyline" in curve
    none = task.details(np.full((1, 1, 5), -1, np.float32), outputs)
    assert precision_recall(quality(task), none["precision_recall"]) is None
