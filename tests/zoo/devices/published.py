"""Published latencies of networks that can be estimated, and the table of `docs/guide/devices.md`.

MLPerf Tiny's are 1000 / "Median throughput" of `results/*/performance/` in the closed division of
github.com/mlcommons/tiny_results_v*, as read from these repositories. `python -m
tests.zoo.devices.published` prints the table.
"""

from dataclasses import dataclass, field
from typing import Any

import keras

import zoo
from zoo.cost.estimate import outline
from zoo.cost.graph import Graph
from zoo.cost.latency import milliseconds
from zoo.devices.device import Device

FACTOR = 1.5
RESNET, DSCNN, MOBILENET, AUTOENCODER = "ResNet-8", "DS-CNN", "MobileNetV1 0.25", "autoencoder"
LARGE = "MobileNetV1 1.0"
TINY = (RESNET, DSCNN, MOBILENET, AUTOENCODER)


@dataclass(frozen=True)
class Published:
    """Latencies of a board.

    Attributes:
        engine: what ran the networks.
        source: where that stands.
        ms: of each network, of one core: of four threads four times as much.
        other: why the estimate is not meant to hold here; None where it is.
    """

    board: str
    core: str
    mhz: float
    engine: str
    source: str
    ms: dict[str, float] = field(default_factory=dict)
    other: str | None = None


def tiny(board: str, core: str, mhz: float, engine: str, source: str, *ms: float) -> Published:
    return Published(board, core, mhz, engine, source, dict(zip(TINY, ms, strict=True)))


def vendor(board: str, core: str, mhz: float, engine: str, source: str, *ms: float) -> Published:
    ours = dict(zip(TINY, ms, strict=True))
    return Published(board, core, mhz, engine, source, ours, "a vendor's engine of 2023 or later")


L4, H7, F7 = ("cortex-m4", 120), ("cortex-m7", 280), ("cortex-m7", 216)
TABLE = (
    tiny("NUCLEO-L4R5ZI", *L4, "ONNC, CMSIS-NN", "v1.1 Skymizer", 298.7, 82.0, 172.2, 8.07),
    tiny("NUCLEO-L4R5ZI", *L4, "microTVM, CMSIS-NN", "v1.0 OctoML", 389.6, 99.8, 301.2, 8.61),
    tiny("NuMaker-M467HJ", "cortex-m4", 200, "ONNC", "v1.1 Nuvoton", 171.4, 46.2, 98.7, 4.89),
    tiny("NUCLEO-L4R5ZI", *L4, "X-CUBE-AI", "v0.7 ST", 252.8, 97.6, 254.6, 9.67),
    tiny(
        "nRF5340-DK", "cortex-m33", 128, "microTVM, CMSIS-NN", "v1.0 OctoML", 316, 76.1, 232, 6.27
    ),
    tiny("EK-RA6M4", "cortex-m33", 200, "not named", "v0.7 Renesas", 246.2, 50.6, 162.4, 4.61),
    tiny("NUCLEO-U575ZI", "cortex-m33", 160, "X-CUBE-AI", "v0.7 ST", 158.1, 54.8, 151.6, 5.73),
    tiny("NUCLEO-H7A3ZI", *H7, "X-CUBE-AI", "v0.7 ST", 70.4, 22.3, 64.4, 2.28),
    tiny("NUCLEO-H7A3ZI", *H7, "X-CUBE-AI", "v1.0 ST", 54.3, 16.8, 50.7, 1.83),
    tiny("DISCO-F746NG", *F7, "Plumerai", "v0.7 Plumerai", 65.2, 19.6, 59.4, 2.42),
    tiny("NUCLEO-G0B1RE", "cortex-m0plus", 64, "HALE", "v1.1 Bosch", 1669, 679, 1869, 46.5),
    tiny("NUCLEO-G0B1RE", "cortex-m0plus", 64, "HALE", "v1.2 Bosch", 1522, 475, 1414, 40.9),
    tiny(
        "EK-RA8D1",
        "cortex-m85",
        480,
        "LiteRT-Micro, CMSIS-NN",
        "v1.2 Renesas",
        8.48,
        3.47,
        13.4,
        0.531,
    ),
    Published(
        "ESP32-S3",
        "xtensa-lx7",
        240,
        "LiteRT-Micro, ESP-NN",
        "esp-tflite-micro, README",
        {MOBILENET: 54},
    ),
    tiny("Raspberry Pi 4", "cortex-a72", 1500, "LEIP", "v0.5 Latent AI", 1.07, 0.421, 2.60, 0.279),
    Published("Raspberry Pi 4", "cortex-a72", 1500, "XNNPACK", "its README", {LARGE: 4 * 24}),
    Published(
        "Pixel 4",
        "cortex-a76",
        2840,
        "TensorFlow Lite",
        "its performance/measurement.md",
        {LARGE: 4 * 5.0},
    ),
    Published(
        "NUCLEO-L4R5ZI",
        *L4,
        "LiteRT-Micro 2.3.1, reference kernels",
        "v0.5 reference",
        dict(zip(TINY, (704, 182, 601, 10.1), strict=True)),
        "its sources of 2021 hold no CMSIS-NN",
    ),
    vendor("NUCLEO-L4R5ZI", *L4, "X-CUBE-AI 10.2", "v1.3 ST", 165.7, 43.4, 89.4, 4.79),
    vendor(
        "NUCLEO-U575ZI", "cortex-m33", 160, "X-CUBE-AI 10.2", "v1.3 ST", 109.5, 29.0, 59.3, 3.21
    ),
    vendor("NUCLEO-H7A3ZI", *H7, "X-CUBE-AI", "v1.2 ST", 40.8, 11.3, 23.8, 1.23),
    vendor("DISCO-F746NG", *F7, "Plumerai 2023.05", "v1.1 Plumerai", 62.9, 17.7, 34.1, 1.71),
    vendor("DISCO-F746NG", *F7, "HALE", "v1.1 Bosch", 61.6, 18.4, 57.2, 1.70),
)
# cycles by Vela 5.2, with the settings of `export.runtimes.ethos`; the last network was not used to
# find the coefficients
VELA = {
    "ethos-u55-128": (214374, 88006, 368836, 281504, 526687),
    "ethos-u55-256": (148490, 63088, 318695, 281504, 399182),
    "ethos-u65-512": (111667, 45517, 276503, 281936, 298128),
}
MOBILE = "MobileNetV2 0.5"


def _autoencoder() -> keras.Model:
    x = inputs = keras.Input((640,))
    for units in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = keras.layers.Dense(units)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    return keras.Model(inputs, keras.layers.Dense(640)(x))


def networks() -> dict[str, Graph]:
    """Return the operators of each network."""
    mobilenet: Any = keras.applications.MobileNet
    made = {
        RESNET: zoo.create_model("cnn_small", (32, 32, 3), 10),
        DSCNN: zoo.create_model("cnn_depthwise_small", (49, 10, 1), 12),
        MOBILENET: mobilenet((96, 96, 3), alpha=0.25, weights=None, classes=2),
        AUTOENCODER: _autoencoder(),
        LARGE: mobilenet(weights=None),
        MOBILE: zoo.create_model("cnn_mobile_small", (96, 96, 3), 2),
    }
    return {name: outline(model) for name, model in made.items()}


def estimated(graph: Graph, core: str, mhz: float) -> float:
    return milliseconds(graph, Device("board", "Board", core, mhz, None, None))


def lines(graphs: dict[str, Graph]) -> list[str]:
    """Return the rows of the table in `docs/guide/devices.md`."""
    found = []
    for one in TABLE:
        cells = []
        for name in (*TINY, LARGE):
            if name in one.ms:
                ms = estimated(graphs[name], one.core, one.mhz)
                cells.append(f"{_short(ms)} / {_short(one.ms[name])} ({ms / one.ms[name]:.2f})")
            else:
                cells.append("")
        engine = f"{one.engine}; {one.source}" + ("*" if one.other else "")
        found.append(
            f"| {one.board}, {one.core} at {one.mhz} MHz | {engine} | {' | '.join(cells)} |"
        )
    return found


def _short(ms: float) -> str:
    return f"{ms:,.0f}" if ms >= 100 else f"{ms:.3g}"


if __name__ == "__main__":
    print("\n".join(lines(networks())))
