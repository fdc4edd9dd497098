"""Write `golden.npz`, the logits of one tiny instance per family.

python -m tests.helpers.make_golden
"""

from pathlib import Path

import keras
import numpy as np

from tests.helpers.instances import TINY, filled, rows

if __name__ == "__main__":
    logits = {name: filled(name)(rows(name, 4), training=False) for name in TINY}
    golden = {name: keras.ops.convert_to_numpy(one) for name, one in logits.items()}
    np.savez_compressed(Path(__file__).with_name("golden.npz"), **golden)
