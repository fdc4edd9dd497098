"""The recipe: how a model is trained, as a value."""

import math
from dataclasses import dataclass, replace

from zoo.checks import at_least, flag, in_range, one_of, share

SCHEDULES = ("cosine", "one-cycle", "constant")
BALANCE = ("none", "weights", "sampling")
TREES = "trees"  # a teacher that is no run folder
METRIC, SQUARED = "metric", "squared"
LOSSES = (METRIC, SQUARED)
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Recipe:
    """All choices of a training; 0, false and "none" are off.

    AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101). What changes rows changes training rows
    only, in the order given here; a "side" is an axis of an image, or the steps of a sequence.

    Attributes:
        epochs: passes over the training rows, at least 1.
        batch_size: rows per step, at least 1.
        learning_rate: peak rate, after warm-up; in (0, 1).
        schedule: "cosine" to zero or "constant", both after a linear warm-up; or "one-cycle" (Smith
            & Topin 2018, arXiv:1708.07120), which has a rise of its own.
        warmup: share of all steps, in [0, 1).
        weight_decay: decoupled, in [0, 10); biases, norms and positions are exempt.
        ema: in [0, 1): momentum of the average over the weights of all steps, which is then what
            is validated and kept (Polyak & Juditsky 1992; Tan & Le 2019, arXiv:1905.11946). The
            statistics of BatchNorm, an average themselves, stay.
        label_smoothing: in [0, 1); classification only.
        focal: exponent of the focal loss, in [0, 10) (Lin et al. 2017, arXiv:1708.02002: 2);
            classification only.
        balance: "weights" or "sampling" makes rare classes count as much as others, in the loss or
            by being drawn more often; classification only.
        loss: of numbers: "metric" minimizes what they are judged by: squared errors, absolute ones
            for mae, those of the target's share for mape, of the quantile for pinball; "squared"
            minimizes squared errors whatever the metric.
        precision: "float32", or "bfloat16" for accelerators that compute faster in it; the
            training's only.
        distill: share of a teacher's answer in the targets, in [0, 1); needs a teacher.
        mosaic: share of the images that are made of four each, boxes only; in [0, 1]
            (Bochkovskiy et al. 2020, arXiv:2004.10934).
        shift: rows are moved by up to this share of each side, edges repeated; in [0, 0.5).
        flip: images are mirrored left to right, every second one.
        zoom: images are enlarged or shrunk by up to this share, then cropped or their edges
            repeated, anywhere; in [0, 1).
        randaugment: magnitude, in [0, 1), of two operations an image (Cubuk et al. 2020,
            arXiv:1909.13719).
        warp: spread of the speed at which a sequence is read, in [0, 1) (Um et al. 2017,
            arXiv:1706.00527: 0.2).
        scaling: spread of a factor for each feature of a sequence, in [0, 1) (there: 0.1).
        jitter: noise on series and tables, in standard deviations of the feature, in [0, 1) (there:
            0.05).
        cutout: side of a box that is blanked, a share of the image's, in [0, 1) (DeVries &
            Taylor 2017, arXiv:1708.04552); of a sequence, a span of steps.
        specaugment: widest stripe that is blanked along each of the first two axes, a share of
            theirs, in [0, 1) (Park et al. 2019, arXiv:1904.08779).
        mixup: alpha of the blend of two rows, in [0, 10) (Zhang et al. 2018, arXiv:1710.09412:
            0.2).
        cutmix: alpha of the share that a box of another row covers, in [0, 10) (Yun et al. 2019,
            arXiv:1905.04899: 1); with mixup, each batch takes one of the two.
        frozen: share of the epochs, the first ones, in which only the last layer is trained, in
            [0, 1]; of a model for masks or boxes all but its backbone. What a last layer reads is
            computed once, so nothing changes rows then; maps of a backbone, for 16 changed copies.
        unfreeze: share of the other layers, the last ones, that are trained too in the epochs
            after these, in [0, 1]; their BatchNorms stay as they are.
        backbone_rate: what `learning_rate` is multiplied with in these, in (0, 1).
        patience: epochs without a better validation loss before training stops and the best weights
            return; 0 trains to the end and keeps the last weights.
        clip_norm: largest global norm of a gradient; 0 is off.
        seed: of shuffling and dropout, at least 0.

    Raises:
        UserError: a value out of range.

    Examples:
        >>> recipe = tuning.Recipe(epochs=20, schedule="one-cycle", mixup=0.2)
        >>> recipe.batch_size, recipe.learning_rate
        (32, 0.003)
    """

    epochs: int = 60
    batch_size: int = 32
    learning_rate: float = 3e-3
    schedule: str = "cosine"
    warmup: float = 0.1
    weight_decay: float = 0.1
    ema: float = 0.0
    label_smoothing: float = 0.1
    focal: float = 0.0
    balance: str = "none"
    loss: str = METRIC
    precision: str = "float32"
    distill: float = 0.0
    mosaic: float = 0.0
    shift: float = 0.0
    flip: bool = False
    zoom: float = 0.0
    randaugment: float = 0.0
    warp: float = 0.0
    scaling: float = 0.0
    jitter: float = 0.0
    cutout: float = 0.0
    specaugment: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    frozen: float = 0.0
    unfreeze: float = 0.3
    backbone_rate: float = 0.1
    patience: int = 20
    clip_norm: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        at_least("epochs", self.epochs, 1)
        at_least("batch_size", self.batch_size, 1)
        in_range("learning_rate", self.learning_rate, 1e-12, 1)
        one_of("schedule", self.schedule, SCHEDULES)
        in_range("warmup", self.warmup, 0, 1)
        in_range("weight_decay", self.weight_decay, 0, 10)
        in_range("ema", self.ema, 0, 1)
        in_range("label_smoothing", self.label_smoothing, 0, 1)
        in_range("focal", self.focal, 0, 10)
        one_of("balance", self.balance, BALANCE)
        one_of("loss", self.loss, LOSSES)
        one_of("precision", self.precision, PRECISIONS)
        in_range("distill", self.distill, 0, 1)
        share("mosaic", self.mosaic)
        in_range("shift", self.shift, 0, 0.5)
        flag("flip", self.flip)
        for name in ("zoom", "randaugment", "warp", "scaling", "jitter", "cutout", "specaugment"):
            in_range(name, getattr(self, name), 0, 1)
        in_range("mixup", self.mixup, 0, 10)
        in_range("cutmix", self.cutmix, 0, 10)
        share("frozen", self.frozen)
        share("unfreeze", self.unfreeze)
        in_range("backbone_rate", self.backbone_rate, 1e-12, 1)
        at_least("patience", self.patience, 0)
        in_range("clip_norm", self.clip_norm, 0, math.inf)
        at_least("seed", self.seed, 0)


def without_stopping(recipe: Recipe, epochs: int) -> Recipe:
    """Return the recipe for a training of exactly `epochs`, with no validation rows to stop it."""
    return replace(recipe, epochs=epochs, patience=0)


def seed_of(seed: int, number: int) -> int:
    """Return a seed in [0, 2**32) for one of the parts, by number, of what has `seed`."""
    import numpy as np  # a third of the time that --help takes

    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
