"""From a picture to masks or boxes: infer.py, C++ and the task's own decoding."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo
from export.device.ends import Ends, Leaf
from export.device.maps import maps_of
from export.device.ship import shipped
from export.tflite.scaling import Scaling
from tests.export.device.programs import compiled, imported, numbers, picture, ran
from zoo.data.letterbox import PADDING, Letterbox
from zoo.tasks.boxes.decoding import find, peaks

SHAPE, LABELS = (64, 48, 3), ("cat", "dog", 'a "b"')
PIXELS = Scaling((1.0,), (-128.0,))  # an int8 file takes v - 128
READ = {"boxes": "boxes", "mask": "masks"}  # kinds of a schema
THRESHOLDS = (0.2, 0.35, 0.5)
GXX = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


def leaves(shape: tuple[int, ...] = SHAPE, strides: tuple[int, ...] = (8, 16)) -> list[Leaf]:
    """Return the outputs of a detector, each with a scale of its own."""
    found, first = [], 0
    kinds = (("box", 0, 4, 0.011, 5), ("objectness", 4, 1, 0.07, 20), ("class", 5, 3, 0.09, -11))
    for stride in strides:
        rows, columns = -(-shape[0] // stride), -(-shape[1] // stride)
        for name, at, n, scale, zero_point in kinds:
            cells, own = (rows * columns, n), (rows, columns, n)
            scale *= 1 + stride / 64
            found.append(Leaf(f"{name}_{stride}", (first, at), cells, own, scale, zero_point))
        first += rows * columns
    return found


def boxes(**changes: object) -> Ends:
    output = Scaling((0.07,), (20.0,))
    made = Ends(
        "m.tflite", SHAPE, PIXELS, output, 8, LABELS, "sigmoid", "boxes",
        leaves=tuple(leaves()), thresholds=THRESHOLDS,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def masks(**changes: object) -> Ends:
    leaf = Leaf("output", (0, 0, 0), SHAPE, SHAPE, 0.1, 3)
    output = Scaling((0.1,), (3.0,))
    made = Ends("m.tflite", SHAPE, PIXELS, output, 3, LABELS, "softmax", "mask", leaves=(leaf,))
    return replace(made, **changes)  # type: ignore[arg-type]


def points(**changes: object) -> Ends:
    leaf = Leaf("output", (0, 0), (48, 3), (8, 6, 3), 0.05, 3)
    output = Scaling((0.05,), (3.0,))
    made = Ends(
        "m.tflite", SHAPE, PIXELS, output, 3, LABELS, "sigmoid", "points",
        leaves=(leaf,), thresholds=THRESHOLDS,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def outputs_of(ends: Ends, seed: int) -> list[np.ndarray]:
    """Return int8 outputs: mostly no object, some of them beside each other."""
    rng = np.random.default_rng(seed)
    values = [rng.integers(-60, 60, leaf.own).astype(np.int8) for leaf in ends.leaves]
    for value in values[1::3]:
        value[rng.random(value.shape) < 0.6] = -100
    return values


def joined(ends: Ends, values: list[np.ndarray]) -> np.ndarray:
    """Return the one array of the model, of real numbers."""
    whole = np.zeros((60, 8), np.float32)
    for leaf, value in zip(ends.leaves, values, strict=True):
        (cell, column), (cells, columns) = leaf.at, leaf.shape
        real = (value.reshape(leaf.shape).astype(np.float32) - leaf.zero_point) * leaf.scale
        whole[cell : cell + cells, column : column + columns] = real
    return whole


def expected(ends: Ends, whole: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return class, score and corners in the picture, as the task and the letterbox have them."""
    found = find(whole[None], SHAPE).above(np.array(ends.thresholds))
    there = found.there[0]
    corners = Letterbox.of(size, SHAPE[:2]).back(found.boxes[0][there])
    return np.column_stack([found.classes[0][there], found.scores[0][there], corners])


# reads the height and width of a picture and the outputs; prints class, score and corners
DECODE = """
static model_io::Boxes found;
static std::int8_t values[8192];
int main() {
  int size[2], sizes[] = {SIZES};
  if (std::fread(size, sizeof(size), 1, stdin) != 1) return 1;
  const std::int8_t* outputs[model_io::kOutputs];
  std::int8_t* at = values;
  for (int i = 0; i < model_io::kOutputs; at += sizes[i++]) {
    if (std::fread(at, 1, static_cast<std::size_t>(sizes[i]), stdin) == 0) return 1;
    outputs[i] = at;
  }
  model_io::Decode(outputs, model_io::PlaceOf(size[0], size[1]), &found);
  for (int i = 0; i < found.count; ++i) {
    const model_io::Box& box = found.at[i];
    std::printf("%d %.6f %.4f %.4f %.4f %.4f\\n", box.label, static_cast<double>(box.score),
                static_cast<double>(box.x1), static_cast<double>(box.y1),
                static_cast<double>(box.x2), static_cast<double>(box.y2));
  }
}
"""


def decoder(folder: Path, ends: Ends, *options: str) -> str:
    sizes = ", ".join(str(np.prod(leaf.own)) for leaf in ends.leaves)
    return compiled(folder, ends, DECODE.replace("SIZES", sizes), *options)


@GXX
def test_boxes_are_those_of_the_task(tmp_path: Path) -> None:
    """Same boxes in the same order by three decoders, within a hundredth of a pixel."""
    ends, size = boxes(), (150, 233)
    program, module = decoder(tmp_path, ends), imported(tmp_path, ends)
    for seed in range(5):
        values = outputs_of(ends, seed)
        wanted = expected(ends, joined(ends, values), size)
        assert 5 < len(wanted) < 60
        pairs = zip(ends.leaves, values, strict=True)
        reals = {one.name: (v.astype(np.float32) - one.zero_point) * one.scale for one, v in pairs}
        of_python = module["of_picture"](module["decode"](reals), *size)
        given = [np.array(size, np.int32).tobytes(), *(value.tobytes() for value in values)]
        of_cpp = np.array(numbers(ran(program, *given)))
        for found in (of_python, of_cpp):
            assert np.array_equal(found[:, 0], wanted[:, 0])
            assert np.abs(found[:, 1] - wanted[:, 1]).max() < 1e-4
            assert np.abs(found[:, 2:] - wanted[:, 2:]).max() < 1e-2


@GXX
def test_points_are_those_of_the_task(tmp_path: Path) -> None:
    """Cells that no neighbor outdoes; of equal neighbors, which int8 has many of, each is told."""
    ends, size = points(), (150, 233)
    program, module = decoder(tmp_path, ends), imported(tmp_path, ends)
    for seed in range(3):
        value = np.random.default_rng(seed).integers(-60, 6, (8, 6, 3)).astype(np.int8)
        real = (value.astype(np.float32) - 3) * np.float32(0.05)
        found = peaks(real.reshape(1, 48, 3), SHAPE).above(np.array(THRESHOLDS))
        there = found.there[0]
        corners = Letterbox.of(size, SHAPE[:2]).back(found.boxes[0][there])
        wanted = np.column_stack([found.classes[0][there], found.scores[0][there], corners])
        assert 3 < len(wanted) < 40
        of_python = module["of_picture"](module["decode"]({"output": real}), *size)
        given = [np.array(size, np.int32).tobytes(), value.tobytes()]
        for said in (of_python, np.array(numbers(ran(program, *given)))):
            assert said.shape == wanted.shape
            assert np.abs(ordered(said) - ordered(wanted)).max() < 1e-2


def ordered(found: np.ndarray) -> np.ndarray:
    """Return boxes by class and place: the order of equal scores is no one's."""
    return found[np.lexsort(found[:, [2, 3, 0]].T)]


@GXX
def test_one_array_of_boxes_is_read_as_well(tmp_path: Path) -> None:
    """A model that joins its maps by itself has one output with one scale."""
    whole = Leaf("output", (0, 0), (60, 8), (60, 8), 0.05, 4)
    ends, split = boxes(leaves=(whole,)), boxes()
    value = np.random.default_rng(0).integers(-90, 60, (60, 8)).astype(np.int8)
    wanted = expected(ends, joined(ends, [value]), (64, 48))
    assert len(wanted) > 5
    found = ran(decoder(tmp_path, ends), np.array([64, 48], np.int32).tobytes(), value.tobytes())
    assert np.abs(np.array(numbers(found)) - wanted).max() < 1e-2
    real = (value.astype(np.float32) - 4) * np.float32(0.05)
    for one in (ends, split):  # so does the float file of the other
        found = imported(tmp_path, one)["decode"]({"output": real})
        assert np.abs(found - wanted).max() < 1e-2


def test_outputs_that_tear_a_box_apart_are_refused() -> None:
    torn = [replace(one, shape=(one.shape[0], 2)) for one in leaves()]
    with pytest.raises(zoo.UserError, match=r"No output of m.tflite holds values 0 to 3 of cells"):
        maps_of(boxes(leaves=tuple(torn)))


@GXX
def test_too_many_candidates_leave_the_best(tmp_path: Path) -> None:
    """Fixed memory: with room for five boxes, the surest five are compared."""
    ends = boxes(thresholds=(0.01, 0.01, 0.01))
    values = outputs_of(ends, 1)
    program = decoder(tmp_path, ends, "-DPOCKETZOO_MOST_CANDIDATES=5")
    given = [np.array(SHAPE[:2], np.int32).tobytes(), *(value.tobytes() for value in values)]
    found = numbers(ran(program, *given))
    scores = [line[1] for line in found]
    assert 1 <= len(found) <= 5
    assert scores == sorted(scores, reverse=True)
    wanted = expected(ends, joined(ends, values), SHAPE[:2])
    assert found[0] == pytest.approx(wanted[0], abs=1e-2)


def test_no_cell_is_passed_over_that_could_be_an_object() -> None:
    """The integer that a cell is compared with is the least that reaches its threshold, or less."""
    ends = boxes()
    for one in maps_of(ends):
        _, objectness, classes = one.parts
        for part, t in ((objectness, min(THRESHOLDS)), (classes, 0.5)):
            least = part.least(t, ends.output)
            steps = np.arange(-128, 128)
            shares = 1 / (1 + np.exp(-(steps - part.leaf.zero_point) * part.leaf.scale))
            assert steps[shares > t].min() - least in (0, 1, 2)
    high = replace(objectness, leaf=replace(objectness.leaf, zero_point=127))
    assert high.least(0.9, ends.output) == 127
    assert high.least(0.0, ends.output) >= -128


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
