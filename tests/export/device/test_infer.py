"""infer.cc of masks, boxes and centers, compiled against a stand-in for LiteRT, on pictures."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.device.ends import Ends
from export.device.ship import shipped
from tests.export.device.programs import imported, numbers, picture
from tests.export.device.samples import boxes, masks, outputs_of, points

STAND_IN = (Path(__file__).parent / "litert.h").read_text()
HEADERS = ("compiled_model", "environment", "expected", "macros")  # that infer.cc includes
SIZE = 150, 233
STRICT = ("-std=c++17", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter")
# reads a picture's height and width and its pixels; prints what infer.cc finds
MAIN = """
#include "infer.cc"
#include <cstdio>
int main(int, char** given) {
  static unsigned char pixels[HEIGHT * WIDTH * model_io::kChannels];
  if (std::fread(pixels, 1, sizeof(pixels), stdin) != sizeof(pixels)) return 1;
  FOUND
  return 0;
}
"""
OF_BOXES = """
  static model_io::Boxes found;
  if (!Infer(given[1], pixels, HEIGHT, WIDTH, &found)) return 2;
  for (int i = 0; i < found.count; ++i) {
    const model_io::Box& box = found.at[i];
    std::printf("%d %.6f %.4f %.4f %.4f %.4f\\n", box.label, static_cast<double>(box.score),
                static_cast<double>(box.x1), static_cast<double>(box.y1),
                static_cast<double>(box.x2), static_cast<double>(box.y2));
  }
"""
OF_MASKS = """
  static unsigned char mask[HEIGHT * WIDTH];
  if (!Infer(given[1], pixels, HEIGHT, WIDTH, mask)) return 2;
  std::fwrite(mask, 1, sizeof(mask), stdout);
"""


def program(folder: Path, ends: Ends, order: list[int], found: str) -> str:
    """Compile infer.cc for a file whose signature lists its outputs in some order."""
    leaves = [ends.leaves[place] for place in order]
    names = ", ".join(f'"{leaf.name}"' for leaf in leaves)
    sizes = ", ".join(str(np.prod(leaf.own)) for leaf in leaves)
    (folder / "litert" / "cc").mkdir(parents=True)
    for name in HEADERS:
        text = STAND_IN.replace("SIZES}", f"{sizes}}}").replace("NAMES}", f"{names}}}")
        (folder / "litert" / "cc" / f"litert_{name}.h").write_text(text)
    for name in ("infer.cc", "model_io.h"):
        (folder / name).write_text(shipped(ends)[name])
    main = MAIN.replace("FOUND", found)
    main = main.replace("HEIGHT", str(SIZE[0])).replace("WIDTH", str(SIZE[1]))
    (folder / "main.cc").write_text(main)
    made = str(folder / "main")
    command = ["g++", *STRICT, f"-I{folder}", str(folder / "main.cc"), "-o", made]
    subprocess.run(command, check=True)
    return made


@pytest.mark.parametrize("ends", [boxes(), points(), masks()], ids=["boxes", "points", "mask"])
def test_from_a_picture_to_what_is_in_it(ends: Ends, tmp_path: Path) -> None:
    """The pixels that the file is fed, and what is made of its outputs, are those of infer.py."""
    rng, pixels = np.random.default_rng(3), picture(*SIZE)
    values = outputs_of(ends, 2)
    if ends.device != "boxes":
        values = [rng.integers(-60, 6, leaf.own).astype(np.int8) for leaf in ends.leaves]
    order = [int(place) for place in rng.permutation(len(values))]
    made = program(tmp_path, ends, order, OF_MASKS if ends.device == "mask" else OF_BOXES)
    given = b"".join([pixels.tobytes(), *(values[place].tobytes() for place in order)])
    ended = subprocess.run([made, "model.tflite"], check=True, capture_output=True, input=given)
    module = imported(tmp_path, ends)
    Image.fromarray(pixels).save(tmp_path / "p.png")
    row = ends.scaling.quantize(module["row_of"](str(tmp_path / "p.png"))[0])
    fed = np.frombuffer(ended.stderr, np.int8).reshape(row.shape)
    assert np.abs(fed.astype(int) - row).max() <= 1
    pairs = zip(ends.leaves, values, strict=True)
    reals = {one.name: (v.astype(np.float32) - one.zero_point) * one.scale for one, v in pairs}
    if ends.device == "mask":
        mask = np.frombuffer(ended.stdout, np.uint8).reshape(SIZE)
        assert np.array_equal(mask, module["resized"](module["decode"](reals), *SIZE))
        assert len(np.unique(mask)) == len(ends.labels)
    else:
        wanted = module["of_picture"](module["decode"](reals), *SIZE)
        found = np.array(numbers(ended.stdout))
        assert 3 < len(wanted) < 60
        assert found.shape == wanted.shape
        assert np.abs(np.sort(found, axis=0) - np.sort(wanted, axis=0)).max() < 1e-2
    failed = subprocess.run([made, ""], check=False, capture_output=True, input=given)
    assert failed.returncode == 2
