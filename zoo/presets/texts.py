"""Presets for texts; the vocabulary of the data sets the number of words."""

from zoo.presets.preset import Preset

KIM = "Kim 2014, arXiv:1408.5882"

TEXTS: dict[str, Preset] = {
    "text_gru_tiny": Preset(
        "text_gru", {"words": 200, "width": 8, "units": 12}, 3_434, "for tests"
    ),
    "text_gru_small": Preset(
        "text_gru", {}, 88_586, "one layer read from both ends: Schuster and Paliwal 1997"
    ),
    "text_cnn_tiny": Preset(
        "text_cnn", {"words": 200, "width": 8, "filters": 8}, 2_714, "for tests"
    ),
    "text_cnn_small": Preset("text_cnn", {}, 77_642, f"a third of text_cnn_base, {KIM}"),
    "text_cnn_base": Preset(
        "text_cnn",
        {"width": 64, "filters": 100, "dropout": 0.5},
        209_010,
        f"{KIM}, section 3.1, with shorter vectors that are learned",
    ),
    "text_transformer_tiny": Preset(
        "text_transformer", {"words": 200, "width": 8, "depth": 1, "heads": 2}, 2_842, "for tests"
    ),
    "text_transformer_small": Preset(
        "text_transformer", {}, 83_658, "2 blocks, sigmoid attention: arXiv:2409.04431"
    ),
}
