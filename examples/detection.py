"""From pictures and a COCO file to boxes in new pictures: python examples/detection.py OUT

Draws discs and squares on noise, writes their boxes as COCO has them, and lets pocketzoo do the
rest. Half a minute.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import export
import tuning
import zoo

SIDE = 32
NAMES = ("disc", "square")


def scene(rng: np.random.Generator) -> tuple[np.ndarray, int, list[int]]:
    """Return a picture, the kind of the object in it, and its box: x, y, width, height."""
    y, x = np.mgrid[:SIDE, :SIDE]
    kind, reach = int(rng.integers(2)), int(rng.integers(5, 9))
    row, column = (int(at) for at in rng.integers(reach, SIDE - reach, 2))
    away = np.abs(y - row), np.abs(x - column)
    inside = (np.hypot(*away) if kind == 0 else np.maximum(*away)) < reach
    pixels = rng.normal(60, 15, inside.shape) + 120 * inside
    side = 2 * reach - 1
    box = [column - reach + 1, row - reach + 1, side, side]
    return pixels.clip(0, 255).astype(np.uint8), kind, box


def main(out: Path) -> None:
    rng, folder = np.random.default_rng(0), out / "boxes"
    folder.mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for n in range(90):
        pixels, kind, box = scene(rng)
        Image.fromarray(pixels).save(folder / f"{n:03d}.png")
        images.append({"id": n, "file_name": f"{n:03d}.png", "width": SIDE, "height": SIDE})
        annotations.append({"id": n, "image_id": n, "category_id": kind, "bbox": box})
    categories = [{"id": n, "name": name} for n, name in enumerate(NAMES)]
    coco = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(coco))

    data = zoo.load_data(folder)
    recipe = tuning.Recipe(epochs=25, batch_size=8, learning_rate=0.005)
    run, _ = tuning.train("detect_tiny", data, directory=out / "run", recipe=recipe)
    report = export.verify(export.to_litert(run), data, max_drop=20.0)
    print(f"float {report.float_estimate.value:.3f}  int8 {report.int8_estimate.value:.3f}")
    print(f"pocketzoo predict {out / 'run'} {folder} --out {out / 'found'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
