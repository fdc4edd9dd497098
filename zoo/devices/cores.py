"""Clock cycles of processors by kind of operator, as far as they are published.

They are of the kernels that LiteRT-Micro and LiteRT run there on int8 files: CMSIS-NN on Cortex-M,
ESP-NN on the ESP32-S3, XNNPACK on Cortex-A. Three or four numbers a core are fitted, by hand and
to two digits, to what its sources publish; `docs/guide/devices.md` shows how well they give it
back.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Core:
    """A processor.

    Attributes:
        conv, depthwise, dense, matmul: clock cycles of a multiply-accumulate, by the operator that
            it belongs to (matmul: of two activations).
        output: of an element that any operator makes: requantization, or the copy of it.
        softmax: of an element of a SOFTMAX, beside that.
        constant: of a byte of weights, where they are read from slow memory.
        operator: of a call.
        source: where the numbers are from.
        system: of an Ethos-U: Vela's name for the system around it, with its memories.
    """

    conv: float
    depthwise: float
    dense: float
    matmul: float
    output: float
    operator: float
    source: str
    softmax: float = 43.0  # ESP-NN's plain C on an ESP32-P4, README of 1.5
    constant: float = 0.0
    system: str | None = None


TINY = "MLPerf Tiny, closed division (github.com/mlcommons/tiny_results_v*)"
M0 = f"{TINY} v1.1 and v1.2, Bosch on NUCLEO-G0B1RE"
M4 = f"{TINY} v1.0, OctoML, and v1.1, Skymizer, on NUCLEO-L4R5ZI with CMSIS-NN"
M33 = f"{TINY} v0.7, Renesas on EK-RA6M4, and v1.0, OctoML on nRF5340 with CMSIS-NN"
M7 = f"CMSIS-NN, arXiv:1801.06601, table 1; {TINY} v0.7, ST on NUCLEO-H7A3ZI-Q"
M85 = f"{TINY} v1.2, Renesas on EK-RA8D1, LiteRT-Micro with CMSIS-NN"
M55 = f"1.2 times the cycles of a Cortex-M85, for which Arm claims a fifth more: {M85}"
LX7 = "ESP-NN, README of github.com/espressif/esp-nn: kernels on an ESP32-S3"
A72 = f"XNNPACK's README: MobileNets on a Raspberry Pi 4; {TINY} v0.5, Latent AI"
A76 = "tensorflow/lite/g3doc/performance/measurement.md: MobileNetV1 on a Pixel 4"
VELA = "Vela 5.2 on MLPerf Tiny's four networks and vit_small_sigmoid"
NPU = "ethos-u55-128"  # where a file is compiled for an Ethos-U and none is named
HIGH, LOW = "Ethos_U55_High_End_Embedded", "Ethos_U65_Embedded"  # a byte of flash a cycle

CORES = {
    "cortex-m0plus": Core(8.5, 25, 10, 12, 50, 2000, M0),
    "cortex-m4": Core(2.8, 5, 3.5, 4, 10, 1500, M4),
    "cortex-m33": Core(2.6, 4.2, 3, 3.4, 8.5, 1500, M33),
    "cortex-m7": Core(1.55, 3, 2, 2.3, 6, 1000, M7),
    "cortex-m55": Core(0.27, 2.4, 1.1, 1.3, 9.5, 1200, M55),
    "cortex-m85": Core(0.22, 2, 0.9, 1.1, 8, 1000, M85),
    "xtensa-lx7": Core(1.2, 4, 2, 3, 3, 1500, LX7),
    "cortex-a72": Core(0.165, 1.1, 1, 0.3, 2.5, 1500, A72),
    "cortex-a76": Core(0.055, 0.6, 0.5, 0.1, 1.3, 1500, A76),
    NPU: Core(0.0105, 0.12, 0.01, 0.85, 0.05, 200, VELA, 19, 1, HIGH),
    "ethos-u55-256": Core(0.0055, 0.08, 0.005, 0.54, 0.05, 200, VELA, 19, 1, HIGH),
    "ethos-u65-512": Core(0.0026, 0.05, 0.003, 0.23, 0.05, 200, VELA, 19, 1, LOW),
}
