"""Files beside the limits of a device, in the report, on the screen and on the page."""

import dataclasses
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import export
import zoo
from export.page.device import device as device_page
from export.proof.device import OnDevice
from pocketzoo.exporting import export_run
from pocketzoo.options import Exporting
from pocketzoo.printing.verdict import print_report
from tests.helpers.commands import pocketzoo
from tests.helpers.instances import data_of, rows
from zoo.metrics.gates import FAILED

needs_targets = pytest.mark.skipif(
    importlib.util.find_spec("tflite_micro") is None, reason="wheels are for Linux on x86-64 only"
)
ARDUINO = "arduino-nano-33-ble-sense"


@pytest.fixture(scope="module")
def data() -> zoo.Data:
    return data_of(rows("mlp_tiny", 40), np.arange(40) % 2)


def verified(made: export.Export, data: zoo.Data, *targets: str, **budget: Any) -> export.Report:
    return export.verify(
        made, data, max_drop=100, targets=targets or ("litert",), budget=zoo.Budget(**budget)
    )


def found(report: export.Report) -> OnDevice:
    assert report.device is not None
    return report.device


@needs_targets
def test_a_file_that_keeps_the_limits(
    exported: export.Export, data: zoo.Data, capsys: pytest.CaptureFixture[str]
) -> None:
    report = verified(exported, data, "litert", "micro", device=ARDUINO)
    assert not found(report).findings()
    part = json.loads(report.to_json())["device"]
    audit = report.int8_audit
    assert part["limits"]["bytes"] == {"most": 786_432, "value": audit.bytes, "kept": True}
    arena = part["limits"]["arena"]
    assert arena["kept"]
    assert arena["value"] == report.runtimes.estimates["arena"]["measured"]
    assert 0 < part["latency"]["estimated_ms"] < 1
    assert part["latency"]["by"] == "published cycles"
    assert part["sheet"]["core"] == "cortex-m4"
    print_report(report, exported.run.path)
    out = capsys.readouterr().out
    assert "Arduino Nano 33 BLE Sense" in out
    assert f"{audit.bytes:,} of 786,432" in out
    assert "estimated ms" in out
    page = str(device_page(report))
    assert "Arduino Nano 33 BLE Sense" in page
    assert "estimated ms" in page


@pytest.mark.parametrize("described", [True, False])
def test_a_limit_holds_for_the_whole_file(
    exported: export.Export, data: zoo.Data, tmp_path: Path, described: bool
) -> None:
    whole = exported.int8_audit
    assert whole is not None
    assert whole.description_bytes > 0
    most = whole.bytes if described else whole.bytes - 1
    made = export.to_litert(exported.model, data=data, directory=tmp_path, max_bytes=most)
    left = whole.bytes if described else pytest.approx(whole.model_bytes, abs=32)
    assert made.int8_file.stat().st_size == left
    assert made.float_audit.description_bytes > 0
    report = verified(made, data, max_bytes=most)
    assert not found(report).findings()
    assert report.int8_estimate == verified(exported, data).int8_estimate
    report = verified(exported, data, max_bytes=most)
    assert bool(found(report).findings()) is not described


def test_a_file_over_its_limits_fails(exported: export.Export, data: zoo.Data) -> None:
    report = verified(exported, data, device=ARDUINO, max_bytes=500, max_ms=0.001)
    assert report.verdict == FAILED
    sentences = [one.sentence for one in found(report).findings()]
    assert any("more than 500, the limit on arduino" in one for one in sentences)
    assert any(one.startswith("estimated ms 0.") for one in sentences)
    assert not [one for one in sentences if one not in report.failures()]
    limits = {one.name: one for one in found(report).limits}
    assert limits["arena"].value is None
    assert limits["arena"].described()["kept"] is None
    assert limits["arena"].shown().startswith("not measured; add micro to the targets")
    assert limits["bytes"].shown().endswith("of 500 NO")


def test_limits_without_a_device(exported: export.Export, data: zoo.Data) -> None:
    report = verified(exported, data, max_macs=3)
    assert found(report).title == ""
    (only,) = found(report).findings()
    assert only.sentence.startswith("macs ")
    assert found(report).ms is None
    without = verified(exported, data)
    assert without.device is None
    assert "device" not in json.loads(without.to_json())


def test_latency_is_not_estimated_for_other_numerics(
    exported: export.Export, data: zoo.Data
) -> None:
    plan = dataclasses.replace(exported.plan, numerics=zoo.quantization.layers.numerics.MIXED)
    from export.proof.device import on_device

    other = dataclasses.replace(exported, plan=plan)
    made = on_device(other, zoo.Budget(device=ARDUINO, max_ms=1), ())
    assert made is not None
    assert made.ms is None
    assert "not estimated; that is for int8 files" in dict(made.rows())["estimated ms"]


@pytest.mark.slow
@needs_targets
def test_an_npu_is_compiled_for(exported: export.Export, data: zoo.Data) -> None:
    report = verified(exported, data, "litert", "ethos-u55", device="corstone-300-u65-512")
    made = found(report)
    assert made.by == "Vela"
    (placed,) = report.runtimes.placements
    assert made.ms == placed.figures["inference_us"] / 1e3
    assert {one.name: one.value for one in made.limits}["arena"] == placed.figures["sram_bytes"]


def test_options_go_before_what_the_device_asks_for() -> None:
    assert Exporting().target_names == ["litert"]
    assert Exporting(device=ARDUINO).target_names == ["litert", "micro"]
    assert Exporting(device=ARDUINO, targets="litert").target_names == ["litert"]
    assert Exporting(device="corstone-300-u55-256").target_names == ["litert", "ethos-u55"]


@needs_targets
def test_a_run_is_exported_for_a_device(wine_run: zoo.Run, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(wine_run.path, tmp_path / "copy")
    report = export_run(copy, Exporting(100.0, device="stm32h743", rung="ptq"))
    assert report is not None
    assert report.runtimes.targets == ("litert", "micro")
    assert found(report).device == zoo.Budget(device="stm32h743").chosen
    assert report.int8_audit is not None
    most = report.int8_audit.bytes - 1
    report = export_run(copy, Exporting(100.0, max_bytes=most, rung="ptq"))
    assert report is not None
    assert not found(report).findings()
    assert (copy / "model_int8.tflite").stat().st_size <= most


def test_a_model_that_is_too_large_is_not_trained(tmp_path: Path) -> None:
    code, _, err = pocketzoo(
        *("train", "wine", "mlp_base", "--out", tmp_path / "r"),
        *("--device", ARDUINO, "--max-bytes", 30_000),
    )
    assert code == 2
    assert f"mlp_base is too large for {ARDUINO}: it needs bytes 1" in err
    assert "too many), arena" in err
    assert not (tmp_path / "r").exists()
