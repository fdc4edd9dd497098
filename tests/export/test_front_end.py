"""Front ends of a device: C++ beside the Python of the run folder."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import export
import zoo
from export.device.front_end import comment, header, of_sound, row_of
from export.device.ship import shipped
from export.runtimes.litert import load, predict
from tests.export import test_ship
from tests.helpers import instances
from tests.helpers.instances import fill_weights
from zoo.data.audio import spectra
from zoo.data.cells import read_lines
from zoo.run import front_end_files

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
SOUND = r"""
#include "front_end.h"
#include <cstdio>
#include <vector>
int main() {
  std::vector<std::int16_t> samples(front_end::kSamples);
  std::fread(samples.data(), 2, samples.size(), stdin);
  std::vector<float> row(front_end::kFrames * front_end::kFeatures);
  front_end::Features(samples.data(), row.data());
  for (float value : row) std::printf("%.9g\n", value);
}
"""


def output(folder: Path, header: str, program: str, given: bytes = b"", *options: str) -> list[str]:
    """Compile a program around a header, with warnings as errors; return the lines it prints."""
    (folder / "front_end.h").write_text(header)
    (folder / "main.cc").write_text(program)
    made = str(folder / "main")
    strict = ["-std=c++11", "-O1", "-Wall", "-Wextra", "-Werror", *options]
    subprocess.run(["g++", *strict, str(folder / "main.cc"), "-o", made], check=True)
    ended = subprocess.run([made], input=given, check=True, capture_output=True)
    return ended.stdout.decode().splitlines()


@pytest.mark.parametrize(
    ("front_end", "real", "within"),
    [
        (zoo.FrontEnd(16_000), "double", 1e-5),
        (zoo.FrontEnd(8_000, "mfcc", coefficients=13), "double", 1e-5),
        (zoo.FrontEnd(16_000, "mfcc", window_ms=25, mels=64, high_hz=4000), "float", 2e-3),
    ],
)
def test_a_sound_in_cpp_as_in_numpy(
    front_end: zoo.FrontEnd, real: str, within: float, tmp_path: Path
) -> None:
    count, rng = 11 * front_end.stride + front_end.window, np.random.default_rng(0)
    time = np.arange(count) / front_end.rate
    wave = 0.5 * np.sin(2 * np.pi * 440 * time) + 0.1 * rng.normal(size=count)
    samples = (32767 * wave.clip(-1, 1)).astype(np.int16)
    samples[: front_end.window] = 0  # silence: the floor alone
    expected = spectra(samples[None], front_end)[0]
    header = of_sound(front_end, len(expected))
    lines = output(tmp_path, header, SOUND, samples.tobytes(), f"-DFRONT_END_REAL={real}")
    found = np.array(lines, float).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, atol=within, rtol=0)


# a number with gaps, whole numbers, categories (one of numbers), a date with gaps, true and false
COLORS = ("red", '"köln ""x"""', "", "a?", "NA")


def trained(i: int) -> str:
    """Return a line of a table."""
    size = "" if i % 7 == 0 else f"{0.37 * i:.2f}"
    day = "" if i % 9 == 4 else f"2024-0{1 + i % 9}-1{i % 10} 12:0{i % 10}:00"
    old, level = ("true" if i % 3 else "false"), ("1", "2", "high")[i % 3]
    return ";".join([size, str(i * i % 91), COLORS[i % 5], day, old, level, str(1.5 * i)])


NEW = """\ufeffprice;old;day;size;code;color;level
;true;2023-12-31 00:00:00;3.25;7;red;2
;false;;;?;green;high
;;2025-02-28 23:59:59;-1e-3;;"köln ""x\""";?
;true;1969-07-20 20:17:00; 4 ;nan;;low
"""
LINE = r"""
#include "front_end.h"
int main() {
  const char* cells[][front_end::kCells] = {%s};
  float row[front_end::kFeatures];
  for (auto& line : cells) {
    if (!front_end::Encode(line, row)) return 1;
    for (float value : row) std::printf("%%.9g ", value);
    std::printf("\n");
  }
}
"""


@pytest.fixture
def table(tmp_path: Path) -> zoo.Data:
    lines = ["size;code;color;day;old;level;price", *map(trained, range(60))]
    (tmp_path / "flats.csv").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "new.csv").write_text(NEW, encoding="utf-8")
    return zoo.load_data(tmp_path / "flats.csv", reading=zoo.Reading(target="price"))


def test_a_line_of_a_table_in_python_and_cpp_as_in_training(
    table: zoo.Data, tmp_path: Path
) -> None:
    plans = [plan for plan in table.schema["columns"] if plan["kind"] != "left_out"]
    assert {plan["kind"] for plan in plans} == {"number", "boolean", "date", "category"}
    expected = zoo.read_rows(tmp_path / "new.csv", table.schema)
    assert expected.shape == (4, len(table.schema["features"]))
    alone: dict[str, Any] = {}
    exec(front_end_files(table)["front_end.py"], alone)
    np.testing.assert_array_equal(alone["rows"](tmp_path / "new.csv"), expected)
    known = zoo.read_rows(tmp_path / "flats.csv", table.schema)
    np.testing.assert_array_equal(alone["rows"](tmp_path / "flats.csv"), known)
    lines = read_lines(tmp_path / "new.csv") + read_lines(tmp_path / "flats.csv")
    cells = [[json.dumps(line[p["name"]], ensure_ascii=False) for p in plans] for line in lines]
    written = ", ".join(f"{{{', '.join(one)}}}" for one in cells)
    printed = output(tmp_path, header(table)["front_end.h"], LINE % written)
    found = np.array([line.split() for line in printed], np.float32)
    np.testing.assert_array_equal(found, np.concatenate([expected, known]))


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("size;code;color;day;old;level\n1;2;3;31st;true;1", "'day' must hold dates; got '31st'"),
        ("size;code;color;day;old\n1;2;3;;true", "no column 'level'. The columns needed: size, co"),
    ],
)
def test_a_line_that_cannot_be_a_row_is_named(
    cell: str, said: str, table: zoo.Data, tmp_path: Path
) -> None:
    (tmp_path / "odd.csv").write_text(cell)
    alone: dict[str, Any] = {}
    exec(front_end_files(table)["front_end.py"], alone)
    with pytest.raises(ValueError, match=re.escape(said)):
        alone["rows"](tmp_path / "odd.csv")


def test_infer_takes_a_csv_file_of_a_table(table: zoo.Data, tmp_path: Path) -> None:
    model = fill_weights(zoo.MLP(table.input_shape, 1, units=4, depth=1))
    made = export.to_litert(model, data=table, directory=tmp_path / "out")
    assert {"front_end.py", "front_end.h"} <= {*made.run.manifest()["files"]}
    rows = zoo.read_rows(tmp_path / "new.csv", table.schema)
    expected = predict(load(made.int8_file), rows, made.scaling)

    def inferred(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, str(tmp_path / "out" / "infer.py"), str(made.int8_file)]
        ended = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        return ended.returncode, ended.stdout or ended.stderr

    code, said = inferred("--csv", str(tmp_path / "new.csv"))
    assert code == 0, said
    found = [float(line.split("\t")[1]) for line in said.splitlines()]
    np.testing.assert_allclose(found, expected.ravel(), rtol=1e-5)
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    code, said = inferred(str(tmp_path / "photo.jpg"))
    assert (code, "Expected a .csv file with the columns size, code, color, day" in said) == (
        1,
        True,
    )
    (tmp_path / "bad.csv").write_text("size,code\n1,2")
    code, said = inferred(str(tmp_path / "bad.csv"))
    assert (code, "There is no column 'color'. The columns needed:" in said) == (1, True)


def test_how_a_row_is_made_stands_in_every_language() -> None:
    pictures = instances.data_of(np.zeros((8, 5, 4, 3), np.float32), np.arange(8) % 2)
    raw = replace(pictures, schema={"kind": "pictures"})
    size = "height 5, width 4, red, green, blue of a pixel side by side"
    assert row_of(raw).endswith(
        f"images: turned as EXIF says, resized to {size} (bilinear, aspect ratio ignored), 0 to 255"
    )
    assert row_of(pictures).endswith(f"{size}, values as in training")
    made = shipped(test_ship.ends(row=row_of(raw)))
    for name in ("infer.py", "infer.cc", "model_io.h", "Infer.kt"):
        assert size in " ".join(made[name].replace("\n//", "").split()), name
    assert comment("a\\\nb??/") == "a/ b? ?/"
    sounds = replace(pictures, front_end=zoo.FrontEnd(8000))
    assert "front_end.py makes of sounds at 8000 Hz" in row_of(sounds)
    texts = replace(pictures, x_train=np.zeros((8, 5), np.int32))
    assert "token ids that front_end.py makes of texts" in row_of(texts)
