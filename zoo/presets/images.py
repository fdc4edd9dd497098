"""Presets for images: CNN and ViT."""

from typing import Any

from zoo.presets.preset import Preset

RESNET = "ResNet for CIFAR, He et al. 2016, arXiv:1512.03385, section 4.2"
MOBILE = "MobileNetV2, arXiv:1801.04381, table 2"
LITE = "EfficientNet-Lite0 (arXiv:1905.11946, table 1)"
CCT = "arXiv:2104.05704, SHI-Labs/Compact-Transformers"
COMPACT: dict[str, Any] = {
    "stem": "conv",
    "pool": "sequence",
    "mlp_ratio": 1,
    "norm": "layer",
    "qkv_bias": False,
}
KEYWORDS = ((49, 10, 1), 12)  # ten MFCC of 49 windows
PERSON = ((96, 96, 3), 2)  # Visual Wake Words

IMAGES: dict[str, Preset] = {
    "cnn_tiny": Preset("cnn", {"filters": (6, 12)}, 3_178, "for tests"),
    "cnn_small": Preset(
        "cnn", {"filters": (16, 32, 64)}, 78_666, "ResNet-8 of MLPerf Tiny (mlcommons/tiny)"
    ),
    "cnn_medium": Preset(
        "cnn", {"filters": (16, 32, 64), "blocks": 2}, 176_554, "ResNet-14: " + RESNET
    ),
    "cnn_base": Preset(
        "cnn", {"filters": (16, 32, 64), "blocks": 3}, 274_442, "ResNet-20: " + RESNET
    ),
    "cnn_depthwise_tiny": Preset(
        "cnn", {"block": "depthwise", "filters": (16, 32)}, 2_298, "for tests"
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
        24_908,
        "DS-CNN of MLPerf Tiny (mlcommons/tiny), arXiv:1711.07128",
        KEYWORDS,
    ),
    "cnn_mobile_tiny": Preset(
        "cnn",
        {
            "block": "inverted",
            "filters": (8, 12),
            "blocks": (1, 2),
            "expansion": 3,
            "activation": "relu6",
        },
        4_582,
        "for tests",
    ),
    "cnn_mobile_small": Preset(
        "cnn",
        {
            "block": "inverted",
            "filters": (8, 12, 16, 32, 48),
            "blocks": (1, 2, 3, 4, 3),
            "strides": (1, 2, 2, 2, 1),
            "stem_stride": None,
            "activation": "relu6",
        },
        166_594,
        f"half the width of {MOBILE}, without the two stages of 1/32 of the side",
        PERSON,
    ),
    "cnn_efficient_tiny": Preset(
        "cnn",
        {
            "block": "inverted",
            "filters": (6, 10),
            "blocks": (1, 2),
            "kernels": (3, 5),
            "expansion": 3,
            "activation": "relu6",
        },
        4_146,
        "for tests",
    ),
    "cnn_efficient_small": Preset(
        "cnn",
        {
            "block": "inverted",
            "filters": (8, 12, 20, 40, 56),
            "blocks": (1, 2, 2, 3, 3),
            "kernels": (3, 3, 5, 3, 5),
            "strides": (1, 2, 2, 2, 1),
            "stem_stride": None,
            "activation": "relu6",
        },
        218_530,
        f"half the width of {LITE}, without the two stages of 1/32 of the side",
        PERSON,
    ),
    "vit_tiny": Preset("vit", {"width": 12, "depth": 2, "heads": 2}, 4_198, "for tests"),
    "vit_small": Preset(
        "vit",
        {"width": 64, "depth": 4, "heads": 4},
        143_050,
        "half of CCT-4's width, arXiv:2104.05704",
    ),
    "vit_small_sigmoid": Preset(
        "vit",
        {"width": 64, "depth": 4, "heads": 4, "attention": "sigmoid"},
        143_050,
        "vit_small with the attention of arXiv:2409.04431, which LiteRT and Ethos-U run fast",
    ),
    "vit_base": Preset(
        "vit",
        {"width": 128, "depth": 6, "heads": 4},
        814_218,
        "between CCT-4 and CCT-6, arXiv:2104.05704",
    ),
    "vit_cct_tiny": Preset(
        "vit", {**COMPACT, "width": 12, "depth": 2, "heads": 2}, 3_641, "for tests"
    ),
    "vit_cct_small": Preset(
        "vit",
        {**COMPACT, "width": 128, "depth": 2, "heads": 2, "drop_path": 0.1},
        283_723,
        f"CCT-2/3x2: {CCT}",
    ),
    "vit_cct_base": Preset(
        "vit",
        {**COMPACT, "width": 128, "depth": 4, "heads": 2, "drop_path": 0.1},
        482_123,
        f"CCT-4/3x2: {CCT}",
    ),
}
