"""From outputs of a file to boxes and centers: infer.py, C++ and the task's own decoding."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import zoo
from export.device.ends import Ends, Leaf
from export.device.maps import maps_of
from tests.export.device.programs import compiled, imported, numbers, ran
from tests.export.device.samples import (
    SHAPE,
    THRESHOLDS,
    boxes,
    expected,
    joined,
    leaves,
    outputs_of,
    points,
)
from zoo.data.letterbox import Letterbox
from zoo.tasks.boxes.decoding import peaks

GXX = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")

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
