"""From pictures and masks to masks of new pictures: python examples/segmentation.py OUT

Draws discs and squares on noise, with their masks, into a folder, and lets pocketzoo do the rest.
Less than a minute.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import export
import tuning
import zoo

SIDE = 32


def scene(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture and its mask: 0 for the ground, 1 for a disc, 2 for a square."""
    y, x = np.mgrid[:SIDE, :SIDE]
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for kind in (1, 2):
        row, column, reach = *rng.integers(6, SIDE - 6, 2), rng.integers(4, 7)
        away = np.abs(y - row), np.abs(x - column)
        mask[(np.hypot(*away) if kind == 1 else np.maximum(*away)) < reach] = kind
    pixels = rng.normal(60, 15, mask.shape) + 90 * (mask > 0) + 40 * (mask == 2)
    return pixels.clip(0, 255).astype(np.uint8), mask


def main(out: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("images", "masks"):
        (out / "scans" / name).mkdir(parents=True, exist_ok=True)
    for n in range(90):
        for name, pixels in zip(("images", "masks"), scene(rng), strict=True):
            Image.fromarray(pixels).save(out / "scans" / name / f"{n:03d}.png")

    data = zoo.load_data(out / "scans")
    recipe = tuning.Recipe(epochs=20, batch_size=8, learning_rate=0.01)
    run, _ = tuning.train("unet_tiny", data, directory=out / "run", recipe=recipe)
    report = export.verify(export.to_litert(run), data, max_drop=5.0)
    print(f"float {report.float_estimate.value:.3f}  int8 {report.int8_estimate.value:.3f}")
    print(f"pocketzoo predict {out / 'run'} {out / 'scans'} --out {out / 'found'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
