"""The child process that runs files in LiteRT: `python litert_child.py FOLDER MODEL...`.

It imports neither Keras nor TensorFlow. A file that ends or hangs LiteRT ends or hangs this
process, not the command. FOLDER holds `STEM.npy`, the rows of the model's input; a model without
runs once, on zeros. `STEM.npz` appears beside it: the first output as it comes, its scale and zero
point.
"""

import sys
from pathlib import Path

import numpy as np

from export.runtimes.litert import load, raw_outputs, zeros


def main(folder: Path, models: list[Path]) -> None:
    for model in models:
        interpreter, rows = load(model), folder / f"{model.stem}.npy"
        fed = zeros(interpreter)
        if rows.exists():
            fed = [np.load(rows).astype(fed[0].dtype)]
        outputs = raw_outputs(interpreter, fed)[0]
        found = np.array(interpreter.get_output_details()[0]["quantization"])
        np.savez(folder / f"{model.stem}.npz", outputs=outputs, quantization=found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
