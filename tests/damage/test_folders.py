"""Damaged pictures and sounds, and folders that hold none."""

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image, PngImagePlugin

import zoo
from tests.helpers.made import write_pictures, write_sounds


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
    data = zoo.load_data(folder, reading=zoo.Reading(skip_bad=True, image_size=8, color="gray"))
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
        zoo.UserError, match="5 files in .* cannot be read. Fix or remove"
    ) as raised:
        zoo.load_data(folder)
    assert "cat/link.png: a link out of the folder, or no file" in str(raised.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: root.mkdir(), "is a folder without images, audio or x_train.npy"),
        (
            lambda root: write_pictures(root / "deep").joinpath("dog").rename(root.parent / "dog"),
            "has 1 class folders with images; at least 2 are needed, such as",
        ),
        (
            lambda root: [write_pictures(root / one) for one in ("train", "other")],
            "has the folder 'other' beside train, val or test",
        ),
        (
            lambda root: [write_pictures(root / one) for one in ("val", "test")],
            "has no images in train/, only in test, val",
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
    monkeypatch.setattr("zoo.readers.audio.MOST_VALUES", 1000)
    with pytest.raises(zoo.UserError, match="samples of 1 channels are too many"):
        zoo.load_data(write_sounds(tmp_path / "words"))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"image_size": (8, 8, 8)}, "image_size must be one side, or height and width"),
        ({"image_size": 5000}, "image_size must be at most 1024; got 5000"),
        ({"image_size": 0}, "image_size must be an integer of at least 1; got 0"),
        ({"color": "red"}, "color='red' is not known"),
        ({"seconds": 0}, "seconds must be a number in"),
        ({"skip_bad": 1}, "skip_bad must be true or false"),
    ],
)
def test_readings_out_of_range(said: dict[str, Any], message: str) -> None:
    with pytest.raises(zoo.UserError, match=message):
        zoo.Reading(**said)
