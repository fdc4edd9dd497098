"""Devices: the table, files of one's own, and budgets."""

from pathlib import Path
from typing import Any

import pytest

from tests.helpers.commands import pocketzoo
from tests.helpers.sources import ROOT, SOURCES, strings_of
from zoo import Budget, UserError
from zoo.devices.choosing import KEYS, find_device
from zoo.devices.cores import CORES
from zoo.devices.device import FOR_A_MODEL, Device
from zoo.devices.table import DEVICES
from zoo.quantization.layers.numerics import NUMERICS

OWN = {"title": '"My board"', "core": '"cortex-m4"', "mhz": "80", "flash": "512000", "ram": "64000"}


def write(path: Path, **changed: str) -> str:
    """Write the file of a device; a value of "" leaves its key out."""
    lines = [f"{key} = {value}\n" for key, value in (OWN | changed).items() if value]
    path.write_text("".join(lines))
    return str(path)


def test_every_device_has_what_a_file_needs() -> None:
    assert len(DEVICES) >= 13
    for name, one in DEVICES.items():
        assert one.name == name
        assert one.sheet
        assert one.processor.source
        assert one.numerics
        assert {*one.numerics} <= {*NUMERICS}
        assert one.npu == ("ethos-u55" in one.targets)
        for whole, most in ((one.flash, "bytes"), (one.ram, "arena")):
            assert one.limits.get(most) == (None if whole is None else int(FOR_A_MODEL * whole))
    assert "NPU (Neural-ART) is not used" in DEVICES["stm32n6"].note


def test_devices_are_named_in_their_table_alone() -> None:
    for path in SOURCES:
        if path != ROOT / "zoo/devices/table.py":
            assert not {*DEVICES} & strings_of(path), path
    documented = (ROOT / "docs/guide/devices.md").read_text()
    assert not [name for name in DEVICES if f"`{name}`" not in documented]
    assert not [name for name in CORES if f"`{name}`" not in documented]
    assert not [key for key in KEYS if f"`{key}`" not in documented]


def test_a_device_of_ones_own(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.toml", targets='["litert"]', model_ram="60000", note='"Mine."')
    one = find_device(path)
    assert one == Device(
        *("mine", "My board", "cortex-m4", 80, 512_000, 64_000),
        targets=("litert",),
        model_ram=60_000,
        note="Mine.",
    )
    assert one.limits == {"bytes": 384_000, "arena": 60_000}
    assert Budget(device=path, max_ms=3).limits == {"bytes": 384_000, "arena": 60_000, "ms": 3}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"flahs": "3"}, r"mine.toml: there is no key 'flahs'. Did you mean 'flash'\?"),
        ({"name": '"x"'}, "there is no key 'name'"),
        ({"ram": ""}, "the file needs ram, too. All keys: title"),
        ({"ram": "-1"}, "ram must be an integer of at least 1; got -1"),
        ({"flash": '"1 MB"'}, "flash must be an integer of at least 1"),
        ({"mhz": "0"}, r"mhz must be a number in \[1"),
        ({"core": '"cortex-m44"'}, "core='cortex-m44' is not known. Did you mean 'cortex-m4'"),
        ({"core": "[]"}, "core must be text"),
        ({"title": "4"}, "title must be text; got 4"),
        ({"targets": '["mirco"]'}, "targets='mirco' is not known. Did you mean 'micro'"),
        ({"targets": "[]"}, "targets must be a list, like"),
        ({"targets": '"micro"'}, "targets must be a list, like"),
        ({"model_flash": "600000"}, "model_flash 600,000 is more than the whole flash, 512,000"),
        ({"mhz": "= 3"}, "mine.toml cannot be read as TOML"),
    ],
)
def test_a_file_with_a_mistake(tmp_path: Path, changed: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        find_device(write(tmp_path / "mine.toml", **changed))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"device": "stm32f764"}, "There is no device 'stm32f764'. Did you mean 'stm32f746'"),
        ({"device": "toaster"}, "`pocketzoo devices` lists them; a TOML file"),
        ({"device": "no.toml"}, "no.toml does not exist"),
        ({"max_ms": 5}, "--max-ms needs a device"),
        ({"device": "rp2040", "max_ms": 0}, "max_ms must be a number in"),
        ({"max_bytes": 0}, "max_bytes must be an integer of at least 1"),
        (
            {"device": "stm32f746", "max_bytes": 2_000_000},
            "max_bytes 2,000,000 contradicts stm32f746, which has 1,048,576",
        ),
        ({"device": "rp2040", "max_arena": 300_000}, "Lower it, or choose another device"),
    ],
)
def test_a_budget_with_a_mistake(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Budget(**asked)


def test_explicit_limits_win() -> None:
    assert Budget().limits == {}
    assert Budget().chosen is None
    larger = Budget(device="arduino-nano-33-ble-sense", max_bytes=900_000, max_macs=7)
    assert larger.limits == {"bytes": 900_000, "macs": 7, "arena": 196_608}
    assert Budget(device="raspberry-pi-5").limits == {}


def test_devices_are_listed() -> None:
    code, out, _ = pocketzoo("devices")
    assert code == 0
    assert not [name for name in DEVICES if name not in out]
    assert "DS10916" in out
    assert "75% of flash and RAM" in out
    code, out, _ = pocketzoo("devices", "stm32*")
    assert "stm32n6" in out
    assert "rp2040" not in out
    code, _, err = pocketzoo("devices", "stm32f74")
    assert code == 2
    assert "No device matches 'stm32f74'. Did you mean 'stm32f746'" in err
