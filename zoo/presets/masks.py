"""Presets for masks: U-Net and LR-ASPP."""

from zoo.presets.preset import Preset

UNET = "the width of U-Net, arXiv:1505.04597, figure 1"
MOBILE = "with the blocks of MobileNet, arXiv:1704.04861, figure 3"
LR_ASPP = "LR-ASPP, arXiv:1905.02244, figure 10, on MobileNetV2's blocks"

MASKS: dict[str, Preset] = {
    "unet_tiny": Preset("unet", {"filters": (4, 8)}, 1_746, "for tests"),
    "unet_small": Preset(
        "unet", {"filters": (8, 16, 32, 64)}, 121_746, f"an eighth of {UNET}, a size less"
    ),
    "unet_base": Preset(
        "unet", {"filters": (16, 32, 64, 128)}, 483_874, f"a quarter of {UNET}, a size less"
    ),
    "unet_mobile_tiny": Preset(
        "unet", {"filters": (8, 16), "block": "depthwise"}, 1_874, "for tests"
    ),
    "unet_mobile_small": Preset(
        "unet",
        {"filters": (16, 32, 64, 128), "block": "depthwise"},
        71_778,
        f"a quarter of {UNET}, a size less, {MOBILE}",
    ),
    "aspp_tiny": Preset("aspp", {"filters": (4, 8), "expansion": 3, "head": 8}, 976, "for tests"),
    "aspp_small": Preset(
        "aspp", {"filters": (8, 16, 24, 40), "blocks": (1, 2, 3, 3)}, 96_468, LR_ASPP
    ),
}
