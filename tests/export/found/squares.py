"""Pictures of squares, mid-gray or bright, and models that are right without a training.

A square fills one cell of stride 8, so that a detector's convolutions can be written down.
"""

import json
from pathlib import Path

import keras
import numpy as np
from keras import layers
from PIL import Image

SIDE, CELL = 32, 8
LEVELS = (0, 110, 220)  # of the ground, "mid" and "bright"
CLASSES = ("mid", "bright")


def squares(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[list[list[int]]]]:
    """Return pictures, masks, uint8 (count, 32, 32), and of each its [class, row, column]s."""
    rng = np.random.default_rng(seed)
    places = SIDE // CELL
    pictures = rng.integers(0, 25, (count, SIDE, SIDE))
    masks, held = np.zeros((count, SIDE, SIDE), np.uint8), []
    for n in range(count):
        chosen = rng.choice(places**2, rng.integers(1, 4), replace=False)
        mine = [[int(rng.integers(2)), int(at) // places, int(at) % places] for at in chosen]
        for label, row, column in mine:
            part = (n, *(slice(CELL * at, CELL * (at + 1)) for at in (row, column)))
            pictures[part] = LEVELS[1 + label] + rng.integers(-9, 10, (CELL, CELL))
            masks[part] = 1 + label
        held.append(mine)
    return pictures.astype(np.uint8), masks, held


def save_boxes(folder: Path, count: int = 40) -> Path:
    """Write pictures with a COCO file; return the folder."""
    pictures, _, held = squares(count)
    folder.mkdir(parents=True)
    images, annotations = [], []
    for n, (pixels, mine) in enumerate(zip(pictures, held, strict=True)):
        name = f"s{n:02d}.png"
        Image.fromarray(pixels).save(folder / name)
        images.append({"id": n, "file_name": name, "width": SIDE, "height": SIDE})
        for label, row, column in mine:
            box = [CELL * column, CELL * row, CELL, CELL]
            one = {"id": len(annotations), "image_id": n, "category_id": label, "bbox": box}
            annotations.append(one | {"area": CELL**2, "iscrowd": 0})
    categories = [{"id": n, "name": name} for n, name in enumerate(CLASSES)]
    held_all = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(held_all))
    return folder


def save_masks(folder: Path, count: int = 40) -> Path:
    """Write pictures and masks of class numbers; return the folder."""
    pictures, masks, _ = squares(count)
    for part, values in (("images", pictures), ("masks", masks)):
        (folder / part).mkdir(parents=True)
        for n, pixels in enumerate(values):
            Image.fromarray(pixels).save(folder / part / f"s{n:02d}.png")
    return folder


def detector(shape: tuple[int, ...] = (SIDE, SIDE, 1)) -> keras.Model:
    """Return a detector of one map, which tells cells by their mean."""
    inputs = keras.Input(shape)
    mean = layers.AveragePooling2D(CELL, name="mean")(inputs)
    heads = {"box": (4, 0.0, 0.0), "objectness": (1, 0.1, -6.0), "class": (2, 0.1, -16.5)}
    parts = []
    for name, (outputs, slope, bias) in heads.items():
        head = layers.Conv2D(outputs, 1, name=f"{name}_{CELL}")
        parts.append(layers.Reshape((-1, outputs))(head(mean)))
        signs = np.array([-1, 1]) if name == "class" else np.ones(outputs)  # mid, bright
        head.set_weights([(slope * signs).reshape(1, 1, 1, outputs), bias * signs])
    return keras.Model(inputs, layers.Concatenate(axis=-1)(parts), name="squares")


def segmenter(shape: tuple[int, ...] = (SIDE, SIDE, 1)) -> keras.Model:
    """Return a model that tells pixels by their gray."""
    inputs = keras.Input(shape)
    head = layers.Conv2D(3, 1, name="classes")
    model = keras.Model(inputs, head(inputs), name="grays")
    head.set_weights([np.array([0, 0.1, 0.2]).reshape(1, 1, 1, 3), np.array([0, -6, -22.5])])
    return model
