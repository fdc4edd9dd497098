"""A hundred damaged inputs: a clear message each; none crashes, hangs, or fills the memory."""

import io
import os
import pickle
import resource
import signal
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import soundfile
from PIL import Image, PngImagePlugin
from pyarrow import parquet

import zoo
from tests.made import rows_of_table, write_csv, write_pictures, write_sounds
from zoo.readers import frame

SECONDS, MEGABYTES = 30, 700  # most that a damaged input may take


@pytest.fixture(autouse=True)
def _bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End what hangs, and what takes much memory."""
    monkeypatch.setenv("POCKETZOO_CACHE", str(tmp_path / "cache"))

    def hangs(*_: object) -> None:
        raise AssertionError("it hangs")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    previous = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert taken < MEGABYTES * 1024


def text(*lines: str, rows: int = 40) -> bytes:
    """Return a good table, `a,b,price`, with lines put in after the tenth row."""
    good = [f"{number}.5,{'xyz'[number % 3]},{number * 0.25}" for number in range(rows)]
    return "\n".join(["a,b,price", *good[:10], *lines, *good[10:]]).encode() + b"\n"


def column(name: str, value: Callable[[int], object], target: bool = False) -> bytes:
    """Return a good table with one more column, or another target."""
    rows = [row | {name: value(number)} for number, row in enumerate(rows_of_table(40))]
    names = [one for one in rows[0] if not (target and one == "price")]
    return "\n".join(
        [",".join(names), *(",".join(str(r[n]) for n in names) for r in rows)]
    ).encode()


def parquet_of(**columns: Any) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


GOOD_PARQUET = parquet_of(a=list(range(40)), price=[0.5 * n * n for n in range(40)])
PNG = io.BytesIO()
Image.fromarray(np.zeros((8, 8), np.uint8)).save(PNG, "PNG")

TABLES: dict[str, tuple[str, bytes, dict[str, Any], str]] = {
    "empty": ("t.csv", b"", {}, "is empty. Expected a line of names"),
    "blank lines": ("t.csv", b"\n\n\n", {}, "cannot be read|no rows"),
    "names only": ("t.csv", b"a,b,price\n", {}, "holds no rows, only the names of 3 columns"),
    "short row": ("t.csv", text("1,x"), {}, "cannot be read: .*Expected 3 columns, got 2"),
    "long row": ("t.csv", text("1,x,2,3"), {}, "cannot be read: .*Expected 3 columns, got 4"),
    "same names": ("t.csv", b"a,a,price\n1,2,3\n", {}, "has several columns named 'a'"),
    "no names": ("t.csv", b"1,2,3\n4,5,6\n", {}, "first line of .* holds numbers, not names"),
    "one column": ("t.csv", b"price\n1\n2\n", {}, "has one column only, 'price': nothing to"),
    "no target": ("t.csv", text(), {"target": None}, "is to be predicted. Give --target NAME. It"),
    "typo": ("t.csv", text(), {"target": "prize"}, "There is no column 'prize' .--target.. Did"),
    "empty target": ("t.csv", b"a,price\n1,\n2,\n", {}, "'price' is empty in all rows"),
    "same target": ("t.csv", b"a,price\n1,5\n2,5\n", {}, "'price' is the same in all rows"),
    "one row": ("t.csv", b"a,price\n1,5\n", {}, "is the same in all rows"),
    "two rows": ("t.csv", b"a,price\n1,5\n2,7\n", {}, "training rows are too few|single training"),
    "zeros": ("t.csv", b"a,price\n1,\0\n", {}, "is no text file: it holds zero bytes"),
    "a picture": ("t.csv", PNG.getvalue(), {}, "is no text file: it holds zero bytes"),
    "half a character": (
        *("t.csv", "a,price\n1,2".encode("utf-16")[:-1], {}),
        "cannot be read|is empty in all rows",
    ),
    "only a mark": ("t.csv", b"\xff\xfe", {}, "cannot be read"),
    "open quote": ("t.csv", text('1,"x,2'), {}, "cannot be read"),
    "open at the end": ("t.csv", text('1,x,"2'), {}, "a quote is opened and never closed"),
    "infinity": ("t.csv", text("inf,x,2"), {}, "'a' holds values that are infinite or over 1e.18"),
    "too large": ("t.csv", text("1e300,x,2"), {}, "holds values that are infinite or over"),
    "digits": ("t.csv", text(30 * "9" + ",x,2"), {}, "holds values that are infinite or over"),
    "target too large": ("t.csv", text("1,x,inf"), {}, "'price' holds values over 1e.18. Rescale"),
    "all dropped": ("t.csv", text(), {"drop": ("a", "b")}, "no column is left to learn 'price'"),
    "constants": ("t.csv", column("z", lambda n: 1), {"columns": ("z",)}, "it is the same in all"),
    "no such drop": ("t.csv", text(), {"drop": ("c",)}, "There is no column 'c' .--drop."),
    "no such column": ("t.csv", text(), {"columns": ("c",)}, "There is no column 'c' .--column."),
    "no such group": ("t.csv", text(), {"group": "c"}, "There is no column 'c' .--group."),
    "group is target": ("t.csv", text(), {"group": "price"}, "--group and --target name the same"),
    "time is target": ("t.csv", text(), {"time": "price"}, "name the same column 'price'"),
    "one group": (
        "t.csv",
        column("g", lambda n: "x"),
        {"group": "g"},
        "too few groups for training",
    ),
    "no group": (
        *("t.csv", column("g", lambda n: "xy"[n % 2] if n else ""), {"group": "g"}),
        "1 rows have no value of 'g', so that nobody",
    ),
    "time is text": ("t.csv", text(), {"time": "b"}, "--time needs a date or number in every row"),
    "one time": ("t.csv", column("t", lambda n: 5), {"time": "t"}, "1 different times are too few"),
    "a gap in time": (
        *("t.csv", column("t", lambda n: n if n else ""), {"time": "t"}),
        "--time needs a date or number .* missing in 1 rows",
    ),
    "new class": (
        *("t.csv", column("y", lambda n: "xy"[n > 37], True), {"target": "y", "time": "id"}),
        "No training row has the class 'y' of 'y'",
    ),
    "rare class": (
        *("t.csv", column("y", lambda n: "xy"[n == 37], True), {"target": "y"}),
        "Class 1 has a single training row",
    ),
    "dates": (
        *("t.csv", column("y", lambda n: f"2024-01-{n % 28 + 1:02d}", True), {"target": "y"}),
        "'y' must hold numbers or texts; it holds dates",
    ),
    "image size": (
        "t.csv",
        text(),
        {"image_size": 32},
        "--image-size is for pictures; t.csv is read as",
    ),
    "skip bad": ("t.csv", text(), {"skip_bad": True}, "--skip-bad is for pictures and sounds"),
    "parquet named csv": ("t.csv", GOOD_PARQUET, {}, "is no text file"),
    "zip named csv": ("t.csv", zlib.compress(bytes(9)) + bytes(9), {}, "is no text file"),
    "csv named parquet": ("t.parquet", text(), {}, "cannot be read"),
    "empty parquet": ("t.parquet", b"", {}, "cannot be read"),
    "cut parquet": ("t.parquet", GOOD_PARQUET[:-20], {}, "cannot be read"),
    "parquet's end": ("t.parquet", GOOD_PARQUET[-200:], {}, "cannot be read"),
    "parquet of noise": (
        *("t.parquet", GOOD_PARQUET[:30] + bytes(range(60)) + GOOD_PARQUET[90:], {}),
        "cannot be read",
    ),
    "no parquet rows": (
        *("t.parquet", parquet_of(a=pa.array([], "int64"), price=pa.array([], "int64")), {}),
        "holds no rows",
    ),
    "lists": (
        *(
            "t.parquet",
            parquet_of(a=[[n] for n in range(40)], price=[n / 3 for n in range(40)]),
            {},
        ),
        "a: its values are neither numbers nor texts",
    ),
    "another ending": (
        "t.xlsx",
        b"PK\3\4",
        {},
        "files ending in '.xlsx' are not known. Give a table",
    ),
    "no ending": ("t", b"a,price\n", {}, "files ending in '' are not known"),
}


@pytest.mark.parametrize("case", TABLES)
def test_damaged_tables(tmp_path: Path, case: str) -> None:
    name, content, said, message = TABLES[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(zoo.UserError, match=message):
        zoo.load_data(tmp_path / name, reading=zoo.Reading(**{"target": "price"} | said))


def test_a_cell_of_20_mb_is_no_category(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(text("1," + 20_000_000 * "x" + ",2"))
    data = zoo.load_data(tmp_path / "t.csv", reading=zoo.Reading(target="price"))
    assert data.schema["columns"][1]["why"].startswith("free text")


def test_tasks_that_a_target_cannot_have(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", rows_of_table())
    with pytest.raises(zoo.UserError, match="'city' holds texts, such as .* a regression needs"):
        zoo.load_data(path, task="regression", reading=zoo.Reading(target="city"))
    many = write_csv(tmp_path / "m.csv", [{"a": n % 7, "y": f"n{n}"} for n in range(1500)])
    with pytest.raises(zoo.UserError, match="has 1500 different values .* these are no classes"):
        zoo.load_data(many, reading=zoo.Reading(target="y"))


def test_a_parquet_file_that_says_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "MOST_CELLS", 79)
    (tmp_path / "t.parquet").write_bytes(GOOD_PARQUET)
    with pytest.raises(zoo.UserError, match="says that it holds 80 cells; a table may hold 79"):
        zoo.load_data(tmp_path / "t.parquet", reading=zoo.Reading(target="price"))


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
    "empty": (b"", "cannot be read|is no NumPy array"),
    "cut": (GOOD_NPY[:-100], "cannot be read"),
    "no header": (GOOD_NPY[20:], "is damaged or no NumPy file|is no NumPy array"),
    "a table": (text(), "is damaged or no NumPy file|is no NumPy array"),
    "huge": (shaped("(1000000000000, 4)"), "cannot be read"),
    "beyond numbers": (shaped("(9999999999999999999, 4)"), "cannot be read"),
    "negative": (shaped("(-4, 4)"), "cannot be read|same number of rows"),
    "nested": (npy("(" * 5000), "cannot be read"),
    "a call": (npy("__import__('os').getpid()"), "cannot be read"),
    "a pickle": (pickle.dumps({"a": 1}), "is damaged or no NumPy file|is no NumPy array"),
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
    with pytest.raises(zoo.UserError, match="x_train is no NumPy array"):
        zoo.load_data(tmp_path / "set.npz")


def test_an_archive_that_fills_the_memory(tmp_path: Path) -> None:
    """Its zip directory says 2**40 bytes; a file of a few."""
    with zipfile.ZipFile(tmp_path / "set.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("x_train", "y_train", "x_test", "y_test"):
            archive.writestr(f"{name}.npy", GOOD_NPY)
        archive.getinfo("x_train.npy").file_size = 2**40
    with pytest.raises(zoo.UserError, match="would take .* GB of memory. Save each array with"):
        zoo.load_data(tmp_path / "set.npz")


def picture(kind: str, **how: Any) -> bytes:
    file = io.BytesIO()
    values = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(values).save(file, kind, **how)
    return file.getvalue()


def png_of(width: int, height: int, data: bytes) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", data), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def swollen_text() -> bytes:
    about = PngImagePlugin.PngInfo()
    about.add_text("comment", "x" * 80_000_000, zip=True)
    return picture("PNG", pnginfo=about)


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return (
        content[:middle]
        + bytes(255 - one for one in content[middle : middle + 40])
        + content[middle + 40 :]
    )


def floating() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ones((8, 8), np.float32)).save(file, "TIFF")
    return file.getvalue()


PICTURES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty": ("z.png", lambda: b"", "z.png: empty"),
    "text": ("z.jpg", lambda: b"hello", "z.jpg: UnidentifiedImageError"),
    "zeros": ("z.png", lambda: bytes(1000), "z.png: UnidentifiedImageError"),
    "cut png": ("z.png", lambda: picture("PNG")[:900], "z.png: "),
    "png header": ("z.png", lambda: picture("PNG")[:30], "z.png: "),
    "flipped png": ("z.png", lambda: flipped(picture("PNG")), "z.png: "),
    "cut jpeg": ("z.jpg", lambda: picture("JPEG")[:900], "z.jpg: .*truncated"),
    "jpeg header": ("z.jpg", lambda: picture("JPEG")[:100], "z.jpg: "),
    "cut gif": ("z.gif", lambda: picture("GIF")[:900], "z.gif: "),
    "cut bmp": ("z.bmp", lambda: picture("BMP")[:900], "z.bmp: "),
    "huge bmp": (
        *(
            "z.bmp",
            lambda: (b := picture("BMP"))[:18] + struct.pack("<ii", 90_000, 90_000) + b[26:],
        ),
        "90000x90000 pixels; more than 100,000,000 are not decoded|z.bmp: DecompressionBomb",
    ),
    "cut tiff": ("z.tiff", lambda: picture("TIFF")[:900], "z.tiff: "),
    "tiff of noise": ("z.tif", lambda: b"II*\0" + bytes(range(256)), "z.tif: "),
    "floats": ("z.tiff", floating, "pixels are floating-point numbers; save 8 or 16 bits"),
    "cut webp": ("z.webp", lambda: picture("WEBP")[:900], "z.webp: "),
    "ppm": ("z.ppm", lambda: b"P6 60000 60000 255 ", "more than 100,000,000 are not decoded|Bomb"),
    "negative ppm": ("z.ppm", lambda: b"P6 -1 -1 255 abc", "z.ppm: "),
    "bomb": ("z.png", lambda: png_of(50_000, 50_000, zlib.compress(bytes(2**20))), "Bomb"),
    "large": ("z.png", lambda: png_of(12_000, 9_000, b""), "12000x9000 pixels; more than"),
    "less than said": ("z.png", lambda: png_of(400, 400, zlib.compress(bytes(99))), "z.png: "),
    "no size": ("z.png", lambda: png_of(0, 0, zlib.compress(b"")), "z.png: "),
    "swollen text": ("z.png", swollen_text, "z.png: ValueError"),
    "postscript": (
        "z.png",
        lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
        "z.png: UnidentifiedImageError",
    ),
}


@pytest.mark.parametrize("case", PICTURES)
def test_damaged_pictures(tmp_path: Path, case: str) -> None:
    name, make, message = PICTURES[case]
    folder = write_pictures(tmp_path / "pets")
    (folder / "cat" / name).write_bytes(make())
    (folder / "dog" / "gone.png").write_bytes(b"")
    with pytest.raises(
        zoo.UserError, match=f"2 files in .* cannot be read[^#]*(?:{message})"
    ) as raised:
        zoo.load_data(folder)
    assert "dog/gone.png: empty" in str(raised.value)
    data = zoo.load_data(folder, reading=zoo.Reading(skip_bad=True, image_size=8, colour="grey"))
    assert len(data.x_train) == 15
    assert data.schema["notes"][-1].startswith("2 broken files were left out:")


def test_pictures_out_of_the_folder(tmp_path: Path) -> None:
    """Links, loops, pipes and folders under the name of a picture."""
    folder = write_pictures(tmp_path / "pets")
    (tmp_path / "secret.png").write_bytes(picture("PNG"))
    (folder / "cat" / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "cat" / "dots.png").symlink_to("../../secret.png")
    (folder / "cat" / "loop.png").symlink_to("loop.png")
    (folder / "cat" / "none.png").symlink_to("/none.png")
    os.mkfifo(folder / "cat" / "pipe.png")
    (folder / "cat" / "folder.png").mkdir()
    (folder / "cat" / "again").symlink_to(folder)
    (folder / "cat" / ".hidden.png").write_bytes(b"")
    (folder / "cat" / "notes.txt").write_bytes(b"mine")
    with pytest.raises(
        zoo.UserError, match="5 files in .* cannot be read. Mend or remove"
    ) as raised:
        zoo.load_data(folder)
    assert "cat/link.png: a link out of the folder, or no file" in str(raised.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: root.mkdir(), "is a folder without pictures, sounds or x_train.npy"),
        (
            lambda root: write_pictures(root / "deep").joinpath("dog").rename(root.parent / "dog"),
            "has 1 class folders with pictures; at least 2 are needed, such as",
        ),
        (
            lambda root: [write_pictures(root / one) for one in ("train", "other")],
            "has the folder 'other' beside train, val or test",
        ),
        (
            lambda root: [write_pictures(root / one) for one in ("val", "test")],
            "has no pictures in train/, only in test, val",
        ),
        (
            lambda root: [path.write_bytes(b"") for path in write_pictures(root).glob("*/*")],
            "24 files in .* cannot be read",
        ),
        (lambda root: write_pictures(root, 2), "4 training rows are too few"),
        (os.mkfifo, "is neither a file nor a folder"),
    ],
)
def test_folders_without_classes(
    tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    make(tmp_path / "pets")
    with pytest.raises(zoo.UserError, match=message):
        zoo.load_data(tmp_path / "pets")


def test_a_class_of_which_nothing_is_left(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pets")
    for path in (folder / "cat").iterdir():
        path.write_bytes(b"")
    with pytest.raises(zoo.UserError, match="a class has no file that can be read"):
        zoo.load_data(folder, reading=zoo.Reading(skip_bad=True))
    with pytest.raises(zoo.UserError, match="pets/cat.*such as|cannot be read"):
        zoo.read_rows(folder, zoo.load_data(write_pictures(tmp_path / "good")).schema)


def sound(kind: str, values: np.ndarray | None = None, subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 4000) if values is None else values
    soundfile.write(file, noise, 8000, subtype, format=kind)
    return file.getvalue()


def wav(rate: int = 8000, channels: int = 1, bits: int = 16, says: int | None = None) -> bytes:
    data = bytes(range(256)) * 8
    width = channels * bits // 8
    about = struct.pack("<HHIIHH", 1, channels, rate, rate * width % 2**32, width % 2**16, bits)
    size = len(data) if says is None else says
    body = b"WAVEfmt " + struct.pack("<I", 16) + about + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", (len(body) + size - len(data)) % 2**32) + body


SOUNDS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty": ("z.wav", lambda: b"", "z.wav: empty"),
    "text": ("z.wav", lambda: b"hello", "z.wav: LibsndfileError"),
    "a picture": ("z.wav", lambda: picture("PNG"), "z.wav: LibsndfileError"),
    "no samples": ("z.wav", lambda: sound("WAV", np.zeros(0)), "it holds no samples"),
    "no header": ("z.wav", lambda: sound("WAV")[44:], "z.wav: LibsndfileError"),
    "half a header": ("z.wav", lambda: sound("WAV")[:20], "z.wav: "),
    "cut wav": ("z.wav", lambda: sound("WAV")[:4000], "cut off: 4000 bytes of 8044"),
    "0 Hz": ("z.wav", lambda: wav(rate=0), "z.wav: "),
    "500 Hz": ("z.wav", lambda: wav(rate=500), "500 Hz; expected 1000 to 192000"),
    "4 GHz": ("z.wav", lambda: wav(rate=2**32 - 1), "z.wav: "),
    "no channels": ("z.wav", lambda: wav(channels=0), "z.wav: "),
    "65535 channels": ("z.wav", lambda: wav(channels=65_535), "z.wav: "),
    "7 kHz of 3 GB": ("z.wav", lambda: wav(rate=7000, says=3 * 2**30), "cut off: "),
    "says 1 GB": ("z.wav", lambda: wav(says=2**30), "cut off: "),
    "nan": (
        "z.wav",
        lambda: sound("WAV", np.full(1600, np.nan), "FLOAT"),
        "it holds NaN or infinite samples",
    ),
    "cut flac": ("z.flac", lambda: sound("FLAC")[:3000], "z.flac: "),
    "flac of noise": ("z.flac", lambda: b"fLaC" + bytes(range(256)), "z.flac: "),
    "ogg header": ("z.ogg", lambda: sound("OGG")[:60], "z.ogg: "),
}


@pytest.mark.parametrize("case", SOUNDS)
def test_damaged_sounds(tmp_path: Path, case: str) -> None:
    name, make, message = SOUNDS[case]
    folder = write_sounds(tmp_path / "words")
    (folder / "no" / name).write_bytes(make())
    with pytest.raises(zoo.UserError, match=f"1 files in .* cannot be read[^#]*(?:{message})"):
        zoo.load_data(folder, reading=zoo.Reading(seconds=0.4))
    data = zoo.load_data(folder, reading=zoo.Reading(skip_bad=True))
    assert len(data.x_train) == 15


def test_a_sound_of_too_many_channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.readers.sounds.MOST_VALUES", 1000)
    with pytest.raises(zoo.UserError, match="samples of 1 channels are too many"):
        zoo.load_data(write_sounds(tmp_path / "words"))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"image_size": (8, 8, 8)}, "image_size must be one side, or height and width"),
        ({"image_size": 5000}, "image_size must be at most 1024; got 5000"),
        ({"image_size": 0}, "image_size must be an integer of at least 1; got 0"),
        ({"colour": "red"}, "colour='red' is not known"),
        ({"seconds": 0}, "seconds must be a number in"),
        ({"skip_bad": 1}, "skip_bad must be true or false"),
    ],
)
def test_readings_out_of_range(said: dict[str, Any], message: str) -> None:
    with pytest.raises(zoo.UserError, match=message):
        zoo.Reading(**said)


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
        "five.npz": "is no .npy or .npz file by its ending",
        "nan.npy": "holds rows with NaN or infinite values",
        "text.npz": "is damaged or no NumPy file",
    }.items():
        with pytest.raises(zoo.UserError, match=message):
            zoo.read_rows(tmp_path / name, schema)
    with pytest.raises(zoo.UserError, match="does not say how rows are read"):
        zoo.read_rows(tmp_path / "five.npy", {})
    with pytest.raises(zoo.UserError, match="holds no pictures"):
        zoo.read_rows(tmp_path / "five.npy", {"kind": "pictures", "image_size": [8, 8]})
