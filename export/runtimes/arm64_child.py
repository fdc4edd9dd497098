"""The child process that runs a file in LiteRT for Arm: `python arm64_child.py FOLDER`.

In the folder are `model.tflite` and the rows of every input, `inputs.npz`; `outputs.npz` appears
beside them. With nothing in it, all is imported and that is it. The Python need not be the one that
runs this project: beside NumPy and LiteRT nothing is imported that has to be installed.
"""

import sys
from pathlib import Path

import numpy as np

from export.runtimes.litert import load, raw_outputs


def main(folder: Path) -> None:
    model = folder / "model.tflite"
    if model.exists():
        with np.load(folder / "inputs.npz") as file:
            inputs = [file[key] for key in file.files]
        np.savez(folder / "outputs.npz", *raw_outputs(load(model), inputs))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
