"""A `.tflite` file run in a process of its own, where a crash or a hang is a message."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from export.child import ChildError, run_python
from export.runtimes.litert import dequantized
from export.tflite.joined import Output, read_outputs
from zoo.checks import UserError

CHILD = Path(__file__).with_name("litert_child.py")


def predict_apart(
    path: Path, rows: np.ndarray, timeout: float, output: Output | None = None
) -> np.ndarray:
    """Run rows through a file, real numbers out, (rows, ...). Audit the file first.

    Args:
        path: the file.
        rows: quantized for an int8 file, (rows, *input shape).
        timeout: seconds for all rows together.
        output: of the file's output; None for the file's own.

    Raises:
        UserError: the file ends its process, or takes longer.
    """
    with tempfile.TemporaryDirectory(prefix="pocketzoo-") as name:
        try:
            found = _run(Path(name), [path], {path.stem: [rows]}, timeout)[path.stem]
        except ChildError as error:
            raise UserError(
                f"LiteRT could not run {path}: the process {error} Export the run again."
            ) from error
    if output is None:
        return dequantized(*found[0])
    return read_outputs(output, [values for values, _ in found])


def try_apart(
    files: Mapping[str, bytes], rows: Mapping[str, Sequence[np.ndarray]], timeout: float
) -> dict[str, list[np.ndarray]]:
    """Run files that are not written yet: on rows for each input, by their name, or once on zeros.

    Returns:
        The outputs of each as real numbers, by name.

    Raises:
        ChildError: a file ends the process, or takes longer.
    """
    with tempfile.TemporaryDirectory(prefix="pocketzoo-") as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        stems = {Path(file).stem: file for file in files}
        given = {Path(file).stem: values for file, values in rows.items()}
        found = _run(folder, [folder / file for file in files], given, timeout)
        return {
            stems[stem]: [dequantized(*one) for one in outputs] for stem, outputs in found.items()
        }


def _run(
    folder: Path, models: list[Path], rows: Mapping[str, Sequence[np.ndarray]], timeout: float
) -> dict[str, list[tuple[np.ndarray, dict[str, np.ndarray]]]]:
    """Return the outputs of each model as they come, with their details, by the model's stem."""
    for stem, values in rows.items():
        np.savez(folder / f"{stem}.in.npz", *values)
    run_python([str(CHILD), str(folder), *(str(one.resolve()) for one in models)], timeout)
    outputs = {}
    for model in models:
        with np.load(folder / f"{model.stem}.out.npz") as file:
            found = [file[name] for name in file]
        half = len(found) // 2
        pairs = zip(found[:half], found[half:], strict=True)
        outputs[model.stem] = [(one, {"quantization": by}) for one, by in pairs]
    return outputs
