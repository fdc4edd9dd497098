"""Write `golden.npz`, the logits of one tiny instance per family: python -m tests.make_golden"""

from pathlib import Path

import numpy as np

from tests.instances import TINY, filled, rows

if __name__ == "__main__":
    golden = {name: np.asarray(filled(name)(rows(name, 4), training=False)) for name in TINY}
    np.savez_compressed(Path(__file__).with_name("golden.npz"), **golden)
