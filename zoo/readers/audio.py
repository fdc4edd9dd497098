"""Audio folders, decoded by soundfile."""

import math
import struct
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from zoo.data.arrays import Found
from zoo.data.reading import Reading
from zoo.readers.decoding import Broken, decoded, looked_at, report_bad
from zoo.readers.folders import Files, find, loose, parted
from zoo.tasks import Task

RATES = (1000, 192_000)  # Hz
MOST_VALUES = 200_000_000  # samples x channels to decode of a file
WHOLE = 0.95  # share of the files that are not truncated by default


def read_audio(folder: Path, reading: Reading, seed: int, task: type[Task] | None = None) -> Found:
    """Read a folder of class folders with WAV, FLAC or OGG files.

    Channels are averaged. All files get the most common sample rate and one length: longer ones are
    truncated, shorter ones padded with silence.

    Args:
        folder: the folder of class folders, optionally within train/, val/ and test/.
        reading: `seconds`, `skip_bad`; `group`, `time`.
        seed: seed of the split.
        task: None: classes, or what `labels.csv` looks like.

    Returns:
        Waveforms (rows, samples), int16, and their `rate`, as an `.npz` file holds them.

    Raises:
        UserError: no classes, or unreadable files (all in one message).
    """
    files, bad = looked_at(folder, find(folder, "sounds", reading, task), _look)
    notes = [*files.notes]
    rate = Counter(look[1] for look, _ in files.looks).most_common(1)[0][0]
    lengths = [frames / own for (frames, own), _ in files.looks]
    seconds = reading.seconds or float(np.quantile(lengths, WHOLE, method="inverted_cdf"))
    samples = max(1, round(min(seconds, 600) * rate))
    _note(files, rate, samples, notes)
    x, good = _decoded(files, rate, samples, bad)
    report_bad(folder, bad, reading.skip_bad, notes)
    arrays = parted(files.only(good), x, seed, "int16") | {"rate": np.array(rate)}
    schema = {"kind": "sounds", "rate": rate, "samples": samples, "notes": notes}
    return Found(arrays, schema, files.task)


def audio_rows(
    path: Path, schema: Mapping[str, Any], files: "Files[Any] | None" = None
) -> np.ndarray:
    """Return an audio file, or all of a folder sorted by path: int16 (files, samples)."""
    files, bad = looked_at(path, files or loose(path, "sounds"), _look)
    x, _ = _decoded(files, schema["rate"], schema["samples"], bad)
    report_bad(path, bad, False, [])
    return x


def _note(files: "Files[Any]", rate: int, samples: int, notes: list[str]) -> None:
    other = sum(own != rate for (_, own), _ in files.looks)
    if other:
        notes.append(f"{other} of {len(files.looks)} audio files were resampled to {rate} Hz.")
    seconds = [frames / own for (frames, own), _ in files.looks]
    if max(seconds) - min(seconds) < 1 / rate:  # all of one length
        return
    cut = sum(length > samples / rate for length in seconds)
    notes.append(
        f"{samples / rate:.3g} s of each audio file are used; {cut} are longer. --seconds sets "
        "another length."
    )


def _decoded(
    files: "Files[Any]", rate: int, samples: int, bad: dict[Path, str]
) -> tuple[np.ndarray, list[int]]:
    decode = partial(_decode, rate=rate, samples=samples)
    return decoded(files, decode, (samples,), "int16", ("sounds", rate), bad)


def _look(path: Path) -> tuple[int, int]:
    """Return samples per channel and sample rate, from the header alone."""
    about = soundfile.info(path)
    if not RATES[0] <= about.samplerate <= RATES[1]:
        raise Broken(f"{about.samplerate} Hz; expected {RATES[0]} to {RATES[1]}")
    if about.frames < 1:
        raise Broken("it holds no samples")
    _check_whole(path)
    return about.frames, about.samplerate


def _check_whole(path: Path) -> None:
    """Raise Broken for a truncated WAV file, which libsndfile would read without an error."""
    with path.open("rb") as file:
        start = file.read(12)
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        says = struct.unpack("<I", start[4:8])[0] + 8
        if says < 2**32 - 8 and says > path.stat().st_size + 8:  # a stream has 2**32 - 1
            raise Broken(f"cut off: {path.stat().st_size} bytes of {says}")


def _decode(path: Path, rate: int, samples: int) -> np.ndarray:
    """Return int16 (samples,)."""
    with soundfile.SoundFile(path) as file:
        own = file.samplerate
        wanted = min(file.frames, math.ceil(samples * own / rate) + own // 10)
        if wanted * file.channels > MOST_VALUES:
            raise Broken(f"{wanted} samples of {file.channels} channels are too many")
        values = file.read(wanted, dtype="float32", always_2d=True)
    if len(values) < wanted:
        raise Broken(f"cut off: {len(values)} samples of {wanted}")
    if not np.isfinite(values).all():
        raise Broken("it holds NaN or infinite samples")
    mono = values.mean(axis=1)
    if own != rate:
        from scipy.signal import resample_poly

        common = math.gcd(own, rate)
        mono = resample_poly(mono, rate // common, own // common)
    found = np.zeros(samples, np.int16)
    mono = np.rint(mono[:samples] * 32_768).clip(-32_768, 32_767)
    found[: len(mono)] = mono.astype(np.int16)
    return found
