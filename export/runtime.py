"""LiteRT itself: running a `.tflite` file on rows, and timing it."""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter


@dataclass(frozen=True)
class Scaling:
    """The host's half of the input: `q = clip(round(x / scale + zero_point), -128, 127)`.

    Both have shape (1,), or (features,) where the host scales each feature by itself.
    """

    scale: tuple[float, ...]
    zero_point: tuple[float, ...]

    def quantize(self, x: np.ndarray) -> np.ndarray:
        """Return rows as the int8 values that the file takes."""
        steps = x / np.asarray(self.scale) + np.asarray(self.zero_point)
        quantized: np.ndarray = np.clip(np.rint(steps), -128, 127).astype(np.int8)
        return quantized


def load(path: Path, threads: int = 1) -> Any:
    """Return an interpreter with its tensors allocated. Audit the file first."""
    interpreter = Interpreter(model_path=str(path), num_threads=threads)
    interpreter.allocate_tensors()
    return interpreter


def file_scaling(interpreter: Any) -> Scaling:
    """Return the scale and zero point that the file gives its int8 input."""
    scale, zero_point = interpreter.get_input_details()[0]["quantization"]
    return Scaling((float(scale),), (float(zero_point),))


def predict(interpreter: Any, x: np.ndarray, scaling: Scaling | None = None) -> np.ndarray:
    """Run rows one by one; int8 rows in through `scaling`, real numbers out, (rows, outputs)."""
    inputs, outputs = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    rows = x.astype(inputs["dtype"]) if scaling is None else scaling.quantize(x)
    results = np.empty((len(rows), *outputs["shape"][1:]), outputs["dtype"])
    for i in range(len(rows)):
        interpreter.set_tensor(inputs["index"], rows[i : i + 1])
        interpreter.invoke()
        results[i] = interpreter.get_tensor(outputs["index"])[0]
    if np.issubdtype(outputs["dtype"], np.integer):
        scale, zero_point = outputs["quantization"]
        results = ((results.astype(np.float32) - zero_point) * scale).astype(np.float32)
    return results


@dataclass(frozen=True)
class Latency:
    """Microseconds for one inference on one thread."""

    median: float
    minimum: float


def measure_latency(interpreters: dict[str, Any], rounds: int = 30) -> dict[str, Latency]:
    """Time inference of several models in turn, so that noise meets all of them alike."""
    batch = {name: _calls_per_round(interpreter) for name, interpreter in interpreters.items()}
    times: dict[str, list[float]] = {name: [] for name in interpreters}
    for _ in range(rounds):
        for name, interpreter in interpreters.items():
            times[name].append(_seconds(interpreter, batch[name]) / batch[name] * 1e6)
    return {
        name: Latency(round(statistics.median(values), 2), round(min(values), 2))
        for name, values in times.items()
    }


def _calls_per_round(interpreter: Any) -> int:
    """Return how many calls take about five milliseconds; warms up on the way."""
    return max(1, int(0.005 / max(_seconds(interpreter, 3) / 3, 1e-6)))


def _seconds(interpreter: Any, calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        interpreter.invoke()
    return time.perf_counter() - started
