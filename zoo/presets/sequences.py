"""Presets for sequences: GRU, LITE, Inception and Transformer."""

from zoo.presets.preset import Preset

CHO = "Cho et al. 2014, arXiv:1406.1078"

SEQUENCES: dict[str, Preset] = {
    "gru_tiny": Preset("gru", {"units": 24}, 2_698, "for tests"),
    "gru_small": Preset("gru", {"units": 64}, 14_858, CHO),
    "gru_base": Preset("gru", {"units": 128, "depth": 2}, 153_354, CHO),
    "gru_conv_tiny": Preset(
        "gru", {"units": 16, "front_filters": 8, "front_kernel": 3}, 1_642, "for tests"
    ),
    "gru_conv_small": Preset(
        "gru",
        {"units": 64, "front_filters": 32},
        20_874,
        "CRNN, arXiv:1703.05390, with its 32 filters and one layer of 64 units",
    ),
    "gru_bidirectional_small": Preset(
        "gru", {"units": 48, "bidirectional": True}, 17_674, "Schuster and Paliwal 1997"
    ),
    "gru_lstm_tiny": Preset("gru", {"cell": "lstm", "units": 20}, 2_530, "for tests"),
    "gru_lstm_small": Preset(
        "gru",
        {"cell": "lstm", "units": 64},
        19_338,
        "Hochreiter and Schmidhuber 1997, of gru_small's size",
    ),
    "lite_tiny": Preset(
        "lite", {"filters": 12, "kernel": 8, "patterns": (2, 4, 8)}, 1_538, "for tests"
    ),
    "lite_small": Preset("lite", {}, 12_130, "LITE, arXiv:2409.02869, as published"),
    "inception_tiny": Preset(
        "inception", {"filters": 4, "depth": 3, "kernel": 8, "bottleneck": 4}, 1_206, "for tests"
    ),
    "inception_small": Preset(
        "inception", {"filters": 8, "bottleneck": 8}, 27_938, "a quarter of inception_base"
    ),
    "inception_base": Preset("inception", {}, 423_530, "InceptionTime's network, arXiv:1909.04939"),
    "transformer_tiny": Preset(
        "transformer", {"width": 12, "depth": 2, "heads": 2}, 3_646, "for tests"
    ),
    "transformer_small": Preset(
        "transformer", {"width": 64, "depth": 3}, 106_378, "3 blocks as in arXiv:2010.02803"
    ),
}
