"""Logits of every preset on this process' backend, for `test_parity.py`: python tests/logits.py DIR

The first to come saves the weights, the others load them.
"""

import sys
from pathlib import Path

import keras
import numpy as np

from tests.helpers.instances import NAMES, fill, rows, spec
from zoo.run import load_weights, save_weights

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    logits = {}
    for name in NAMES:
        weights = folder / f"{name}.h5"
        if weights.exists():
            model = spec(name).build()
            load_weights(model, weights)
        else:
            model = fill(name)
            save_weights(model, weights)
        output = model(rows(name), training=False)
        logits[name] = keras.ops.convert_to_numpy(output)
    np.savez(folder / f"{keras.backend.backend()}.npz", **logits)
