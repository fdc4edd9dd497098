"""Model specifications: all that describes an architecture, and models built from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import keras

from zoo.checks import UserError
from zoo.models.shapes import WrongKind
from zoo.presets.catalogue import (
    check_arguments,
    check_gives,
    family_of,
    find_preset,
    network_of,
    patterns_for,
)
from zoo.presets.sizes import check_sizes
from zoo.pretrained.backbones import architecture_of
from zoo.pretrained.table import BACKBONES

if TYPE_CHECKING:
    from zoo.data.dataset import Data


SOURCES = ("backbone", "weights", "architecture")


@dataclass(frozen=True)
class ModelSpec:
    """All that describes an architecture, in JSON types; with weights it is a model.

    Examples:
        >>> spec = zoo.ModelSpec("mlp_tiny", (13,), 3, {"units": 64})
        >>> spec.build().output_shape
        (None, 3)
    """

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
        check_gives(preset, data.task.gives, data.kind, f"{data.name} {data.task.words.is_a}")
        given = {**find_preset(preset).arguments, **overrides}
        known = family_of(preset).arguments
        wanted: dict[str, Any] = {}
        if "words" in known and data.encoding.vocabulary is not None:
            wanted["words"] = data.encoding.vocabulary.words
        if "masked" in known and data.encoding.padding is not None:
            wanted["masked"] = not given.get("front_filters")
        network = network_of(preset, given)
        if network is not None:
            found = architecture_of(network, data.input_shape)
            wanted |= {} if found is None else {"architecture": found}
        return cls(preset, data.input_shape, data.num_outputs, {**wanted, **overrides})

    def build(self) -> keras.Model:
        """Build the model with fresh weights. Raises UserError for what cannot be built."""
        self.check()
        family = family_of(self.preset)
        arguments = {**find_preset(self.preset).arguments, **self.overrides}
        try:
            model = family.factory(self.input_shape, self.num_outputs, **arguments)
        except WrongKind as error:
            raise error.use(patterns_for(error.kind)) from None
        model.name = re.sub(r"\W+", "_", self.preset)  # TensorFlow takes no colon in names
        return model

    def check(self) -> None:
        """Raise UserError for arguments that the preset has not, and for more than can be built."""
        check_arguments(self.preset, self.overrides)
        known = family_of(self.preset).arguments
        given = {**known, **find_preset(self.preset).arguments, **self.overrides}
        check_sizes(self.preset, self.input_shape, self.num_outputs, given)

    def check_whole(self, folder: object) -> None:
        """Raise UserError where a part of it would have to be downloaded; `folder` names it."""
        given = {**find_preset(self.preset).arguments, **self.overrides}
        name = network_of(self.preset, given)
        if name is not None and name not in BACKBONES and not given.get("architecture"):
            raise UserError(
                f"{folder} names {name!r} without its architecture, which would have to be "
                "downloaded. Train the model again here."
            )

    def sources(self) -> dict[str, Any]:
        """Return the arguments that say where weights come from, which may be a network."""
        given = {**find_preset(self.preset).arguments, **self.overrides}
        return {name: given.get(name) for name in SOURCES}

    def without_weights(self) -> "ModelSpec":
        """Return the same architecture with weights that are only there to be replaced."""
        given = {**find_preset(self.preset).arguments, **self.overrides}
        if network_of(self.preset, given) is None:
            return self
        return replace(self, overrides={**self.overrides, "weights": "none"})


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

    Examples:
        >>> data = zoo.load_data("digits")
        >>> model = zoo.create_model("cnn_tiny", data.input_shape, data.num_outputs, dropout=0.1)
        >>> model.input_shape, model.output_shape
        ((None, 8, 8, 1), (None, 10))
    """
    return ModelSpec(preset, tuple(input_shape), num_outputs, overrides).build()
