"""The tables' part of the preset table: MLP."""

from zoo.presets.preset import Preset

TABLES: dict[str, Preset] = {
    "mlp_tiny": Preset("mlp", {"units": 32, "depth": 1}, 1_154, "for tests"),
    "mlp_small": Preset(
        "mlp", {"units": 128, "depth": 2}, 21_506, "Gorishniy et al. 2021, arXiv:2106.11959"
    ),
    "mlp_base": Preset(
        "mlp",
        {"units": 256, "depth": 3},
        142_338,
        "RealMLP-TD's sizes, arXiv:2407.04491, table A.1",
    ),
    "mlp_ple_tiny": Preset("mlp", {"units": 24, "depth": 1, "bins": 4}, 3_266, "for tests"),
    "mlp_tabm_tiny": Preset(
        "mlp", {"units": 24, "depth": 1, "bins": 2, "members": 3}, 1_982, "for tests"
    ),
    "mlp_ple_small": Preset(
        "mlp", {"units": 128, "depth": 2, "bins": 8}, 48_866, "MLP-PLE, arXiv:2203.05556"
    ),
    "mlp_ple_base": Preset(
        "mlp",
        {"units": 256, "depth": 3, "bins": 16},
        258_498,
        "RealMLP-TD-S's sizes, arXiv:2407.04491, table A.1, with the encoding of arXiv:2203.05556",
    ),
    "mlp_tabm_small": Preset(
        "mlp",
        {"units": 128, "depth": 2, "bins": 8, "members": 8},
        52_578,
        "TabM-mini with its encoding and a quarter of its members, arXiv:2410.24210",
    ),
}
