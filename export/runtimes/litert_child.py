"""The child process that runs files in LiteRT: `python litert_child.py FOLDER MODEL...`.

It imports neither Keras nor TensorFlow. A file that ends or hangs LiteRT ends or hangs this
process, not the command. FOLDER holds `STEM.in.npz`, rows for each input of a model in its order; a
model without runs once, on zeros. `STEM.out.npz` appears beside it: each output as it comes, then
the scale and zero point of each.
"""

import sys
from pathlib import Path

import numpy as np

from export.runtimes.litert import load, raw_outputs, zeros


def main(folder: Path, models: list[Path]) -> None:
    for model in models:
        interpreter, rows = load(model), folder / f"{model.stem}.in.npz"
        fed = zeros(interpreter)
        if rows.exists():
            with np.load(rows) as file:
                fed = [file[name].astype(one.dtype) for name, one in zip(file, fed, strict=True)]
        outputs = raw_outputs(interpreter, fed)
        found = [np.array(one["quantization"]) for one in interpreter.get_output_details()]
        np.savez(folder / f"{model.stem}.out.npz", *outputs, *found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
