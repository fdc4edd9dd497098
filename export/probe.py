"""The child process that runs a `.tflite` file once and times it: `python -m export.probe FILE`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from export.runtime import load, measure_latency

if __name__ == "__main__":
    interpreters = {"file": load(Path(sys.argv[1]))}
    print(json.dumps(asdict(measure_latency(interpreters)["file"])))
