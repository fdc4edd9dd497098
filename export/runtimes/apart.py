"""A `.tflite` file run in a process of its own, where a crash or a hang is a message."""

import tempfile
from pathlib import Path

import numpy as np

from export.child import ChildError, run_python
from export.runtimes.litert import dequantized
from zoo import UserError

CHILD = Path(__file__).with_name("litert_child.py")


def predict_apart(path: Path, rows: np.ndarray, timeout: float) -> np.ndarray:
    """Run rows through a file, real numbers out, (rows, outputs). Audit the file first.

    Args:
        path: the file.
        rows: quantized for an int8 file, (rows, *input shape).
        timeout: seconds for all rows together.

    Raises:
        UserError: the file ends its process, or takes longer.
    """
    with tempfile.TemporaryDirectory(prefix="pocketzoo-") as name:
        folder = Path(name)
        np.save(folder / "rows.npy", rows)
        try:
            run_python([str(CHILD), name, str(path.resolve())], timeout)
        except ChildError as error:
            raise UserError(
                f"LiteRT could not run {path}: the process {error} Export the run again."
            ) from error
        with np.load(folder / "outputs.npz") as file:
            return dequantized(file["outputs"], {"quantization": file["quantization"]})
