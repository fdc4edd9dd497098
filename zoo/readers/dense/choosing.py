"""The choice between masks and boxes, by the task and by what a folder has."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import UserError
from zoo.data.arrays import Found
from zoo.data.layouts import layout_of
from zoo.data.reading import Reading
from zoo.data.sources import ENDINGS, files_below
from zoo.readers.dense.boxes import KIND, box_answers, read_boxes
from zoo.readers.dense.masks import mask_answers, read_masks
from zoo.tasks import Task, moving


def read_annotated(path: Path, reading: Reading, seed: int, task: type[Task] | None) -> Found:
    """Read a folder of pictures with masks or boxes.

    Args:
        path: the folder.
        reading: options.
        seed: of the split.
        task: of masks or of boxes; None: of what the folder has.

    Raises:
        UserError: both and no task, not what the task needs, or nothing that can be read.
    """
    layout = layout_of(path, files_below(path), ENDINGS["pictures"])
    masks, boxes = moving("mask"), moving("boxes")
    if task is None and layout.masks and layout.boxes:
        raise UserError(
            f"{path} has masks, and boxes ({layout.boxes}). Give --task {masks.name} or --task "
            f"{boxes.name}."
        )
    if task is not None and task.moves == "boxes" and not layout.boxes:
        raise UserError(
            f"{path} has masks, and no boxes: {task.name} needs COCO, VOC or YOLO files. Give "
            f"--task {masks.name}."
        )
    asked = task or (masks if layout.masks else boxes)
    if asked.moves == "mask":
        if reading.ignore is None or layout.masks:
            return read_masks(path, reading, seed, asked, layout)
    elif reading.ignore is None:
        return read_boxes(path, reading, seed, asked, layout, sure=task is not None)
    raise UserError(f"--ignore is for masks; {path} has {layout.boxes} files.")


def annotated_answers(
    path: Path, schema: Mapping[str, Any], names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures with masks or boxes as a run's rows, and their truth in its classes.

    Args:
        path: a folder, of which only the test part is read if there is one.
        schema: of the run.
        names: of the run's classes.

    Raises:
        UserError: not what the run needs, or pictures that cannot be used.
    """
    if not path.is_dir():
        raise UserError(f"{path} must be a folder of images with masks or boxes, as for training.")
    layout = layout_of(path, files_below(path), ENDINGS["pictures"])
    answers = box_answers if schema["kind"] == KIND else mask_answers
    return answers(path, schema, names, layout)
