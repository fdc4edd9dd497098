"""The child process that runs rows through a file in LiteRT: `python litert_child.py FOLDER`.

Started by its path, it imports neither Keras nor TensorFlow. A file that ends or hangs LiteRT ends
or hangs this process, not the command.
"""

import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def run(model: Path, rows: np.ndarray) -> tuple[np.ndarray, tuple[float, int]]:
    """Return the first output for rows as it comes, (rows, outputs), its scale and zero point."""
    interpreter = Interpreter(model_path=str(model), num_threads=1)
    interpreter.allocate_tensors()
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    found = []
    for row in rows.astype(taken["dtype"]):
        interpreter.set_tensor(taken["index"], row[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(given["index"]))
    return np.concatenate(found), given["quantization"]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    outputs, quantization = run(Path(sys.argv[2]), np.load(folder / "rows.npy"))
    np.savez(folder / "outputs.npz", outputs=outputs, quantization=np.array(quantization))
