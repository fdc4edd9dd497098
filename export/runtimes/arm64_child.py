"""The child process that runs files in LiteRT for Arm: `python arm64_child.py FOLDER`.

Of each `NAME.tflite` in the folder, `NAME.npz` has the rows of every input; `NAME.outputs.npz`
appears beside them. With none in it, all is imported and that is it. The Python need not be the one
that runs this project: beside NumPy and LiteRT nothing is imported that has to be installed.
"""

import sys
from pathlib import Path

import numpy as np

from export.runtimes.litert import load, raw_outputs


def main(folder: Path) -> None:
    for model in folder.glob("*.tflite"):
        with np.load(model.with_suffix(".npz")) as file:
            inputs = [file[key] for key in file.files]
        np.savez(model.with_suffix(".outputs.npz"), *raw_outputs(load(model), inputs))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
