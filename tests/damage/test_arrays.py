"""Damaged arrays, and rows to answer."""

import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

import zoo
from tests.damage.content import text


def npy(header: str, content: bytes = b"") -> bytes:
    line = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(line)) + line + content


def shaped(shape: str, kind: str = "<f8") -> bytes:
    return npy(f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}", bytes(64))


def saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


GOOD_NPY = saved(np.random.default_rng(0).normal(size=(40, 4)))
NPY = {
    "empty": (b"", "cannot be read|is not a NumPy array"),
    "cut": (GOOD_NPY[:-100], "cannot be read"),
    "no header": (GOOD_NPY[20:], "is damaged or not a NumPy file|is not a NumPy array"),
    "a table": (text(), "is damaged or not a NumPy file|is not a NumPy array"),
    "huge": (shaped("(1000000000000, 4)"), "cannot be read"),
    "beyond numbers": (shaped("(9999999999999999999, 4)"), "cannot be read"),
    "negative": (shaped("(-4, 4)"), "cannot be read|same number of rows"),
    "nested": (npy("(" * 5000), "cannot be read"),
    "a call": (npy("__import__('os').getpid()"), "cannot be read"),
    "a pickle": (pickle.dumps({"a": 1}), "is damaged or not a NumPy file|is not a NumPy array"),
    "objects": (saved(np.array([{}, 1])), "holds object arrays, which are never unpickled"),
    "texts": (saved(np.array(["a", "b"] * 20)), "x_test has type float64, x_train <U1"),
    "complex": (saved(np.ones((40, 4), complex)), "has type complex128; expected numbers"),
    "records": (saved(np.ones(40, [("a", "f4")])), "expected numbers"),
    "one number": (saved(np.array(5.0)), "has shape .*; expected"),
    "five axes": (saved(np.ones((40, 1, 1, 1, 1))), "has shape .*; expected"),
    "nan": (saved(np.full((40, 4), np.nan)), "160 values that are NaN, infinite or over"),
    "no rows": (saved(np.ones((0, 4))), "same number of rows, at least 1|cannot be read"),
}


@pytest.mark.parametrize("packed", [False, True], ids=["npy", "npz"])
@pytest.mark.parametrize("case", NPY)
def test_damaged_arrays(tmp_path: Path, case: str, packed: bool) -> None:
    content, message = NPY[case]
    files = {"x_train": content, "x_test": GOOD_NPY}
    files |= {"y_train": saved(np.arange(40) % 2), "y_test": saved(np.arange(40) % 2)}
    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
        for name, one in files.items():
            archive.writestr(f"{name}.npy", one)
            (tmp_path / f"{name}.npy").write_bytes(one)
    with pytest.raises(zoo.UserError, match=message):
        zoo.load_data(tmp_path / "set.npz" if packed else tmp_path)


def test_a_member_that_is_no_array(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
        for name in ("x_train", "y_train", "x_test", "y_test"):
            archive.writestr(name, "text")
    with pytest.raises(zoo.UserError, match="x_train is not a NumPy array"):
        zoo.load_data(tmp_path / "set.npz")


def test_an_archive_that_fills_the_memory(tmp_path: Path) -> None:
    """Its zip directory says 2**40 bytes; a file of a few."""
    with zipfile.ZipFile(tmp_path / "set.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("x_train", "y_train", "x_test", "y_test"):
            archive.writestr(f"{name}.npy", GOOD_NPY)
        archive.getinfo("x_train.npy").file_size = 2**40
    for read in (zoo.load_data, lambda path: zoo.read_rows(path, {"kind": "arrays"})):
        with pytest.raises(zoo.UserError, match="would take .* GB of memory. Save each array with"):
            read(tmp_path / "set.npz")


def test_rows_that_cannot_be_read(tmp_path: Path) -> None:
    schema = {"kind": "arrays", "shape": [4]}
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    np.save(tmp_path / "five.npy", np.ones((3, 5)))
    np.save(tmp_path / "nan.npy", np.full((3, 4), np.nan))
    (tmp_path / "five.npy").rename(tmp_path / "five.npz")
    np.save(tmp_path / "five.npy", np.ones((3, 5)))
    (tmp_path / "text.npz").write_bytes(b"hello")
    for name, message in {
        "none.npy": "does not exist",
        "other.npz": "must hold rows as x, or x_train",
        "five.npy": r"holds rows of shape \(5,\), float64; the model takes numbers of shape \(4,\)",
        "five.npz": "is damaged or not an .npz file",
        "nan.npy": "holds rows with NaN or infinite values",
        "text.npz": "is damaged or not an .npz file",
    }.items():
        with pytest.raises(zoo.UserError, match=message):
            zoo.read_rows(tmp_path / name, schema)
    with pytest.raises(zoo.UserError, match="does not record how rows are read"):
        zoo.read_rows(tmp_path / "five.npy", {})
    with pytest.raises(zoo.UserError, match="holds no images"):
        zoo.read_rows(tmp_path / "five.npy", {"kind": "pictures", "image_size": [8, 8]})
