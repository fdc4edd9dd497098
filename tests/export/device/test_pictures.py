"""From pictures to the inputs of a file: infer.py, C++ and the readers; the files beside it."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo
from export.device.ends import Ends
from export.device.ship import shipped
from export.tflite.scaling import Scaling
from tests.export.device.programs import compiled, imported, picture, ran
from tests.export.device.samples import (
    SHAPE,
    boxes,
    leaves,
    masks,
    points,
)
from zoo.data.letterbox import PADDING, Letterbox

READ = {"boxes": "boxes", "mask": "masks"}  # kinds of a schema
GXX = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")

# reads a picture's height and width, then its pixels; writes the input of the file
FROM_PICTURE = """
static unsigned char pixels[1 << 20];
static std::int8_t input[model_io::kInputs];
int main() {
  int size[2];
  if (std::fread(size, sizeof(size), 1, stdin) != 1) return 1;
  if (std::fread(pixels, 1, sizeof(pixels), stdin) == 0) return 1;
  model_io::FromPicture(pixels, model_io::PlaceOf(size[0], size[1]), input);
  std::fwrite(input, 1, sizeof(input), stdout);
}
"""


@GXX
@pytest.mark.parametrize("ends", [boxes(), masks()], ids=["letterbox", "stretch"])
def test_pictures_are_resized_as_pillow_does(ends: Ends, tmp_path: Path) -> None:
    """Smaller, larger and long pictures: every pixel within one level, nearly all of them equal."""
    program, module = compiled(tmp_path, ends, FROM_PICTURE), imported(tmp_path, ends)
    for size in ((150, 233), (64, 48), (20, 31), (90, 400), (3, 200)):
        pixels = picture(*size)
        Image.fromarray(pixels).save(tmp_path / "p.png")
        row, *told = module["row_of"](str(tmp_path / "p.png"))
        assert tuple(told) == size
        given = np.array(size, np.int32).tobytes() + pixels.tobytes()
        of_cpp = np.frombuffer(ran(program, given), np.int8).reshape(SHAPE)
        away = np.abs(of_cpp - ends.scaling.quantize(row).astype(int))
        assert away.max() <= 1
        assert (away > 0).mean() < 0.01
        if ends.device == "boxes":
            fit = Letterbox.of(size, SHAPE[:2])
            left, top, width, height = module["place"](*size)
            assert (left, top, (height, width)) == (fit.left, fit.top, fit.inner)
            inner = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
            assert np.array_equal(row[top : top + height, left : left + width], np.asarray(inner))
            assert (row.sum() - np.asarray(inner, int).sum()) == PADDING * (
                row.size - np.asarray(inner).size
            )


def test_rows_are_those_of_the_readers(tmp_path: Path) -> None:
    """Turned by EXIF, a large JPEG, transparent, and of 16 bits: as `predict` reads them."""
    pixels = picture(700, 500)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=turned)
    clear = np.dstack([pixels[:90, :70], np.full((90, 70), 90, np.uint8)])
    Image.fromarray(clear).save(tmp_path / "clear.png")
    deep = picture(80, 60, 1).astype(np.uint16)[..., 0] * 250
    Image.fromarray(deep).save(tmp_path / "deep.tif")
    for ends in (boxes(), masks()):
        row_of = imported(tmp_path, ends)["row_of"]
        schema = {"kind": READ[ends.device], "image_size": SHAPE[:2], "color": "rgb"}
        rows = zoo.read_rows(tmp_path, schema)
        sizes = []
        for name, row in zip(("clear.png", "deep.tif", "turned.jpg"), rows, strict=True):
            found, *size = row_of(str(tmp_path / name))
            sizes.append(tuple(size))
            assert np.array_equal(found, row)
        assert sizes == [(90, 70), (80, 60), (500, 700)]


@pytest.mark.parametrize("ends", [boxes(), points(), masks()], ids=["boxes", "points", "mask"])
def test_snippets_speak_of_the_file(ends: Ends) -> None:
    found = shipped(ends)
    assert {*found} == {"labels.txt", "infer.py", "model_io.h", "infer.cc", "Infer.kt"}
    for name in ("infer.cc", "Infer.kt", "model_io.h"):
        assert "m.tflite" in found[name]
        assert not re.search(r"\$[a-z]", found[name])
    for leaf in ends.leaves:
        assert f'"{leaf.name}"' in found["infer.cc"]
        assert f'"{leaf.name}"' in found["Infer.kt"]
        assert f"{leaf.name} int8 [1, " in found["model_io.h"]
    assert r'"a \"b\""' in found["Infer.kt"]


def test_float_files_are_taken_as_they_are(tmp_path: Path) -> None:
    real = Scaling((1.0,), (0.0,), taken="float32")
    plain = tuple(replace(one, scale=1.0, zero_point=0) for one in leaves())
    found = shipped(boxes(scaling=real, output=real, leaves=plain))
    assert "const float* const* outputs" in found["model_io.h"]
    assert "private fun quantized(value: Float, i: Int) = value" in found["Infer.kt"]
    assert "np.rint" not in found["infer.py"]
    compiled(tmp_path, boxes(scaling=real, output=real, leaves=plain), "int main() {}")
