"""LiteRT interpreters and ONNX Runtime sessions behind one `invoke`, so that they can be timed."""

from pathlib import Path
from typing import Any

import numpy as np

from export.runtimes.litert import load, measure_latency


class OrtRunner:
    """An ONNX Runtime session on one thread whose input and output stay in place."""

    def __init__(self, path: Path, *, profile: bool = False) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_profiling = profile
        options.profile_file_prefix = str(path.with_suffix(""))
        self.session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        (self.input,) = self.session.get_inputs()
        self.row = np.zeros(self.input.shape, np.float32)
        self.value = ort.OrtValue.ortvalue_from_numpy(self.row)
        self.binding = self.session.io_binding()
        self.binding.bind_ortvalue_input(self.input.name, self.value)
        self.binding.bind_output(self.session.get_outputs()[0].name, "cpu")

    def set(self, row: np.ndarray) -> None:
        self.value.update_inplace(np.ascontiguousarray(row, np.float32))

    def invoke(self) -> None:
        self.session.run_with_iobinding(self.binding)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Run rows one by one; (rows, outputs)."""
        found = []
        for row in rows:
            self.set(row[None])
            self.invoke()
            found.append(self.binding.copy_outputs_to_cpu()[0])
        return np.concatenate(found)


def runner(path: Path) -> Any:
    """Return what runs a `.tflite` or `.onnx` file, with random values for inputs."""
    rng = np.random.default_rng(0)
    if path.suffix == ".onnx":
        session = OrtRunner(path)
        session.set(np.asarray(rng.normal(size=session.row.shape)))
        return session
    interpreter = load(path)
    for details in interpreter.get_input_details():
        interpreter.set_tensor(details["index"], noise(rng, details))
    return interpreter


def noise(rng: np.random.Generator, details: Any) -> np.ndarray:
    """Return random values for an input: normal ones, or integers of 32 steps' deviation."""
    values = rng.normal(size=tuple(details["shape"]))
    kind = np.dtype(details["dtype"])
    if kind == np.int8:
        values = np.clip(np.rint(32 * values), -128, 127)
    return np.asarray(values if kind in (np.float32, np.int8) else 0 * values).astype(kind)


def least(runners: dict[str, Any], rounds: int = 300) -> dict[str, float]:
    """Return the least microseconds that one call of each takes, all of them in turn."""
    return {name: time.minimum for name, time in measure_latency(runners, rounds).items()}
