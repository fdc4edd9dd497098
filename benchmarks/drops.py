"""Drop from float to int8: calibration (ptq), training (qat) and tfmot, over seeds.

    python -m benchmarks.drops [--seeds 5] [--epochs 30] [FAMILY ...]

Trains each family's small preset on its built-in sets, without a search, and measures the files
themselves on the test rows. Writes `benchmarks/results/drops.md`.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

import export
import tuning
import zoo
from export.runtimes.litert import load, predict
from tuning.spaces import default_recipe
from zoo.quantization import quantize

SETS = {
    "gru_small": ("digits_rows",),
    "mlp_small": ("breast_cancer", "wine", "digits"),
    "cnn_small": ("digits",),
    "vit_small": ("digits",),
    "vit_small_sigmoid": ("digits",),
}
TFMOT = ("mlp_small", "cnn_small")
RESULTS = Path(__file__).parent / "results" / "drops.md"


def measured(preset: str, source: str, seed: int, epochs: int) -> dict[str, float]:
    """Train one model and return its accuracy, and by how many points each int8 file is worse."""
    data = zoo.load_data(source, seed=seed)
    keras.utils.set_random_seed(seed)
    model = zoo.create_model(preset, data.input_shape, data.num_outputs)
    tuning.fit(model, data, replace(default_recipe(preset), epochs=epochs, seed=seed))
    of_float = model.predict(data.x_test, verbose=0)
    found = {"float": float((of_float.argmax(axis=1) == data.y_test).mean())}
    ptq = quantize(model, data)
    ways: dict[str, dict[str, Any]] = {
        "ptq": {"quantized": ptq},
        "qat": {"quantized": tuning.quantize_aware(model, data, start=ptq)},
    }
    if preset in TFMOT:
        ways["qat-tfmot"] = {"compress": "qat-tfmot"}
    for name, arguments in ways.items():
        with tempfile.TemporaryDirectory() as folder:
            result = export.to_litert(model, data=data, directory=folder, **arguments)
            of_int8 = predict(load(result.int8_file), data.x_test, result.scaling, result.output)
        found[name] = data.task.lost(data.y_test, of_float, of_int8)
        found[f"{name} agreement"] = float(
            (of_int8.argmax(axis=1) == of_float.argmax(axis=1)).mean()
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=list(SETS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()
    lines = [
        "| preset | data | accuracy | way | drop by seed, points | mean | worst | same class |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for preset in arguments.presets:
        for source in SETS[preset]:
            runs = [measured(preset, source, s, arguments.epochs) for s in range(arguments.seeds)]
            accuracy = np.mean([run["float"] for run in runs])
            for way in [key for key in runs[0] if f"{key} agreement" in runs[0]]:
                drops = [run[way] for run in runs]
                same = np.mean([run[f"{way} agreement"] for run in runs])
                lines.append(
                    f"| {preset} | {source} | {accuracy:.4f} | {way} | "
                    f"{', '.join(f'{one:.2f}' for one in drops)} | {np.mean(drops):.2f} | "
                    f"{max(drops):.2f} | {same:.4f} |"
                )
                print(lines[-1], flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
