"""A GRU's twin in one form, before and after the edit, and an edit that changes results.

`python -m tests.helpers.editing FOLDER one|both FORM` writes `before.tflite` and `after.tflite`,
and ends as a conversion does whose edit was wrong.
"""

import sys
from pathlib import Path

import numpy as np

import export.conversion.convert as child
import zoo
from tests.helpers.instances import fill_weights
from zoo.quantization import calibrate, make_twin


def main(folder: Path, ways: str, form: str) -> None:
    model = zoo.GRU((8, 6), 10, units=8, depth=2, bidirectional=ways == "both")
    twin, broken = (make_twin(fill_weights(model, seed)) for seed in (0, 1))
    x = np.random.default_rng(0).normal(size=(64, 8, 6)).astype(np.float32)
    calibrate(twin, x)
    calibrate(broken, x)
    edit = child.tidied
    contents: list[bytes] = []  # before each edit

    def keeping(content: bytes) -> bytes:
        contents.append(content)
        return edit(content)

    child.tidied = keeping
    after = child.twin_form(twin, form)
    (folder / "before.tflite").write_bytes(contents[0])
    (folder / "after.tflite").write_bytes(after)
    other = child.twin_form(broken, form)
    child.tidied = lambda _: other
    child.edited(contents[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
