"""LiteRT itself: running a `.tflite` file on rows, and timing it."""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from export.tflite.joined import Joined, Output, read_outputs
from export.tflite.scaling import ENDS, TAKEN, Scaling
from zoo.quantization.layers.affine import Affine
from zoo.quantization.layers.joint import Joint

REAL = {name for name, one in ENDS.items() if one.real}
SLICE = 0.0005  # seconds
FEWEST_ROUNDS, LONGEST = 20, 5.0  # of a measurement; the latter in seconds


def load(path: Path, threads: int = 1) -> Any:
    """Return an interpreter with its tensors allocated. Audit the file first."""
    interpreter = Interpreter(model_path=str(path), num_threads=threads)
    interpreter.allocate_tensors()
    return interpreter


def load_content(content: bytes) -> Any:
    """Return an interpreter for a file that is not written yet."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def file_scaling(interpreter: Any) -> Scaling:
    """Return the scale and zero point that the file gives its input; 1 and 0 of ids."""
    return scaling_of(interpreter.get_input_details()[0])


def output_of(
    interpreter: Any, joint: Joint | None = None, given: Mapping[int, Affine] | None = None
) -> Output:
    """Return how the host reads what a file gives.

    Args:
        interpreter: of the file.
        joint: how it puts several outputs together.
        given: what it does with each output before, by place.
    """
    given = {} if given is None else given
    details = interpreter.get_output_details()
    scalings = [scaling_of(one).after(given.get(place)) for place, one in enumerate(details)]
    if joint is None or len(scalings) == 1:
        return scalings[0]
    return Joined(joint, tuple(scalings))


def scaling_of(details: Any) -> Scaling:
    """Return the scale and zero point of an input or output; 1 and 0 of ids and floats."""
    dtype = np.dtype(details["dtype"]).name
    if dtype in ENDS and dtype not in REAL:
        scale, zero_point = details["quantization"]
        return Scaling((float(scale),), (float(zero_point),), taken=dtype)
    return Scaling((1.0,), (0.0,), taken=dtype if dtype in REAL else TAKEN)


def predict(
    interpreter: Any,
    x: np.ndarray,
    scaling: Scaling | None = None,
    output: Output | None = None,
) -> np.ndarray:
    """Run rows one by one; real numbers out, (rows, ...).

    Int8 rows go in through `scaling` and come out through `output`, or the file's own.
    """
    inputs, details = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    rows = x.astype(inputs["dtype"]) if scaling is None else scaling.quantize(x)
    found = raw_outputs(interpreter, [rows])
    return dequantized(found[0], details) if output is None else read_outputs(output, found)


def dequantized(values: np.ndarray, details: Any) -> np.ndarray:
    """Return an output's values as real numbers."""
    if not np.issubdtype(values.dtype, np.integer):
        return values
    scale, zero_point = details["quantization"]
    return np.asarray((values.astype(np.float32) - zero_point) * scale, np.float32)


def raw_outputs(interpreter: Any, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Run rows one by one, for each input (rows, ...) of its type; every output as it comes."""
    places = [details["index"] for details in interpreter.get_input_details()]
    results: list[list[np.ndarray]] = [[] for _ in interpreter.get_output_details()]
    for i in range(len(inputs[0])):
        for place, rows in zip(places, inputs, strict=True):
            interpreter.set_tensor(place, rows[i : i + 1])
        interpreter.invoke()
        for found, details in zip(results, interpreter.get_output_details(), strict=True):
            found.append(interpreter.get_tensor(details["index"]))
    return [np.concatenate(found) for found in results]


def zeros(interpreter: Any) -> list[np.ndarray]:
    """Return one row of zeros for each input of a file: ids that are in any table."""
    return [np.zeros(one["shape"], one["dtype"]) for one in interpreter.get_input_details()]


def random_inputs(interpreter: Any, count: int, seed: int = 0, words: int = 1) -> list[np.ndarray]:
    """Return (count, *shape) of random values for each input of a file; of ids under `words`."""
    rng = np.random.default_rng(seed)
    found = []
    for details in interpreter.get_input_details():
        shape, dtype = (count, *details["shape"][1:]), np.dtype(details["dtype"])
        ends = ENDS.get(dtype.name)
        if ends is not None and ends.real:
            found.append(rng.normal(size=shape).astype(dtype))
            continue
        low, high = (0, max(words, 1)) if ends is None else (ends.low, ends.high + 1)
        found.append(rng.integers(low, high, shape).astype(dtype))
    return found


def row_inputs(interpreter: Any, rows: np.ndarray) -> list[np.ndarray]:
    """Return a file's inputs for rows as it takes them, in the file's order.

    For a step file these are all steps of the rows, (rows * steps, ...), each with the states that
    the steps before it left.
    """
    details = interpreter.get_input_details()
    if len(details) == 1:
        return [rows]
    named = interpreter.get_signature_runner("serving_default").get_input_details()
    name_of = {one["index"]: name for name, one in named.items()}
    names = [name_of[one["index"]] for one in details]
    fed = [inputs for sequence in rows for inputs, _ in steps(interpreter, sequence)]
    return [np.concatenate([inputs[name] for inputs in fed]) for name in names]


def steps(interpreter: Any, sequence: np.ndarray) -> Iterator[tuple[dict[str, Any], Any]]:
    """Feed one sequence, (steps, features), to a step file; yield inputs and output."""
    runner = interpreter.get_signature_runner("serving_default")
    details = runner.get_input_details()
    states = {n: np.zeros(one["shape"], one["dtype"]) for n, one in details.items() if n != "input"}
    for row in sequence:
        inputs = {"input": row[None], **states}
        result = runner(**inputs)
        states = {name: result[name] for name in states}
        yield inputs, result["output"]


def state_sizes(interpreter: Any) -> dict[str, int]:
    """Return how many values each state of a step file has, by name."""
    held = interpreter.get_signature_runner("serving_default").get_input_details()
    return {name: int(np.prod(held[name]["shape"])) for name in sorted(held) if name != "input"}


def state_type(interpreter: Any) -> str:
    """Return the type of a step file's states: all have one."""
    held = interpreter.get_signature_runner("serving_default").get_input_details()
    (found,) = {np.dtype(one["dtype"]).name for name, one in held.items() if name != "input"}
    return str(found)


def stream(interpreter: Any, rows: np.ndarray, output: Scaling | None = None) -> np.ndarray:
    """Feed sequences, (rows, steps, features), to a step file, state by state.

    Returns:
        The last step's output as real numbers, (rows, outputs): through `output`, or the file's.
    """
    details = interpreter.get_signature_runner("serving_default").get_output_details()["output"]
    last = np.concatenate([list(steps(interpreter, sequence))[-1][1] for sequence in rows])
    return dequantized(last, details) if output is None else output.dequantize(last)


@dataclass(frozen=True)
class Latency:
    """Microseconds for one inference on one thread."""

    median: float
    minimum: float


def measure_latency(interpreters: dict[str, Any], rounds: int = 300) -> dict[str, Latency]:
    """Time inference of several models in turn, so that noise meets all of them alike.

    On a machine that others use as well, a slice of half a millisecond is often undisturbed where
    a longer one never is. Anything with an `invoke()` can be timed.
    """
    batch = {name: _calls_per_slice(one) for name, one in interpreters.items()}
    times: dict[str, list[float]] = {name: [] for name in interpreters}
    started = time.perf_counter()
    for number in range(rounds):
        for name, one in interpreters.items():
            one.invoke()  # its data is in the caches again
            times[name].append(_seconds(one, batch[name]) / batch[name] * 1e6)
        taken = time.perf_counter() - started
        if taken > (LONGEST if number >= FEWEST_ROUNDS else 4 * LONGEST):
            break
    return {
        name: Latency(round(statistics.median(values), 2), round(min(values), 2))
        for name, values in times.items()
    }


def _calls_per_slice(interpreter: Any) -> int:
    """Return how many calls fill a slice; warms up on the way."""
    _seconds(interpreter, 3)
    return max(1, int(SLICE / max(min(_seconds(interpreter, 1) for _ in range(5)), 1e-7)))


def _seconds(interpreter: Any, calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        interpreter.invoke()
    return time.perf_counter() - started
