"""Audio front end: log-mel spectra or MFCC of waveforms, in NumPy alone.

It stays outside the integer graph. The run folder of a model trained on audio has a copy of this
file, the reference for checking an implementation on a device, number by number. The
steps are those of TensorFlow's `tf.signal` (stft, linear_to_mel_weight_matrix), on which MLPerf
Tiny's keyword spotting and most embedded front ends are built.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

KINDS = ("log_mel", "mfcc")
ROWS_AT_A_TIME = 256  # whose frames are in memory together


@dataclass(frozen=True)
class FrontEnd:
    """Settings of the conversion from a waveform to a sequence of spectra.

    Attributes:
        rate: sample rate, Hz.
        kind: "log_mel": logarithms of the energies in mel bands; "mfcc": the first coefficients of
            their cosine transform (Davis and Mermelstein 1980).
        window_ms: length of a frame; a periodic Hann window is laid over it.
        stride_ms: from the start of one frame to that of the next.
        mels: number of mel bands (HTK's scale), each a triangle.
        coefficients: number of them, for "mfcc".
        low_hz: lower end of the lowest band.
        high_hz: upper end of the highest band; None is half the rate.
        floor: added to the energies before the logarithm.

    Examples:
        >>> front_end = zoo.FrontEnd(rate=8000, kind="mfcc", coefficients=13)
        >>> data = zoo.load_data("keywords", front_end=front_end)  # a folder of class folders
        >>> data.input_shape  # frames, coefficients
        (9, 13)
    """

    rate: int
    kind: str = "log_mel"
    window_ms: float = 30.0
    stride_ms: float = 20.0
    mels: int = 40
    coefficients: int = 10
    low_hz: float = 20.0
    high_hz: float | None = None
    floor: float = 1e-6

    @property
    def window(self) -> int:
        """Samples in a frame."""
        return round(self.rate * self.window_ms / 1000)

    @property
    def stride(self) -> int:
        """Samples from one frame to the next."""
        return round(self.rate * self.stride_ms / 1000)

    @property
    def size(self) -> int:
        """Size of the Fourier transform: the next power of two."""
        return int(2 ** np.ceil(np.log2(self.window)))

    @property
    def features(self) -> int:
        """Values per frame."""
        return self.coefficients if self.kind == "mfcc" else self.mels

    def frames(self, samples: int) -> int:
        """Return the number of whole frames in a number of samples."""
        return max(0, 1 + (samples - self.window) // self.stride)


def spectra(waveforms: "np.ndarray[Any, Any]", front_end: FrontEnd) -> "np.ndarray[Any, Any]":
    """Return the features of waveforms.

    Args:
        waveforms: (rows, samples), floats in [-1, 1) or 16-bit integers.
        front_end: the settings.

    Returns:
        float32, (rows, frames, features).
    """
    parts = range(0, len(waveforms), ROWS_AT_A_TIME)
    return np.concatenate(
        [_spectra(waveforms[i : i + ROWS_AT_A_TIME], front_end) for i in parts]
    ).astype(np.float32)


def _spectra(waveforms: "np.ndarray[Any, Any]", front_end: FrontEnd) -> "np.ndarray[Any, Any]":
    scale = 1 / 32768 if np.issubdtype(waveforms.dtype, np.integer) else 1.0
    count = front_end.frames(waveforms.shape[1])
    starts = front_end.stride * np.arange(count)
    framed = waveforms[:, starts[:, None] + np.arange(front_end.window)] * scale
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(front_end.window) / front_end.window)
    magnitudes = np.abs(np.fft.rfft(framed * hann, front_end.size))  # (rows, frames, size/2 + 1)
    log_mel = np.log(magnitudes @ mel_bands(front_end) + front_end.floor)
    if front_end.kind == "log_mel":
        return np.asarray(log_mel)
    return np.asarray(log_mel @ cosines(front_end.mels)[:, : front_end.coefficients])


@lru_cache
def mel_bands(front_end: FrontEnd) -> "np.ndarray[Any, Any]":
    """Return the weights of the mel bands, (size / 2 + 1, mels): triangles on HTK's mel scale."""

    def mel(hz: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        return np.asarray(1127 * np.log1p(np.asarray(hz) / 700))

    high = front_end.rate / 2 if front_end.high_hz is None else front_end.high_hz
    ends = np.linspace(mel(np.array(front_end.low_hz)), mel(np.array(high)), front_end.mels + 2)
    bins = mel(np.linspace(0, front_end.rate / 2, front_end.size // 2 + 1))[:, None]
    rising = (bins - ends[:-2]) / (ends[1:-1] - ends[:-2])
    falling = (ends[2:] - bins) / (ends[2:] - ends[1:-1])
    weights = np.maximum(0, np.minimum(rising, falling))
    weights[0] = 0  # no constant component
    return np.asarray(weights)


@lru_cache
def cosines(size: int) -> "np.ndarray[Any, Any]":
    """Return the matrix of the orthonormal cosine transform (DCT-II), (size, size)."""
    matrix = np.cos(np.pi / size * (np.arange(size)[:, None] + 0.5) * np.arange(size))
    matrix *= np.sqrt(2 / size)
    matrix[:, 0] /= np.sqrt(2)
    return np.asarray(matrix)
