"""Families of architectures: one record each.

To add one: its factory in `zoo.models`, a record here, its presets beside this file, and its search
space in `tuning.spaces`. Tests and commands find it here.
"""

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.data.kinds import Kind
from zoo.models.shapes import TAKEN
from zoo.presets.preset import Rows

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Family:
    """An architecture of any size.

    Attributes:
        name: that of its presets begins with it.
        made_by: module and name of its factory, which imports Keras when it is used first.
        reference: input shape and outputs at which the parameters of its presets are declared,
            unless a preset has its own.
        gives: for a row: "values", a "mask", "boxes" or "points"; a task asks for one of these.
        stages: arguments that shape stages of its own, which another preset as `backbone` replaces.
    """

    name: str
    made_by: str
    reference: Rows
    gives: str = "values"
    stages: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Kinds of the rows that it takes; it is made for the first."""
        return TAKEN[self.name]

    @property
    def factory(self) -> "Callable[..., keras.Model]":
        """(input shape, outputs, arguments) -> model."""
        module, _, name = self.made_by.rpartition(".")
        made: Callable[..., keras.Model] = getattr(import_module(module), name)
        return made

    @property
    def names(self) -> list[str]:
        """Names of the keyword arguments, as the source has them: Keras is not imported."""
        module, _, name = self.made_by.rpartition(".")
        found = find_spec(module)
        assert found is not None
        assert found.origin is not None
        tree = ast.parse(Path(found.origin).read_text(encoding="utf-8"))
        functions = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef)}
        return [one.arg for one in functions[name].args.kwonlyargs]

    @property
    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of the factory, and their defaults."""
        signature = inspect.signature(self.factory)
        keyword = inspect.Parameter.KEYWORD_ONLY
        return {name: p.default for name, p in signature.parameters.items() if p.kind is keyword}


FAMILIES = {
    family.name: family
    for family in (
        Family("mlp", "zoo.models.mlp.MLP", ((30,), 2)),
        Family("cnn", "zoo.models.cnn.CNN", ((32, 32, 3), 10)),
        Family("gru", "zoo.models.gru.GRU", ((8, 8), 10)),
        Family("lite", "zoo.models.lite.LITE", ((128, 1), 10)),
        Family("inception", "zoo.models.inception.Inception", ((128, 1), 10)),
        Family("transformer", "zoo.models.transformer.Transformer", ((128, 1), 10)),
        Family("vit", "zoo.models.vit.ViT", ((32, 32, 3), 10)),
        Family("unet", "zoo.models.dense.unet.UNet", ((64, 64, 1), 2), "mask"),
        Family(
            "aspp",
            "zoo.models.dense.aspp.ASPP",
            ((96, 96, 3), 2),
            "mask",
            ("filters", "blocks", "expansion", "drop_path"),
        ),
        Family("text_gru", "zoo.models.texts.TextGRU", ((64,), 10)),
        Family("text_cnn", "zoo.models.texts.TextCNN", ((64,), 10)),
        Family("text_transformer", "zoo.models.texts.TextTransformer", ((64,), 10)),
        Family(
            "detect",
            "zoo.models.dense.detector.Detector",
            ((96, 96, 3), 2),
            "boxes",
            ("filters", "blocks", "block", "expansion", "stem_stride"),
        ),
        Family("centroid", "zoo.models.dense.detector.Centroid", ((96, 96, 3), 2), "points"),
        Family("pretrained", "zoo.pretrained.backbones.Pretrained", ((224, 224, 3), 10)),
    )
}
