"""The devices that are known by name, each with its data sheet.

The memory is that of the board or module named, of RAM the largest block that one array can have.
"""

from zoo.devices.device import Device

KIB, MIB = 2**10, 2**20
NPU = ("litert", "ethos-u55")
CPU = ("litert",)
FVP = "Arm DAI0547 (AN547), CMSIS-Ethos-U's FVP set-up; Vela's vela.ini"
THREAD = "One thread; --targets litert,arm64 runs the file in LiteRT's aarch64 build, too."

TABLE = (
    Device(
        "arduino-nano-33-ble-sense",
        "Arduino Nano 33 BLE Sense (nRF52840)",
        "cortex-m4",
        64,
        1 * MIB,
        256 * KIB,
        "Arduino ABX00031; Nordic nRF52840 product specification",
    ),
    Device(
        "esp32-s3",
        "ESP32-S3-DevKitC-1, module WROOM-1-N8, internal RAM",
        "xtensa-lx7",
        240,
        8 * MIB,
        320 * KIB,
        "ESP32-S3 series datasheet, ESP32-S3-WROOM-1 datasheet (N8); ESP-IDF's linker script",
    ),
    Device(
        "rp2040",
        "Raspberry Pi Pico (RP2040), one core",
        "cortex-m0plus",
        125,
        2 * MIB,
        256 * KIB,
        "RP2040 datasheet, Raspberry Pi Pico datasheet",
    ),
    Device(
        "rp2350",
        "Raspberry Pi Pico 2 (RP2350), one Arm core",
        "cortex-m33",
        150,
        4 * MIB,
        512 * KIB,
        "RP2350 datasheet, Raspberry Pi Pico 2 datasheet",
    ),
    Device(
        "stm32f746",
        "STM32F746G-DISCO",
        "cortex-m7",
        216,
        1 * MIB,
        320 * KIB,
        "ST DS10916",
    ),
    Device(
        "stm32h743",
        "NUCLEO-H743ZI2, AXI SRAM",
        "cortex-m7",
        480,
        2 * MIB,
        512 * KIB,
        "ST DS12110",
    ),
    Device(
        "stm32n6",
        "STM32N6570-DK, the Cortex-M55 alone",
        "cortex-m55",
        800,
        128 * MIB,
        4200 * KIB,
        "ST DS14791, UM3300",
        note="Its own NPU (Neural-ART) is not used: that takes ST's compiler.",
    ),
    Device(
        "corstone-300-u55-128",
        "Corstone-300 with an Ethos-U55 of 128 multipliers",
        "ethos-u55-128",
        500,
        16 * MIB,
        2 * MIB,
        FVP,
        NPU,
    ),
    Device(
        "corstone-300-u55-256",
        "Corstone-300 with an Ethos-U55 of 256 multipliers",
        "ethos-u55-256",
        500,
        16 * MIB,
        2 * MIB,
        FVP,
        NPU,
    ),
    Device(
        "corstone-300-u65-512",
        "Corstone-300 with an Ethos-U65 of 512 multipliers",
        "ethos-u65-512",
        500,
        16 * MIB,
        2 * MIB,
        FVP,
        NPU,
    ),
    Device(
        "raspberry-pi-4",
        "Raspberry Pi 4 Model B (BCM2711)",
        "cortex-a72",
        1500,
        None,
        None,
        "Raspberry Pi 4 Model B product brief",
        CPU,
        note=THREAD,
    ),
    Device(
        "raspberry-pi-5",
        "Raspberry Pi 5 (BCM2712)",
        "cortex-a76",
        2400,
        None,
        None,
        "Raspberry Pi 5 product brief",
        CPU,
        note=THREAD,
    ),
    Device(
        "android-phone",
        "A phone's fast core, as in a Pixel 4 (Snapdragon 855)",
        "cortex-a76",
        2840,
        None,
        None,
        "Qualcomm Snapdragon 855 product brief",
        CPU,
        note=THREAD,
    ),
)
DEVICES = {one.name: one for one in TABLE}
