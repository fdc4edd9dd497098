"""Wishes for an export: numerics, forms, compression; Keras is not imported."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zoo.checks import UserError, one_of
from zoo.quantization.layers.numerics import FLOAT, INT8, NUMERICS, Numerics

FORMS = ("rolled", "step", "unrolled")  # of a recurrent model
METHODS = ("prune", "cluster", "qat-tfmot")


def check_forms(forms: Sequence[str] | None) -> None:
    """Raise UserError for an unknown form."""
    if isinstance(forms, str):
        raise UserError(f"forms must be a list, like ['rolled', 'step']; got {forms!r}.")
    for form in forms or ():
        one_of("forms", form, FORMS)


def chosen_numerics(name: str | None, of_twin: Numerics | None = None) -> Numerics:
    """Return the format that is asked for; None: that of a twin, or int8.

    Raises:
        UserError: an unknown format, or another than the twin's.
    """
    if name is None:
        return of_twin or INT8
    one_of("numerics", name, tuple(NUMERICS))
    if of_twin is not None and of_twin.name != name:
        raise UserError(
            f"quantized is a twin for {of_twin.name}, not for {name}; leave numerics out, or "
            "make the twin for it."
        )
    return NUMERICS[name]


def check_twin_only(numerics: Numerics, method: str, given: Sequence[str]) -> None:
    """Raise UserError for what needs a twin where none is made.

    Args:
        numerics: the format that is asked for.
        method: how it is to be made.
        given: names of the arguments given that only a twin takes.
    """
    if numerics is FLOAT or method == "converter":
        for name in given:
            raise UserError(
                f"{name} is for numerics={INT8.name!r} with method='twin'; leave it out."
            )
    if method == "converter" and numerics not in (INT8, FLOAT):
        raise UserError(
            f"TensorFlow's converter makes no {numerics.name} file here; leave method out."
        )


def check_target_takes(target: str, numerics: Numerics) -> None:
    """Raise UserError for a target that does not run files of a format."""
    if target not in numerics.targets:
        takes = ", ".join(one.name for one in NUMERICS.values() if target in one.targets)
        raise UserError(
            f"{target} does not run {numerics.name} files. Choose numerics that it takes: {takes}."
        )


@dataclass(frozen=True)
class Compression:
    """What to do to a trained model.

    Attributes:
        method: "prune" (zeros in the kernels), "cluster" (few distinct values in each kernel) or
            "qat-tfmot" (an int8 file by quantization-aware training).
        amount: prune: the share of zeros, between 0 and 1; cluster: the number of values, an
            integer from 2 to 256; qat-tfmot: None.

    Raises:
        UserError: an unknown method, or an amount that it cannot take.
    """

    method: str
    amount: float | None = None

    def __post_init__(self) -> None:
        one_of("compression", self.method, METHODS)
        amount = self.amount
        if self.method == "prune" and not (isinstance(amount, float) and 0 < amount < 1):
            raise UserError(
                "prune needs the share of zeros, a number between 0 and 1, as in 'prune:0.5'; "
                f"got {amount!r}."
            )
        if self.method == "cluster" and not (isinstance(amount, int) and 2 <= amount <= 256):
            raise UserError(
                "cluster needs the number of values in a kernel, an integer from 2 to 256, as in "
                f"'cluster:16'; got {amount!r}."
            )
        if self.method == "qat-tfmot" and amount is not None:
            raise UserError(f"qat-tfmot takes no amount; got {amount!r}.")


def parse_compression(text: str) -> Compression:
    """Return what "prune:0.5", "cluster:16" or "qat-tfmot" asks for.

    Raises:
        UserError: as `Compression`.
    """
    method, _, written = text.partition(":")
    amount: Any = written or None
    with contextlib.suppress(ValueError):  # no number: `Compression` says what it should be
        if written and method in ("prune", "cluster"):
            amount = float(written) if method == "prune" else int(written)
    return Compression(method, amount)
