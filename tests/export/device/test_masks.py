"""From outputs of a file to masks: infer.py, C++ and the task's own decoding."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.device.ends import Leaf
from tests.export.device.programs import compiled, imported, ran
from tests.export.device.samples import SHAPE, masks

GXX = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")

# reads a picture's height and width and the logits; writes the mask at the picture's size
MASK = """
static std::int8_t logits[model_io::kInputs];
static unsigned char mask[model_io::kHeight * model_io::kWidth];
int main() {
  int size[2];
  if (std::fread(size, sizeof(size), 1, stdin) != 1) return 1;
  if (std::fread(logits, 1, sizeof(logits), stdin) == 0) return 1;
  const model_io::Place place = model_io::PlaceOf(size[0], size[1]);
  model_io::Decode(logits, mask);
  for (int i = 0; i < size[0] * size[1]; ++i) {
    std::putchar(model_io::ClassAt(mask, place, i / size[1], i % size[1]));
  }
}
"""


@GXX
def test_masks_are_equal(tmp_path: Path) -> None:
    ends = masks()
    program, module = compiled(tmp_path, ends, MASK), imported(tmp_path, ends)
    logits = np.random.default_rng(0).integers(-5, 5, SHAPE).astype(np.int8)  # many are equal
    mask = module["decode"]({"output": (logits - np.float32(3)) * np.float32(0.1)})
    assert np.array_equal(mask, logits.argmax(axis=-1))
    for size in ((64, 48), (256, 144), (151, 233), (21, 31)):
        whole = module["resized"](mask, *size)
        given = np.array(size, np.int32).tobytes() + logits.tobytes()
        of_cpp = np.frombuffer(ran(program, given), np.uint8).reshape(size)
        assert np.array_equal(of_cpp, whole)
        if size[1] % 2 == 0:  # no middle of a pixel lies on an edge, where Pillow rounds
            nearest = Image.fromarray(mask).resize(size[::-1], Image.Resampling.NEAREST)
            assert np.array_equal(nearest, whole)


@GXX
@pytest.mark.parametrize("activation", ["sigmoid", "linear"])
def test_one_value_says_the_second_of_two_classes(tmp_path: Path, activation: str) -> None:
    """A logit above 0, or a probability above a half."""
    leaf = Leaf("output", (0, 0, 0), (64, 48, 1), (64, 48, 1), 1 / 200, 3)
    ends = masks(outputs=1, leaves=(leaf,), activation=activation, labels=("no", "yes"))
    values = np.random.default_rng(0).integers(-128, 128, leaf.own).astype(np.int8)
    real = (values.astype(np.float32) - 3) * np.float32(1 / 200)
    wanted = real[..., 0] > (0 if activation == "sigmoid" else 0.5)
    assert 0 < wanted.mean() < 1
    assert np.array_equal(imported(tmp_path, ends)["decode"]({"output": real}), wanted)
    given = np.array([64, 48], np.int32).tobytes() + values.tobytes()
    program = compiled(tmp_path, ends, MASK.replace("kInputs", "kHeight * model_io::kWidth"))
    of_cpp = np.frombuffer(ran(program, given), np.uint8).reshape(64, 48)
    assert np.array_equal(of_cpp, wanted)
