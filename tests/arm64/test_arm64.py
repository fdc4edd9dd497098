"""LiteRT for Arm beside LiteRT here: a preset of each family on every machine that runs it.

Needs an Arm, or what `make arm64` lays; `make test-arm64` sees to that.
"""

import numpy as np
import pytest

import export
from export.runtimes.arm64 import Job, find_arm64, run_arm64
from export.runtimes.litert import load, raw_outputs, row_inputs
from tests.helpers.instances import FIRST, data_for, fill

NAMES = [*FIRST, "gru_lstm_tiny"]
# they attend by a softmax, whose tables are others on an Arm
SOFTMAX = {"transformer_tiny", "text_transformer_tiny", "vit_tiny"}


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Job]:
    """The int8 files of every preset and form, each with a few rows."""
    found = {}
    for name in NAMES:
        data = data_for(name, 40)
        made = export.to_litert(fill(name), data=data, directory=tmp_path_factory.mktemp(name))
        assert made.scaling is not None
        for form, file in made.plan.forms.items():
            path = made.run.path / file
            x = made.scaling.quantize(data.x_train[:8])
            found[f"{name} {form}"] = (path, row_inputs(load(path), x))
    return found


def test_a_preset_of_each_family(jobs: dict[str, Job]) -> None:
    """Bit for bit as here, but for attention by a softmax."""
    here = {name: raw_outputs(load(path), inputs) for name, (path, inputs) in jobs.items()}
    assert {"gru_tiny rolled", "gru_tiny step", "gru_lstm_tiny step"} <= here.keys()
    for arm in find_arm64():
        for (name, expected), ran in zip(
            here.items(), run_arm64(arm, list(jobs.values())), strict=True
        ):
            assert ran.refused is None
            for one, other in zip(ran.outputs, expected, strict=True):
                apart = np.abs(one.astype(int) - other)
                assert apart.max() <= (1 if name.split()[0] in SOFTMAX else 0), (name, arm)
                assert (apart == 0).mean() > 0.9, (name, arm)


def test_a_report_compares_with_it(exported: export.Export) -> None:
    data = data_for("mlp_tiny", 40)
    report = export.verify(exported, data, max_drop=100.0, targets=("litert", "arm64"))
    (placement,) = report.runtimes.placements
    assert placement.ok, placement.why
    assert placement.figures["equal"] == placement.figures["agreement_with_litert"] == 1.0
    assert placement.figures["machine"] in [one.name for one in find_arm64()]
    assert "LiteRT for Arm, rolled" in exported.run.file("report.html").read_text()
