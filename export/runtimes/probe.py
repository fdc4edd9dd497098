"""The child process that runs a `.tflite` file once and times it: `python -m export.probe FILE`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from export.runtimes.litert import load, measure_latency

if __name__ == "__main__":
    interpreter = load(Path(sys.argv[1]))
    for details in interpreter.get_input_details():  # ids must be in their table
        interpreter.set_tensor(details["index"], np.zeros(details["shape"], details["dtype"]))
    interpreter.invoke()
    for details in interpreter.get_output_details():  # one that nothing fills has no data
        interpreter.get_tensor(details["index"])
    print(json.dumps(asdict(measure_latency({"file": interpreter})["file"])))
