"""Value of pretrained weights: ten classes of 20 images each.

    python -m benchmarks.transfer [--seeds 0 1 2] [--size 96] [--epochs 60] [--methods NAME ...]
                                  --keep FOLDER

Digits in random colors over random textures (`tests/colors.py`), 20 pictures a class to train
on, 5 to stop by, 40 to test; each seed draws them anew. EfficientNet-Lite0 as `pocketzoo train`
trains it by default and with the backbone frozen to the end, and from scratch the same network and
a small one, for --epochs epochs with all of their recipe else. Accuracies are of the float model
and, of the first two, of the verified int8 file. Runs that the folder holds are not run again.
Prints a table and writes it to `benchmarks/results/transfer.md`.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

import export
import tuning
import zoo
from benchmarks.tables import interval, table
from tests.helpers.colors import color_digits
from tuning.spaces import default_recipe
from zoo.files import as_json

RESULTS = Path(__file__).parent / "results" / "transfer.md"
LITE0 = "pretrained:efficientnet_lite0"
SMALL = "cnn_efficient_small"
METHODS: dict[
    str, tuple[str, dict[str, Any], str, dict[str, Any]]
] = {  # name -> preset, factory arguments, preset whose recipe is taken, its fields
    "frozen": (LITE0, {}, LITE0, {"frozen": 1.0}),
    "fine-tuned": (LITE0, {}, LITE0, {}),
    "scratch": (LITE0, {"weights": "none"}, SMALL, {}),
    "small": (SMALL, {}, SMALL, {}),
}
TITLES = {
    "frozen": "EfficientNet-Lite0, frozen",
    "fine-tuned": "EfficientNet-Lite0, frozen, then fine-tuned",
    "scratch": "EfficientNet-Lite0 from scratch",
    "small": f"{SMALL} from scratch",
}


def run(method: str, seed: int, size: int, epochs: int, folder: Path) -> dict[str, Any]:
    """Train one method on one draw, and verify its files, unless the folder holds that already."""
    preset, overrides, taken, fields = METHODS[method]
    scratch = not fields and method != "fine-tuned"
    out = folder / f"{method}-{size}-{seed}{f'-{epochs}' if scratch else ''}"
    file = out / "result.json"
    if not file.exists():
        data = color_digits(size, seed=seed)
        keras.utils.set_random_seed(seed)
        started = time.monotonic()
        model = zoo.create_model(preset, data.input_shape, 10, **overrides)
        recipe = replace(default_recipe(taken, data), seed=seed, **fields)
        if scratch:
            recipe = replace(recipe, epochs=epochs, patience=epochs)
        tuning.fit(model, data, recipe)
        found: dict[str, Any] = {"seconds": time.monotonic() - started}
        right = model.predict(data.x_test, verbose=0).argmax(axis=1) == data.y_test
        found["float"] = float(right.mean())
        if not scratch:
            report = export.verify(export.to_litert(model, data=data, directory=out), data)
            audit = report.int8_audit
            found |= {"int8": report.int8_estimate.value, "integer_only": audit.integer_only}
            found |= {"bytes": audit.bytes}
        out.mkdir(parents=True, exist_ok=True)
        file.write_text(as_json(found))
    return dict(json.loads(file.read_text()))


def percent(found: list[dict[str, Any]], which: str) -> str:
    """Return mean and 95 % interval of accuracies, in percent."""
    return interval([100 * one[which] for one in found], 1)


def line(method: str, found: list[dict[str, Any]]) -> list[str]:
    """Return a method's line of the table."""
    exported = [one for one in found if "int8" in one]
    return [
        TITLES[method],
        str(len(found)),
        percent(found, "float"),
        percent(exported, "int8") if exported else "-",
        "-" if not exported else "yes" if all(one["integer_only"] for one in exported) else "NO",
        f"{np.mean([one['bytes'] for one in exported]) / 1024:.0f}" if exported else "-",
        f"{np.mean([one['seconds'] for one in found]):.0f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--keep", type=Path, required=True)
    given = parser.parse_args()
    lines = []
    for method in given.methods:
        runs = [run(method, seed, given.size, given.epochs, given.keep) for seed in given.seeds]
        lines.append(line(method, runs))
        print(lines[-1], flush=True)
    head = ["", "draws", "float, %", "int8, %", "integer-only", "int8, KB", "training, s"]
    text = (
        f"# Transfer learning: 20 pictures a class, {given.size}x{given.size}\n\n"
        "Ten digits in color; mean and 95 % interval over draws. From scratch: "
        f"{given.epochs} epochs. `python -m benchmarks.transfer --methods "
        f"{' '.join(given.methods)} --seeds {' '.join(map(str, given.seeds))} --size {given.size} "
        f"--epochs {given.epochs} --keep FOLDER`, {keras.backend.backend()} on the CPU.\n\n"
        + table(head, lines)
        + "\n"
    )
    RESULTS.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
