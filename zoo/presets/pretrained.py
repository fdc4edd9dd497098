"""The part of the preset table that comes with weights, and presets of KerasHub's networks."""

from zoo.presets.preset import Preset
from zoo.pretrained.table import BACKBONES

PREFIX = "pretrained:"
PRETRAINED: dict[str, Preset] = {
    f"{PREFIX}{name}": Preset(
        "pretrained", {"backbone": name}, backbone.parameters, backbone.source
    )
    for name, backbone in BACKBONES.items()
}


def of_hub(name: str) -> Preset:
    """Return the preset of a network of KerasHub; see `zoo.pretrained.hub.knows`."""
    return Preset("pretrained", {"backbone": name}, 0, "KerasHub")
