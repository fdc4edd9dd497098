"""Audio data sets: the front end that turns waveforms into sequences, and what the device needs."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import UserError, in_range, one_of, read_settings, size
from zoo.data import audio
from zoo.data.arrays import Arrays
from zoo.data.audio import KINDS, FrontEnd, spectra

SNIPPET = "front_end.py"  # in the run folder
RATES = (1000, 192_000)  # in Hz
OUTLINE = 150  # segments of a waveform for drawing


def choose_front_end(wanted: object, rate: np.ndarray | None) -> FrontEnd | None:
    """Return the front end of a data set; None if it is not audio.

    Args:
        wanted: a kind, with optional settings ("mfcc:coefficients=13,window_ms=25"); None is
            "log_mel".
        rate: the array `rate` of the data set, in Hz.

    Raises:
        UserError: an unknown kind or setting, one out of range, or a set without a rate.
    """
    if rate is None:
        if wanted is not None:
            raise UserError(
                "A front end is for audio: an .npz file with waveforms (rows, samples) as x_* "
                "and their rate in Hz as `rate`. This set has no rate."
            )
        return None
    if isinstance(wanted, FrontEnd):
        return _checked(wanted)
    number = rate.dtype.kind in "iuf" and rate.size == 1
    if not number or not RATES[0] <= rate.item() <= RATES[1]:
        raise UserError(f"rate must be one number of 1000 to 192000 Hz; got {rate!r}.")
    return front_end_of(str(wanted or KINDS[0]), int(rate.item()))


def front_end_of(wanted: str, rate: int) -> FrontEnd:
    """Return the front end that a text names, for a rate in Hz; see `choose_front_end`."""
    kind, _, settings = wanted.partition(":")
    one_of("front_end", kind, KINDS)
    return _checked(FrontEnd(rate, kind, **_read(settings)))


def _read(text: str) -> dict[str, Any]:
    known = [field.name for field in fields(FrontEnd) if field.name not in ("rate", "kind")]
    found: dict[str, Any] = {}
    for name, value in read_settings(text, known, "The front end has").items():
        try:
            found[name] = int(value) if name in ("mels", "coefficients") else float(value)
        except ValueError as error:
            raise UserError(f"The front end's {name} must be a number; got {value!r}.") from error
    return found


def _checked(front_end: FrontEnd) -> FrontEnd:
    in_range("window_ms", front_end.window_ms, 1, 1000)
    in_range("stride_ms", front_end.stride_ms, 1, 1000)
    size("mels", front_end.mels, 2)
    size("coefficients", front_end.coefficients, 1)
    in_range("floor", front_end.floor, 1e-12, 1)
    high = front_end.rate / 2 if front_end.high_hz is None else front_end.high_hz
    in_range("high_hz", high, 100, front_end.rate / 2 + 1)
    in_range("low_hz", front_end.low_hz, 0, high)
    if front_end.kind == "mfcc" and front_end.coefficients > front_end.mels:
        raise UserError(
            f"coefficients must be at most mels; got {front_end.coefficients} of {front_end.mels}."
        )
    return front_end


def recorded_front_end(held: Mapping[str, Any]) -> FrontEnd:
    """Return the front end that a run folder holds. Raises UserError for one out of range."""
    front_end = FrontEnd(**held)
    one_of("front_end", front_end.kind, KINDS)
    in_range("rate", front_end.rate, *RATES)
    return _checked(front_end)


def heard(arrays: Arrays, front_end: FrontEnd) -> Arrays:
    """Return waveforms (rows, samples) as sequences (rows, frames, features).

    Outlines of the test rows, for drawing, are added as "wave_test".

    Raises:
        UserError: rows that are not waveforms, or shorter than a frame.
    """
    for part in [name for name in arrays if name.startswith("x_")]:
        x = arrays[part]
        if x.ndim != 2:
            raise UserError(f"{part} must hold waveforms (rows, samples); got shape {x.shape}.")
        if front_end.frames(x.shape[1]) < 1:
            raise UserError(
                f"Waveforms of {x.shape[1]} samples are shorter than a frame of {front_end.window}."
            )
        seen = {"wave_test": outline(x)} if part == "x_test" else {}
        arrays = arrays | seen | {part: spectra(x, front_end)}
    return arrays


def outline(waves: np.ndarray) -> np.ndarray:
    """Return outlines of waveforms (rows, samples): (rows, 2 * OUTLINE); short ones unchanged.

    Minimum and maximum of each segment, alternating.
    """
    rows, samples = waves.shape
    if samples < 2 * OUTLINE:
        return waves
    each = samples // OUTLINE
    parts = waves[:, : each * OUTLINE].reshape(rows, OUTLINE, each)
    return np.stack([parts.min(axis=2), parts.max(axis=2)], axis=2).reshape(rows, 2 * OUTLINE)


def snippet(front_end: FrontEnd) -> str:
    """Return a self-contained Python file that computes the same features."""
    return f"{Path(audio.__file__).read_text()}\n\nFRONT_END = {front_end!r}\n"
