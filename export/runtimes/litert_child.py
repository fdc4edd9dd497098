"""The child process that runs files in LiteRT: `python litert_child.py FOLDER MODEL...`.

Started by its path, it imports neither Keras nor TensorFlow. A file that ends or hangs LiteRT ends
or hangs this process, not the command. FOLDER holds `STEM.npy`, the rows of the model's input; a
model without runs once, on zeros. `STEM.npz` appears beside it.
"""

import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def run(model: Path, rows: np.ndarray | None) -> tuple[np.ndarray, tuple[float, int]]:
    """Return the first output for rows as it comes, (rows, ...), its scale and zero point."""
    interpreter = Interpreter(model_path=str(model), num_threads=1)
    interpreter.allocate_tensors()
    inputs, given = interpreter.get_input_details(), interpreter.get_output_details()[0]
    if rows is None:
        for one in inputs:
            interpreter.set_tensor(one["index"], np.zeros(one["shape"], one["dtype"]))
        rows = np.zeros(inputs[0]["shape"])
    found = []
    for row in rows.astype(inputs[0]["dtype"]):
        interpreter.set_tensor(inputs[0]["index"], row[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(given["index"]))
    return np.concatenate(found), given["quantization"]


def main(folder: Path, models: list[Path]) -> None:
    for model in models:
        rows = folder / f"{model.stem}.npy"
        outputs, quantization = run(model, np.load(rows) if rows.exists() else None)
        found = folder / f"{model.stem}.npz"
        np.savez(found, outputs=outputs, quantization=np.array(quantization))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
