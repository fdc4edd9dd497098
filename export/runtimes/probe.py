"""The child process that runs a `.tflite` file once and times it: `python -m export.probe FILE`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from export.runtimes.litert import load, measure_latency, raw_outputs, zeros

if __name__ == "__main__":
    interpreter = load(Path(sys.argv[1]))
    raw_outputs(interpreter, zeros(interpreter))  # an output that nothing fills has no data
    print(json.dumps(asdict(measure_latency({"file": interpreter})["file"])))
