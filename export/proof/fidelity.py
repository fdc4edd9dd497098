"""Fidelity: how closely the int8 files compute what they stand for, layer by layer and streamed."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from export.exported import Export
from export.proof.answers import FIRST, Outputs
from export.proof.finding import Finding
from export.runtimes.litert import load, stream
from export.tflite.joined import Joined
from zoo import Data
from zoo.quantization.calibration import predict
from zoo.quantization.layers.arithmetic import Rounded
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.noise import layer_noise
from zoo.quantization.rows import CalibrationRows

STREAMED = 32  # test rows that are fed step by step
NOISE_ROWS = 64  # calibration rows for the error of each layer
ENOUGH = 0.99  # of streamed logits within one step


@dataclass(frozen=True)
class Streaming:
    """The step form, state by state, against the whole-sequence form on the same test rows."""

    rows: int
    equal: float  # share of logits
    within_one_step: float  # of the output's quantization steps


@dataclass(frozen=True)
class Distance:
    """LiteRT's outputs beside those of the twin, which calibration and training went by."""

    rows: int
    equal: float  # share of outputs
    largest_steps: int  # of the output's quantization steps


@dataclass(frozen=True)
class Fidelity:
    """How closely the int8 files compute what they stand for.

    Attributes:
        streaming: None without a step form.
        twin: None without one.
        layers: range -> signal to int8 error, dB; empty without a twin.
    """

    streaming: Streaming | None
    twin: Distance | None
    layers: dict[str, float]

    @property
    def worst_layer(self) -> tuple[str, float] | None:
        """The range with the smallest ratio of signal to int8 error, and that ratio in dB."""
        return min(self.layers.items(), key=lambda item: item[1]) if self.layers else None

    def findings(self) -> list[Finding]:
        """Return what is wrong with the step form."""
        if self.streaming is None or self.streaming.within_one_step >= ENOUGH:
            return []
        share = 100 * self.streaming.within_one_step
        sentence = f"only {share:.1f} % of streamed logits equal those of the whole sequence"
        return [Finding(sentence, "Export without the step form: --forms rolled.")]

    def described(self) -> dict[str, Any]:
        """Return its part of `report.json`."""
        return {
            "streaming": self.streaming and asdict(self.streaming),
            "twin": self.twin and asdict(self.twin),
            "layers": self.layers,
            "worst_layer": self.worst_layer and self.worst_layer[0],
        }


def fidelity(export: Export, rows: CalibrationRows, data: Data, outputs: Outputs) -> Fidelity:
    """Compare an export's step form with the whole sequence, and each layer with float.

    Args:
        rows: that calibrated the export.
        outputs: for the test rows.
    """
    twin = _beside_twin(export, rows, data, outputs)
    return Fidelity(_streaming(export, data, outputs), twin, _layers(export, rows))


def _beside_twin(
    export: Export, rows: CalibrationRows, data: Data, outputs: Outputs
) -> Distance | None:
    if export.plan.quantized is None:
        return None
    twin = export.plan.quantized.twin
    fed = rows.fed(data.x_test[:FIRST])
    of_twin = predict(twin, fed, Rounded(twin.numerics))
    steps = np.abs(of_twin - outputs.plain[: len(fed)]) / _output_step(export, outputs)
    return Distance(len(fed), float(np.mean(steps < 0.5)), int(np.rint(steps.max())))


def _output_step(export: Export, outputs: Outputs) -> np.ndarray:
    """Return each output's quantization step; of floats what int8 would make of all of them."""
    assert export.output is not None
    if isinstance(export.output, Joined):
        return export.output.steps()
    if export.output.ends.real:
        return np.asarray(max(outputs.spread, 1e-12) / INT8.activations.steps)
    return np.abs(export.output.scale)


def _streaming(export: Export, data: Data, outputs: Outputs) -> Streaming | None:
    if "step" not in export.plan.forms or export.scaling is None:
        return None
    interpreter = load(export.run.path / export.plan.forms["step"])
    assert not isinstance(export.output, Joined)  # of a model that is a loop
    streamed = stream(interpreter, export.scaling.quantize(data.x_test[:STREAMED]), export.output)
    steps = np.abs(streamed - outputs.plain[: len(streamed)]) / _output_step(export, outputs)
    return Streaming(len(streamed), float(np.mean(steps < 0.5)), float(np.mean(steps < 1.5)))


def _layers(export: Export, rows: CalibrationRows) -> dict[str, float]:
    if export.plan.quantized is None:
        return {}
    return layer_noise(export.model, export.plan.quantized, rows.fed()[:NOISE_ROWS])
