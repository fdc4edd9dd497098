"""Quantization-aware training, and the ladder: calibrate, and train only if that loses too much."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import keras
import numpy as np

from tuning.training.imitation import Imitation, OnEpoch, Watch
from zoo import Data
from zoo.checks import at_least, in_range
from zoo.pretrained.inlining import flattened
from zoo.quantization import Quantized, Twin, make_twin
from zoo.quantization import quantize as calibrated
from zoo.quantization.calibration import Tried, predict
from zoo.quantization.errors import distance
from zoo.quantization.layers.arithmetic import Int8, Rounded
from zoo.quantization.layers.numerics import INT8, INT16X8, NUMERICS, Numerics
from zoo.quantization.layers.ranges import Range
from zoo.quantization.widening import widen
from zoo.stages import stage
from zoo.tasks.outputs import TINY, compacted, portions

EPOCHS, STEPS = 10, 300  # of a twin's training: the more of both
NOISE = 0.05  # of the outputs' standard deviation: more of it costs rows that few rows may not show


@dataclass(frozen=True)
class FineTuning:
    """How a twin is trained: Adam, at a rate that falls to zero by a cosine.

    Attributes:
        epochs: at least 1; None means 10, or as many as make 300 steps where rows are few.
        batch_size: rows per step, at least 1.
        learning_rate: at the start, in (0, 1).
        seed: of the order of the rows, at least 0.
        seconds: after which it ends, more than 0, with the best epoch until then; None is no limit.

    Examples:
        >>> fine_tuning = tuning.FineTuning(epochs=1, learning_rate=1e-4)
        >>> tuning.quantize_aware(run.load_model(), data, fine_tuning=fine_tuning).rung
        'qat'
    """

    epochs: int | None = None
    batch_size: int = 32
    learning_rate: float = 3e-4
    seed: int = 0
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.epochs is not None:
            at_least("epochs", self.epochs, 1)
        if self.seconds is not None:
            in_range("seconds", self.seconds, 1e-3, 1e9)
        at_least("batch_size", self.batch_size, 1)
        at_least("seed", self.seed, 0)
        in_range("learning_rate", self.learning_rate, 1e-12, 1)


def quantize_aware(
    model: keras.Model,
    data: Data,
    *,
    start: Quantized | None = None,
    fine_tuning: FineTuning | None = None,
    on_epoch: OnEpoch | None = None,
) -> Quantized:
    """Fine-tune the twin of a model with the straight-through gradient (rung "qat").

    The targets are the float model's own outputs (Ba and Caruana 2014, arXiv:1312.6184), so that
    the twin learns to be the model, not the training rows anew. The epoch whose outputs on the
    held-out rows are nearest to the float ones is kept; that may be none of them.

    Args:
        model: the trained float model, as `export.to_litert` takes one; it is left alone.
        data: its training rows are trained on; its validation rows choose the epoch (training
            rows, where there are none).
        start: a calibrated twin; None calibrates one.
        fine_tuning: None means `FineTuning()`.
        on_epoch: told after every epoch how many are done, and how many there are.

    Raises:
        UnknownLayer: a layer that the twin cannot express.
        UserError: as `zoo.quantization.quantize`.

    Examples:
        >>> fine_tuning = tuning.FineTuning(epochs=1)
        >>> quantized = tuning.quantize_aware(run.load_model(), data, fine_tuning=fine_tuning)
        >>> quantized.twin.predict(data.x_test, verbose=0).shape
        (36, 3)
    """
    model = flattened(model)
    start = start or calibrated(model, data)
    start.check(model)
    how = fine_tuning or FineTuning()
    keras.utils.set_random_seed(how.seed)
    twin = _copy(model, start.twin)
    twin.trainable = True
    steps = -(-len(data.x_train) // how.batch_size)
    epochs = how.epochs or max(EPOCHS, -(-STEPS // steps))
    better = Imitation(model, twin, start.rows, how.batch_size).learn(
        data.x_train,
        _held_out(data)[0],
        epochs=epochs,
        rate=keras.optimizers.schedules.CosineDecay(how.learning_rate, steps * epochs),
        one_scale=not data.task.numbers,
        seed=how.seed,
        watch=Watch(epochs, how.seconds, on_epoch),
    )
    return replace(start, twin=_copy(model, twin if better else start.twin), rung="qat")


def quantize(
    model: keras.Model,
    data: Data,
    *,
    max_drop: float = 0.5,
    calibration_rows: int = 256,
    fine_tuning: FineTuning | None = None,
    seed: int = 0,
    on_epoch: OnEpoch | None = None,
    numerics: str | None = None,
) -> Quantized:
    """Climb the ladder until little enough is lost on the held-out rows.

    Its rungs: int8 calibrated (ptq), trained as well (qat), the better of these with 16-bit
    activations where they take enough noise away (mixed), 16-bit activations everywhere (int16x8).
    Too much is more than `max_drop`, or outputs that are off by more than a twentieth of their
    standard deviation. The lower rung stays where the higher one is no better; all are `tried`.

    Args:
        model: the trained float model, as `export.to_litert` takes one; it is left alone.
        data: held-out rows are the validation rows (training rows, where there are none); the test
            rows are not used.
        max_drop: points of accuracy, or percent of RMSE. One row is always acceptable.
        calibration_rows: at most this many, at least 16.
        fine_tuning: how the second rung is trained.
        seed: of the choice of calibration rows.
        on_epoch: as of `quantize_aware`, if it comes to that.
        numerics: the one format to stay at, calibrated, then trained; None: int8 and those above.

    Raises:
        UnknownLayer: a layer that the twin cannot express.
        UserError: as `zoo.quantization.quantize`.

    Examples:
        >>> quantized = tuning.quantize(run.load_model(), data, max_drop=0.5)
        >>> quantized.rung
        'ptq'
        >>> result = export.to_litert(run, quantized=quantized)
    """
    stage("quantizing, and comparing with the float model on held-out rows")
    model = flattened(model)
    allowed = data.task.bound(max_drop, _held_out(data)[1])
    tried: list[Tried] = []

    def ranked(one: Tried) -> tuple[float, float]:
        return max(one.drop, allowed), one.noise

    def climb(made: Quantized) -> bool:
        """Take a rung down; return whether it does."""
        tried.append(Tried(made, *held_out_loss(model, data, made)))
        return tried[-1].drop <= allowed and tried[-1].noise <= NOISE

    def best() -> Quantized:
        return min(tried, key=ranked).quantized  # the lowest of equals

    def calibrate_for(numerics: Numerics) -> Quantized:
        return calibrated(model, data, rows=calibration_rows, seed=seed, numerics=numerics)

    first = calibrate_for(INT8 if numerics is None else NUMERICS[numerics])
    if not climb(first) and first.twin.numerics.integer:
        climb(quantize_aware(model, data, start=first, fine_tuning=fine_tuning, on_epoch=on_epoch))
    above: list[Callable[[], Quantized]] = [
        lambda: _mixed(model, best()),
        lambda: calibrate_for(INT16X8),
    ]
    for make in above if numerics is None else []:
        if min(tried, key=ranked).drop <= allowed:
            break  # noise alone is not worth what 16 bits cost
        climb(make())
    return replace(best(), tried=tuple(tried))


def _mixed(model: keras.Model, start: Quantized) -> Quantized:
    """Return a twin of int8 with some of its ranges wide."""
    twin = _copy(model, start.twin)
    widen(twin, start.rows.fed(), np.asarray(model.predict(start.rows.x, verbose=0)))
    return replace(start, twin=twin)


def held_out_loss(model: keras.Model, data: Data, quantized: Quantized) -> tuple[float, float]:
    """Return what a twin loses on the held-out rows: its drop, and its distance from float.

    The drop is in points or percent of RMSE, the distance in standard deviations of the outputs,
    of the first rows where outputs of all are too many.
    """
    x, y = _held_out(data)
    twin, task, ending = quantized.twin, data.task, data.task.ending(model)
    pairs, away = [], list[float]()
    for rows in portions(task, x):
        of_float = np.asarray(model.predict(x[rows], verbose=0))
        of_int8 = np.asarray(predict(twin, quantized.rows.fed(x[rows]), Rounded(twin.numerics)))
        both = (task.logits(outputs, ending, TINY) for outputs in (of_float, of_int8))
        pairs.append([task.compact(outputs) for outputs in both])
        if not away:
            away.append(distance(twin, of_int8, of_float))
    first, second = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    return task.lost(y, first, second), away[0]


def int8_score(model: keras.Model, data: Data) -> float:
    """Return accuracy, or RMSE in units of the targets, of the calibrated twin on held-out rows.

    Raises:
        UnknownLayer: a layer that the twin cannot express.
        UserError: as `zoo.quantization.quantize`.
    """
    x, y = _held_out(data)
    first = calibrated(model, data)

    def outputs(rows: np.ndarray) -> np.ndarray:
        return np.asarray(predict(first.twin, first.rows.fed(rows), Int8()))

    found = compacted(data.task, x, outputs)
    return data.task.reached(y, found, data.task.units(data.y_train))


def _held_out(data: Data) -> tuple[np.ndarray, np.ndarray]:
    if len(data.x_validation):
        return data.x_validation, data.y_validation
    return data.x_train, data.y_train


def _copy(model: keras.Model, twin: Twin) -> Twin:
    """Return a twin of its own, without the optimizer of the one that was trained."""
    copy = make_twin(model, twin.host)
    copy.set_weights(twin.get_weights())
    copy.numerics = twin.numerics
    for one, other in zip(copy._flatten_layers(), twin._flatten_layers(), strict=True):
        if isinstance(one, Range):
            one.wide = other.wide
    return copy
