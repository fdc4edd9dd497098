"""Check of a `.tflite` file of any origin: its bytes first, then a run in a child process."""

import json
from dataclasses import dataclass
from pathlib import Path

from export.child import ChildError, of_threads, run_child
from export.conversion.choices import chosen_numerics
from export.proof.reported import REPORT
from export.runtimes.litert import Latency
from export.tflite.audit import Audit, audit
from zoo.checks import UserError
from zoo.quantization.layers.numerics import INT8

MEMORY = 6 << 30  # bytes that a file of unknown origin may take to run


@dataclass(frozen=True)
class Check:
    """What a file holds and whether LiteRT runs it. `latency` is None where it did not run.

    Examples:
        >>> found = export.check("runs/wine/model_int8.tflite")
        >>> found.passed, found.failures
        (True, ())
        >>> found.audit.inputs, found.audit.outputs
        (('INT8',), ('INT8',))
    """

    audit: Audit
    latency: Latency | None
    failures: tuple[str, ...]  # in sentences; empty for an integer-only file that runs

    @property
    def passed(self) -> bool:
        return not self.failures


def check(path: str | Path, *, numerics: str = INT8.name, timeout: float = 300) -> Check:
    """Audit a `.tflite` file and, if all its operators are allowed, run it on zeros.

    Args:
        path: the file.
        numerics: the format that it is to be of, as `to_litert` takes it.
        timeout: seconds that the run may take.

    Raises:
        UserError: missing, too large or damaged file; an unknown format.

    Examples:
        >>> export.check("runs/wine/model_int8.tflite").audit.operators
        {'FULLY_CONNECTED': 2}
    """
    of = chosen_numerics(numerics)
    found = audit(Path(path), of)
    failures = _measured(Path(path), found)
    if found.strangers:
        what = "integers" if of.integer else f"of {of.name} files"
        first = found.strangers[0]
        failures.append(f"{len(found.strangers)} tensors are not {what}, first {first!r}")
    if not found.fitting_ends:
        ends = of.ends.tensor_type
        failures.append(f"input and output must be {ends}; got {found.inputs} and {found.outputs}")
    if not found.operators:
        failures.append("not run: it holds no operators, so it computes nothing")
        return Check(found, None, tuple(failures))
    if found.forbidden:
        failures.append(f"not run: operators that are not allowed: {', '.join(found.forbidden)}")
        return Check(found, None, tuple(failures))
    try:
        latency = Latency(
            **json.loads(
                run_child("export.runtimes.probe", str(path), timeout, MEMORY + of_threads())
            )
        )
    except ChildError as error:
        return Check(found, None, (*failures, f"LiteRT could not run it: the process {error}"))
    return Check(found, latency, tuple(failures))


def _measured(path: Path, found: Audit) -> list[str]:
    """Return what the report beside a file says against it, in sentences."""
    if not (path.parent / REPORT).is_file():
        return []
    from export.proof.verified import Verified  # these two need Keras
    from zoo.run import Run

    try:
        verified = Verified.read(Run(path.parent))
    except UserError as error:
        return [f"the report beside it cannot be read: {error}"]
    same = path.name not in verified.sha256 or verified.measured(path, found.sha256)
    return [] if same else [f"it is not the file that {REPORT} beside it is about (sha256)"]
