"""Families of architectures: one record each.

To add one: its factory in `zoo.models`, a record here, its presets beside this file, and its search
space in `tuning.spaces`. Tests and commands find it here.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from zoo.data.kinds import IMAGE, TEXT, Kind
from zoo.models import cnn, gru, inception, lite, mlp, texts, transformer, vit
from zoo.presets.preset import Rows
from zoo.pretrained.backbones import Pretrained


@dataclass(frozen=True)
class Family:
    """An architecture of any size.

    Attributes:
        name: that of its presets begins with it.
        factory: (input shape, outputs, arguments) -> model.
        kinds: of the rows that it takes; it is made for the first.
        reference: input shape and outputs at which the parameters of its presets are declared,
            unless a preset has its own.
    """

    name: str
    factory: Callable[..., keras.Model]
    kinds: tuple[Kind, ...]
    reference: Rows

    @property
    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of the factory, and their defaults."""
        signature = inspect.signature(self.factory)
        keyword = inspect.Parameter.KEYWORD_ONLY
        return {name: p.default for name, p in signature.parameters.items() if p.kind is keyword}


FAMILIES = {
    family.name: family
    for family in (
        Family("mlp", mlp.MLP, mlp.KINDS, ((30,), 2)),
        Family("cnn", cnn.CNN, cnn.KINDS, ((32, 32, 3), 10)),
        Family("gru", gru.GRU, gru.KINDS, ((8, 8), 10)),
        Family("lite", lite.LITE, lite.KINDS, ((128, 1), 10)),
        Family("inception", inception.Inception, inception.KINDS, ((128, 1), 10)),
        Family("transformer", transformer.Transformer, transformer.KINDS, ((128, 1), 10)),
        Family("vit", vit.ViT, vit.KINDS, ((32, 32, 3), 10)),
        Family("text_gru", texts.TextGRU, (TEXT,), ((64,), 10)),
        Family("text_cnn", texts.TextCNN, (TEXT,), ((64,), 10)),
        Family("text_transformer", texts.TextTransformer, (TEXT,), ((64,), 10)),
        Family("pretrained", Pretrained, (IMAGE,), ((224, 224, 3), 10)),
    )
}
