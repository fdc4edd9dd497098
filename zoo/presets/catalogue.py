"""The table of named models, and models built from it.

A preset is a line here, or of the images' part: family, arguments, parameter count, source. Adding
a line adds the model to `list_models`, to the search and to every conformance test.
"""

import fnmatch
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from zoo.checks import UserError, near
from zoo.models.cnn import CNN
from zoo.models.gru import GRU
from zoo.models.inception import Inception
from zoo.models.lite import LITE
from zoo.models.mlp import MLP
from zoo.models.texts import TextCNN, TextGRU, TextTransformer
from zoo.models.transformer import Transformer
from zoo.models.vit import ViT
from zoo.presets.images import IMAGES
from zoo.presets.preset import Preset, Rows
from zoo.presets.sequences import SEQUENCES
from zoo.presets.texts import TEXTS
from zoo.pretrained import hub
from zoo.pretrained.backbones import PRETRAINED, Pretrained, architecture_of

if TYPE_CHECKING:
    from zoo.data.dataset import Data

FAMILIES: dict[str, Callable[..., keras.Model]] = {
    "mlp": MLP,
    "cnn": CNN,
    "gru": GRU,
    "lite": LITE,
    "inception": Inception,
    "transformer": Transformer,
    "vit": ViT,
    "text_gru": TextGRU,
    "text_cnn": TextCNN,
    "text_transformer": TextTransformer,
    "pretrained": Pretrained,
}

# family -> rows at which the parameters of its presets are declared, unless a preset has its own
REFERENCE: dict[str, Rows] = {
    "mlp": ((30,), 2),
    "cnn": ((32, 32, 3), 10),
    "gru": ((8, 8), 10),
    "lite": ((128, 1), 10),
    "inception": ((128, 1), 10),
    "transformer": ((128, 1), 10),
    "vit": ((32, 32, 3), 10),
    "text_gru": ((64,), 10),
    "text_cnn": ((64,), 10),
    "text_transformer": ((64,), 10),
}

PRESETS: dict[str, Preset] = {
    "mlp_tiny": Preset("mlp", {"units": 32, "depth": 1}, 1_154, "for tests"),
    "mlp_small": Preset(
        "mlp", {"units": 128, "depth": 2}, 21_506, "Gorishniy et al. 2021, arXiv:2106.11959"
    ),
    "mlp_base": Preset(
        "mlp",
        {"units": 256, "depth": 3},
        142_338,
        "RealMLP-TD's sizes, arXiv:2407.04491, table A.1",
    ),
    "mlp_ple_tiny": Preset("mlp", {"units": 24, "depth": 1, "bins": 4}, 3_266, "for tests"),
    "mlp_tabm_tiny": Preset(
        "mlp", {"units": 24, "depth": 1, "bins": 2, "members": 3}, 1_982, "for tests"
    ),
    "mlp_ple_small": Preset(
        "mlp", {"units": 128, "depth": 2, "bins": 8}, 48_866, "MLP-PLE, arXiv:2203.05556"
    ),
    "mlp_ple_base": Preset(
        "mlp",
        {"units": 256, "depth": 3, "bins": 16},
        258_498,
        "RealMLP-TD-S's sizes, arXiv:2407.04491, table A.1, with the encoding of arXiv:2203.05556",
    ),
    "mlp_tabm_small": Preset(
        "mlp",
        {"units": 128, "depth": 2, "bins": 8, "members": 8},
        52_578,
        "TabM-mini with its encoding and a quarter of its members, arXiv:2410.24210",
    ),
    **SEQUENCES,
    **TEXTS,
    **IMAGES,
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

    @classmethod
    def of(cls, preset: str, data: "Data", overrides: Mapping[str, Any]) -> "ModelSpec":
        """Describe a preset for a data set: also for its vocabulary, or its padding."""
        own = find_preset(preset)
        given = {**own.arguments, **overrides}
        known = factory_arguments(own.family)
        wanted: dict[str, Any] = {}
        if "words" in known and data.encoding.vocabulary is not None:
            wanted["words"] = data.encoding.vocabulary.words
        if "masked" in known and data.encoding.padding is not None:
            wanted["masked"] = not given.get("front_filters")
        if "architecture" in known:
            found = architecture_of(given["backbone"], data.input_shape)
            wanted |= {} if found is None else {"architecture": found}
        return cls(preset, data.input_shape, data.num_outputs, {**wanted, **overrides})

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
        model.name = re.sub(r"\W+", "_", self.preset)  # TensorFlow takes no colon in names
        return model

    def without_weights(self) -> "ModelSpec":
        """Return the same architecture with weights that are only there to be replaced."""
        if find_preset(self.preset).family != "pretrained":
            return self
        return replace(self, overrides={**self.overrides, "weights": "none"})


def factory_arguments(family: str) -> dict[str, Any]:
    """Return the keyword arguments of a family's factory and their defaults."""
    signature = inspect.signature(FAMILIES[family])
    keyword = inspect.Parameter.KEYWORD_ONLY
    return {name: p.default for name, p in signature.parameters.items() if p.kind is keyword}


def find_preset(name: str) -> Preset:
    """Return the preset called `name`, or of KerasHub's preset after "pretrained:".

    Raises:
        UserError: there is none; near matches are named.
    """
    known = PRESETS | PRETRAINED
    own = name.removeprefix("pretrained:")
    if name not in known and own != name and hub.knows(own):
        return Preset("pretrained", {"backbone": own}, 0, "KerasHub", ((224, 224, 3), 10))
    if name not in known:
        folder = own != name and Path(own).is_dir()
        hint = f"For the folder write pretrained:./{own}." if folder else near(name, known)
        raise UserError(f"There is no preset {name!r}. {hint}")
    return known[name]


def reference(name: str) -> Rows:
    """Return the input shape and the outputs at which a preset's parameters are declared."""
    preset = find_preset(name)
    return preset.reference or REFERENCE[preset.family]


def list_models(pattern: str = "*") -> list[str]:
    """Return the preset names that match a shell pattern, such as "vit*"; empty if none does."""
    return [name for name in (*PRESETS, *PRETRAINED) if fnmatch.fnmatchcase(name, pattern)]


def create_model(
    preset: str, input_shape: tuple[int, ...], num_outputs: int, **overrides: Any
) -> keras.Model:
    """Build a preset for given rows.

    Args:
        preset: a name from `list_models()`; "pretrained:NAME" comes with weights, also with the
            name of a preset of KerasHub, or of a folder that holds one.
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
