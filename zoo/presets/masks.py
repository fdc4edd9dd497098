"""Presets for masks: U-Net and LR-ASPP."""

from zoo.presets.preset import Preset

UNET = "U-Net, arXiv:1505.04597, figure 1"
LR_ASPP = "LR-ASPP, arXiv:1905.02244, figure 10"

MASKS: dict[str, Preset] = {
    "unet_tiny": Preset("unet", {"filters": (4, 8)}, 0, "for tests"),
    "unet_small": Preset(
        "unet", {"filters": (8, 16, 32, 64)}, 0, f"an eighth of the width of {UNET}"
    ),
    "unet_base": Preset(
        "unet", {"filters": (16, 32, 64, 128)}, 0, f"a quarter of the width of {UNET}"
    ),
    "unet_mobile_tiny": Preset("unet", {"filters": (4, 8), "block": "depthwise"}, 0, "for tests"),
    "unet_mobile_small": Preset(
        "unet", {"filters": (16, 32, 64, 128), "block": "depthwise"}, 0, "x"
    ),
    "aspp_tiny": Preset("aspp", {"filters": (4, 8), "expansion": 3, "head": 8}, 0, "for tests"),
    "aspp_small": Preset(
        "aspp", {"filters": (8, 16, 24, 40), "blocks": (1, 2, 3, 3)}, 0, f"x {LR_ASPP}"
    ),
}
