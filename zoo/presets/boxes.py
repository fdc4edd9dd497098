"""Presets for boxes and for centers of objects."""

from zoo.presets.preset import Preset

YOLOX = "YOLOX's head (arXiv:2107.08430, figure 2), with ReLU"
FOMO = "after FOMO (docs.edgeimpulse.com): cut at an eighth of the side"

BOXES: dict[str, Preset] = {
    "detect_tiny": Preset(
        "detect",
        {"filters": (16, 24, 48), "width": 24},
        70_998,
        f"ResNet-8 with {YOLOX}, two maps; an arena of 80 KB at 96x96",
    ),
    "detect_small": Preset(
        "detect",
        {"filters": (16, 32, 64), "width": 48},
        167_662,
        f"ResNet-8 with {YOLOX}, two maps; an arena of 160 KB at 192x192",
    ),
    "detect_base": Preset(
        "detect",
        {"filters": (32, 64, 128, 192), "blocks": 2, "width": 64, "depth": 2},
        2_416_213,
        f"ResNet-14, twice as wide, with {YOLOX}, three maps",
    ),
    "centroid_tiny": Preset("centroid", {"filters": (8, 16), "width": 16}, 5_666, FOMO),
    "centroid_small": Preset("centroid", {"filters": (16, 32), "width": 32}, 21_442, FOMO),
}
