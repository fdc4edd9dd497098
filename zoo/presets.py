"""The table of named models, and models built from it.

A preset is a line here: family, arguments, parameter count, source. Adding a line adds the model to
`list_models`, to the search and to every conformance test.
"""

import fnmatch
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from zoo.checks import UserError, near
from zoo.cnn import CNN
from zoo.gru import GRU
from zoo.inception import Inception
from zoo.lite import LITE
from zoo.mlp import MLP
from zoo.transformer import Transformer
from zoo.vit import ViT

FAMILIES: dict[str, Callable[..., keras.Model]] = {
    "mlp": MLP,
    "cnn": CNN,
    "gru": GRU,
    "lite": LITE,
    "inception": Inception,
    "transformer": Transformer,
    "vit": ViT,
}

# family -> (input shape, outputs) at which the parameters of its presets are declared
REFERENCE: dict[str, tuple[tuple[int, ...], int]] = {
    "mlp": ((30,), 2),
    "cnn": ((32, 32, 3), 10),
    "gru": ((8, 8), 10),
    "lite": ((128, 1), 10),
    "inception": ((128, 1), 10),
    "transformer": ((128, 1), 10),
    "vit": ((32, 32, 3), 10),
}


@dataclass(frozen=True)
class Preset:
    """A named architecture size. `parameters` counts all weights at `REFERENCE[family]`."""

    family: str
    arguments: Mapping[str, Any]
    parameters: int
    source: str


RESNET = "ResNet for CIFAR, He et al. 2016, arXiv:1512.03385, section 4.2"
PRESETS: dict[str, Preset] = {
    "mlp_tiny": Preset("mlp", {"units": 32, "depth": 1}, 1_214, "for tests"),
    "mlp_small": Preset(
        "mlp", {"units": 128, "depth": 2}, 21_566, "Gorishniy et al. 2021, arXiv:2106.11959"
    ),
    "mlp_base": Preset(
        "mlp",
        {"units": 256, "depth": 3},
        142_398,
        "RealMLP-TD's sizes, arXiv:2407.04491, table A.1",
    ),
    "cnn_tiny": Preset("cnn", {"filters": (6, 12)}, 3_184, "for tests"),
    "cnn_small": Preset(
        "cnn", {"filters": (16, 32, 64)}, 78_672, "ResNet-8 of MLPerf Tiny (mlcommons/tiny)"
    ),
    "cnn_base": Preset(
        "cnn", {"filters": (16, 32, 64), "blocks": 3}, 274_448, "ResNet-20: " + RESNET
    ),
    "cnn_depthwise_tiny": Preset(
        "cnn", {"block": "depthwise", "filters": (16, 32)}, 2_304, "for tests"
    ),
    "cnn_depthwise_small": Preset(
        "cnn",
        {
            "block": "depthwise",
            "filters": (64,),
            "blocks": 4,
            "stem_kernel": (10, 4),
            "stem_stride": 2,
        },
        29_904,
        "DS-CNN of MLPerf Tiny (mlcommons/tiny), arXiv:1711.07128",
    ),
    "gru_tiny": Preset("gru", {"units": 24}, 2_714, "for tests"),
    "gru_small": Preset("gru", {"units": 64}, 14_874, "Cho et al. 2014, arXiv:1406.1078"),
    "gru_base": Preset(
        "gru", {"units": 128, "depth": 2}, 153_370, "Cho et al. 2014, arXiv:1406.1078"
    ),
    "gru_conv_tiny": Preset(
        "gru", {"units": 16, "front_filters": 8, "front_kernel": 3}, 1_658, "for tests"
    ),
    "gru_conv_small": Preset(
        "gru",
        {"units": 64, "front_filters": 32},
        20_890,
        "CRNN, arXiv:1703.05390, with its 32 filters and one layer of 64 units",
    ),
    "gru_bidirectional_small": Preset(
        "gru", {"units": 48, "bidirectional": True}, 17_690, "Schuster and Paliwal 1997"
    ),
    "gru_lstm_tiny": Preset("gru", {"cell": "lstm", "units": 20}, 2_546, "for tests"),
    "gru_lstm_small": Preset(
        "gru",
        {"cell": "lstm", "units": 64},
        19_354,
        "Hochreiter and Schmidhuber 1997, of gru_small's size",
    ),
    "lite_tiny": Preset(
        "lite", {"filters": 12, "kernel": 8, "patterns": (2, 4, 8)}, 1_540, "for tests"
    ),
    "lite_small": Preset("lite", {}, 12_132, "LITE, arXiv:2409.02869, as published"),
    "inception_tiny": Preset(
        "inception", {"filters": 4, "depth": 3, "kernel": 8, "bottleneck": 4}, 1_208, "for tests"
    ),
    "inception_small": Preset(
        "inception",
        {"filters": 8, "bottleneck": 8},
        27_940,
        "a quarter of inception_base",
    ),
    "inception_base": Preset("inception", {}, 423_532, "InceptionTime's network, arXiv:1909.04939"),
    "transformer_tiny": Preset(
        "transformer", {"width": 12, "depth": 2, "heads": 2}, 3_648, "for tests"
    ),
    "transformer_small": Preset(
        "transformer",
        {"width": 64, "depth": 3},
        106_380,
        "3 blocks as in arXiv:2010.02803",
    ),
    "vit_tiny": Preset("vit", {"width": 12, "depth": 2, "heads": 2}, 4_204, "for tests"),
    "vit_small": Preset(
        "vit",
        {"width": 64, "depth": 4, "heads": 4},
        143_056,
        "half of CCT-4's width, arXiv:2104.05704",
    ),
    "vit_small_sigmoid": Preset(
        "vit",
        {"width": 64, "depth": 4, "heads": 4, "attention": "sigmoid"},
        143_056,
        "vit_small with the attention of arXiv:2409.04431, which LiteRT and Ethos-U run fast",
    ),
    "vit_base": Preset(
        "vit",
        {"width": 128, "depth": 6, "heads": 4},
        814_224,
        "between CCT-4 and CCT-6, arXiv:2104.05704",
    ),
}


@dataclass(frozen=True)
class ModelSpec:
    """All that describes an architecture, in JSON types; with weights it is a model."""

    preset: str
    input_shape: tuple[int, ...]
    num_outputs: int
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lists = {k: list(v) if isinstance(v, tuple) else v for k, v in self.overrides.items()}
        object.__setattr__(self, "overrides", lists)  # as JSON gives them back

    def build(self) -> keras.Model:
        """Build the model with fresh weights. Raises UserError for what cannot be built."""
        preset = find_preset(self.preset)
        factory = FAMILIES[preset.family]
        known = factory_arguments(preset.family)
        for name in self.overrides:
            if name not in known:
                raise UserError(f"{self.preset} has no argument {name!r}. {near(name, known)}")
        model = factory(
            self.input_shape, self.num_outputs, **{**preset.arguments, **self.overrides}
        )
        model.name = self.preset
        return model


def factory_arguments(family: str) -> dict[str, Any]:
    """Return the keyword arguments of a family's factory and their defaults."""
    signature = inspect.signature(FAMILIES[family])
    keyword = inspect.Parameter.KEYWORD_ONLY
    return {name: p.default for name, p in signature.parameters.items() if p.kind is keyword}


def find_preset(name: str) -> Preset:
    """Return the preset called `name`; raise UserError with near matches for an unknown one."""
    if name not in PRESETS:
        raise UserError(f"There is no preset {name!r}. {near(name, PRESETS)}")
    return PRESETS[name]


def list_models(pattern: str = "*") -> list[str]:
    """Return the preset names that match a shell pattern, such as "vit*"; empty if none does."""
    return [name for name in PRESETS if fnmatch.fnmatchcase(name, pattern)]


def create_model(
    preset: str, input_shape: tuple[int, ...], num_outputs: int, **overrides: Any
) -> keras.Model:
    """Build a preset for given rows.

    Args:
        preset: a name from `list_models()`.
        input_shape: shape of one row: `(features,)`, `(steps, features)` or
            `(height, width, channels)`.
        num_outputs: classes, or regression targets.
        **overrides: arguments of the family's factory that differ from the preset's.

    Returns:
        A functional model that gives logits, `(batch, num_outputs)`.

    Raises:
        UserError: an unknown preset or argument (near matches are named), an argument out of
            range, or rows that this family cannot take.
    """
    return ModelSpec(preset, tuple(input_shape), num_outputs, overrides).build()
