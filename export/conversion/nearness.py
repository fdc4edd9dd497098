"""Nearness of the outputs of an integer file to those of the Keras model."""

from dataclasses import dataclass

import numpy as np

LEAST = 1e-30  # of a power, so that its ratio is a number


@dataclass(frozen=True)
class Nearness:
    """How near one output is to Keras' on the same rows.

    Attributes:
        signal_to_noise: of the output about its mean over rows, in dB.
        largest: the largest error, in the output's units.
        agreement: the share of places whose largest channel is the same; None with one channel.
    """

    signal_to_noise: float
    largest: float
    agreement: float | None


def nearness(found: np.ndarray, exact: np.ndarray) -> Nearness:
    """Compare an output of a file with Keras', (rows, ...) each."""
    found, exact = np.asarray(found, np.float64), np.asarray(exact, np.float64)
    noise = float(np.mean((found - exact) ** 2))
    signal = float(np.mean((exact - exact.mean(axis=0)) ** 2))
    ratio = 10 * np.log10(max(signal, LEAST) / max(noise, LEAST))
    agreement = None
    if exact.shape[-1] > 1:
        agreement = float(np.mean(found.argmax(axis=-1) == exact.argmax(axis=-1)))
    return Nearness(round(float(ratio), 1), float(np.abs(found - exact).max()), agreement)
