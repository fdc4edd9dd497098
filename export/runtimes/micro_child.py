"""The child process that runs a file in LiteRT-Micro: `python micro_child.py FOLDER`.

It imports neither Keras nor TensorFlow: seconds for a run that takes a tenth of one.
"""

import bisect
import os
import sys
from pathlib import Path

import numpy as np
from tflite_micro.python.tflite_micro import runtime

ROOM = 1 << 28  # bytes, more than a microcontroller has; what is not touched costs nothing
ALIGNMENT = 16  # bytes, of the arena and of what lies in it


def run(content: bytes, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Run the rows one by one and have the use of the arena printed."""
    count = len(runtime.convert_bytearray_to_object(content).subgraphs[0].outputs)
    interpreter = runtime.Interpreter.from_bytes(content, arena_size=ROOM)
    results = []
    for row in zip(*inputs, strict=True):
        interpreter.reset()  # else variable tensors would carry state to the next row
        for index, values in enumerate(row):
            interpreter.set_input(values[np.newaxis], index)
        interpreter.invoke()
        results.append([interpreter.get_output(index) for index in range(count)])
    interpreter.print_allocations()
    return [np.concatenate(arrays) for arrays in zip(*results, strict=True)]


def starts(content: bytes, size: int, rows: list[np.ndarray]) -> bool:
    """Try an arena size on a row of each input in a fork: a tight arena can end the process."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            interpreter = runtime.Interpreter.from_bytes(content, arena_size=size)
            for index, values in enumerate(rows):  # ids from nowhere would lead nowhere
                interpreter.set_input(values[np.newaxis], index)
            interpreter.invoke()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


if __name__ == "__main__":
    os.dup2(1, 2)  # the C++ logs to stderr, the parent reads stdout
    folder = Path(sys.argv[1])
    content = (folder / "model.tflite").read_bytes()
    with np.load(folder / "inputs.npz") as file:
        inputs = [file[key] for key in file.files]
    try:
        np.savez(folder / "outputs.npz", *run(content, inputs))
    except Exception as error:
        sys.exit(str(error))  # the log above it says more than a traceback
    first = [values[0] for values in inputs]
    sizes = range(0, ROOM, ALIGNMENT)
    print(sizes[bisect.bisect_left(sizes, True, key=lambda size: starts(content, size, first))])
