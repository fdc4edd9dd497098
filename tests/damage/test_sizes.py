"""Sizes that only a slip or a stranger asks for: refused before anything is built or read."""

import json
import socket
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import export
import zoo
from tests.helpers.mutating import put
from tuning import Recipe, train
from zoo.readers.frame import read_frame


@pytest.mark.parametrize(
    ("preset", "shape", "changed"),
    [
        ("mlp_tiny", (13,), {"units": 16384, "depth": 16384}),
        ("mlp_tiny", (13,), {"units": 1, "depth": 16384}),
        ("mlp_tiny", (2**24,), {"units": 16384}),
        ("vit_tiny", (32, 32, 3), {"width": 16384, "depth": 16384}),
        ("cnn_tiny", (32, 32, 3), {"filters": [16384] * 100}),
        ("cnn_tiny", (32, 32, 3), {"filters": [8] * 100_000}),
    ],
)
def test_a_model_that_no_machine_could_hold(
    preset: str, shape: tuple[int, ...], changed: dict[str, Any]
) -> None:
    started = time.monotonic()
    with pytest.raises(zoo.UserError, match="would be too large to build"):
        zoo.create_model(preset, shape, 3, **changed)
    assert time.monotonic() - started < 1


def test_every_preset_is_small_enough() -> None:
    for preset in zoo.list_models():
        shape, outputs = zoo.presets.catalogue.reference(preset)
        zoo.ModelSpec(preset, shape, outputs).check()


@pytest.mark.parametrize(
    "changed",
    [
        {"preset": "pretrained:hf://someone/model"},
        {"preset": "pretrained:kaggle://someone/model"},
        {"preset": "pretrained:mobilenet_v2", "overrides": {"backbone": "hf://someone/model"}},
        {"preset": "detect_tiny", "overrides": {"backbone": "pretrained:hf://someone/model"}},
    ],
)
def test_a_run_folder_never_downloads(
    wine: zoo.Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]
) -> None:
    run, _ = train("mlp_tiny", wine, directory=tmp_path / "run", recipe=Recipe(epochs=1))

    def fail(*_: object, **__: object) -> None:
        pytest.fail("it reached for a network")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, fail)
    held = json.loads((run.path / "model.json").read_text()) | {"input_shape": [96, 96, 3]}
    put(run.path, "model.json", json.dumps(held | changed))
    for call in (run.spec, run.load_model, lambda: export.to_litert(run)):
        with pytest.raises(zoo.UserError, match="without its architecture, which would have to be"):
            call()


def many_members(archive: zipfile.ZipFile) -> None:
    for number in range(2000):
        archive.writestr(f"assets/{number}", "")


def large_config(archive: zipfile.ZipFile) -> None:
    archive.writestr("config.json", b" " * (40 << 20), zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (many_members, "has 2000 members; a .keras file has a few"),
        (large_config, "config.json of 41943040 bytes; at most 33554432 are read"),
    ],
)
def test_a_keras_file_of_many_members_or_a_large_one(
    write: Callable[[zipfile.ZipFile], None], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        write(archive)
    started = time.monotonic()
    with pytest.raises(zoo.UserError, match=said):
        export.read_model(path)
    assert time.monotonic() - started < 1


def test_an_encrypted_keras_file(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    content[6] |= 1
    path.write_bytes(content)
    with pytest.raises(zoo.UserError, match="is encrypted. Unpack it"):
        export.read_model(path)


@pytest.mark.parametrize("columns", [200_000, 1_000_000])
def test_a_table_of_very_many_columns(columns: int, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    names = ",".join(f"a{number}" for number in range(columns))
    path.write_text(f"{names}\n" + ",".join(["1"] * columns) + "\n")
    started = time.monotonic()
    with pytest.raises(zoo.UserError, match="columns; a table may have 50,000"):
        read_frame(path)
    assert time.monotonic() - started < 2


def test_a_blank_name_beside_the_name_it_would_get(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",column 1,y\n1,2,a\n3,4,b\n")
    with pytest.raises(zoo.UserError, match="without a name has that of its place"):
        read_frame(path)
    path.write_text(",x,y\n1,2,a\n3,4,b\n")
    columns, _ = read_frame(path)
    assert np.array_equal(columns["column 1"].values, [1, 3])
