"""LiteRT for Arm: which machine runs it, how it is compared, what is said where there is none.

`tests/arm64` runs it; here this machine, or a program that stands in for an engine, is the Arm.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import export
import zoo
from export.child import ChildError, run_python
from export.proof.targets import BESIDE, Beside, Placement, Ran, check_targets, compare
from export.runtimes import arm64, arm64_setup
from export.runtimes.arm64 import Arm64, ArmRun, find_arm64, laid, run_arm64
from export.runtimes.litert import load, random_inputs, raw_outputs
from pocketzoo.early import check_exporting
from pocketzoo.options import Exporting
from tests.helpers.instances import data_of, rows

# what an engine's image is told comes after its own options: a time, Python, and the child
ENGINE = """#!/bin/sh
echo "$@" > {seen}
while [ "$1" != timeout ]; do shift; done
shift 4
PYTHONPATH={root} exec {python} "$@"
"""


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of another kind, with an empty cache and no programs."""
    monkeypatch.setenv("POCKETZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    (tmp_path / "bin").mkdir()
    return tmp_path


def program(folder: Path, name: str, text: str) -> None:
    path = folder / "bin" / name
    path.write_text(text)
    path.chmod(0o755)


def test_a_machine_without_it_is_told_what_to_run(bare: Path) -> None:
    message = "this x86_64 machine lacks: run make arm64 or python -m export.runtimes.arm64_setup"
    for check in (
        find_arm64,
        lambda: check_targets(["litert", "arm64"]),
        lambda: check_exporting(Exporting(targets="litert,arm64")),
    ):
        with pytest.raises(zoo.UserError, match=message):
            check()
    check_targets(["litert", "micro"])


def test_the_machine_itself_then_a_container_then_qemu(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (laid() / "root").mkdir(parents=True)
    assert [one.name for one in find_arm64()] == ["qemu -cpu max", "qemu -cpu cortex-a53"]
    (laid() / "engine").write_text("podman")
    assert len(find_arm64()) == 2  # podman was there once
    program(bare, "podman", "")
    assert find_arm64() == [Arm64("podman", engine="podman")]
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert find_arm64() == [Arm64("this machine")]


def test_what_is_laid_is_for_one_version_of_litert(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (laid() / "root").mkdir(parents=True)
    monkeypatch.setattr(arm64, "version", lambda name: "9.9")
    with pytest.raises(zoo.UserError, match="run make arm64"):
        find_arm64()


def test_an_arm_runs_a_file_as_litert_here_does(exported: export.Export) -> None:
    interpreter, here = load(exported.int8_file), Arm64("this machine")
    inputs = random_inputs(interpreter, 5)
    ran, again = run_arm64(here, [(exported.int8_file, inputs)] * 2)
    assert ran.refused is None
    assert ran.figures == {"machine": "this machine"}
    np.testing.assert_array_equal(ran.outputs, raw_outputs(interpreter, inputs))
    np.testing.assert_array_equal(ran.outputs, again.outputs)
    (wrong,) = run_arm64(here, [(exported.int8_file, [np.zeros((1, 31), np.int8)])])
    assert "LiteRT for Arm could not run it: the process failed" in str(wrong.refused)
    (late,) = run_arm64(here, [(exported.int8_file, inputs)], timeout=0.01)
    assert "took more than 0.01 s and was stopped" in str(late.refused)
    assert late.outputs == ()


def test_a_container_sees_what_it_needs_and_ends_by_itself(
    bare: Path, exported: export.Export
) -> None:
    stand_in = ENGINE.format(seen=bare / "seen", root=arm64.ROOT, python=sys.executable)
    program(bare, "docker", stand_in)
    inputs = random_inputs(load(exported.int8_file), 3)
    docker = Arm64("docker", engine="docker")
    (ran,) = run_arm64(docker, [(exported.int8_file, inputs)], timeout=99.5)
    assert ran.refused is None
    assert ran.outputs[0].shape == (3, 2)
    seen = (bare / "seen").read_text()
    assert "run --rm --platform linux/arm64 --network none" in seen
    assert f"--volume {laid() / 'site'}:{laid() / 'site'}:ro" in seen
    assert "timeout --signal=KILL 100 python3" in seen


def test_qemu_is_told_the_processor_and_the_packages(bare: Path) -> None:
    command = Arm64("qemu", cpu="cortex-a53").child(Path("/rows"), 1)
    assert command[:4] == ["--", str(laid() / "qemu-aarch64"), "-cpu", "cortex-a53"]
    assert f"PYTHONPATH={laid() / 'site'}:{arm64.ROOT}" in command
    assert command[-2:] == [str(arm64.CHILD), "/rows"]


def test_another_program_is_on_the_same_leash() -> None:
    assert run_python(["--", "/bin/echo", "here"], 60) == "here\n"
    with pytest.raises(ChildError, match="exit code 1"):
        run_python(["--", "/bin/sh", "-c", "exit 1"], 60)
    with pytest.raises(ChildError, match="took more than"):
        run_python(["--", "/bin/sleep", "9"], 0.2)


def gave(*machines: ArmRun) -> Beside:
    def run(path: Path, inputs: Sequence[np.ndarray]) -> Sequence[Ran]:
        return machines

    return replace(BESIDE[1], run=run)


def test_the_machine_that_is_furthest_off_is_reported(exported: export.Export) -> None:
    data = data_of(rows("mlp_tiny", 40), np.arange(40) % 2)
    assert exported.scaling is not None
    (here,) = raw_outputs(load(exported.int8_file), [exported.scaling.quantize(data.x_test)])
    off = here.copy()
    off[0, 0] = here[0, 0] - 2 if here[0, 0] > 0 else here[0, 0] + 2
    of_float = np.asarray(exported.model.predict(data.x_test, verbose=0))

    def placed(*machines: ArmRun, max_drop: float = 100.0) -> Placement:
        return compare(gave(*machines), exported, "rolled", data, max_drop, of_float)

    one, other = ArmRun((here,), None, "one"), ArmRun((off,), None, "other")
    same, found = placed(one), placed(one, other)
    assert (same.figures["equal"], same.figures["largest_steps"]) == (1.0, 0)
    assert same.figures["agreement_with_litert"] == 1.0
    assert found.ok
    assert found.figures["machine"] == "other"
    assert found.figures["equal"] == 1 - 1 / here.size
    assert found.figures["largest_steps"] == 2
    assert found.figures["rows"] == len(data.x_test)
    refused = placed(one, ArmRun((), "it crashed", "other"))
    assert (refused.ok, refused.why) == (False, "it crashed")
    wrong = placed(ArmRun((here[:, ::-1],), None, "swapped"), max_drop=0.5)
    assert not wrong.ok
    assert wrong.figures["agreement_with_litert"] == 0
    assert "LiteRT for Arm's share of rows with another class" in wrong.why


# what is laid


def test_nothing_is_laid_on_an_arm_nor_twice(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    laid().mkdir(parents=True)
    arm64_setup.main(None)
    assert "Delete it to have it laid anew" in capsys.readouterr().out
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    arm64_setup.main(None)
    assert "nothing to lay" in capsys.readouterr().out


@pytest.fixture
def no_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arm64_setup, "_wheels", lambda site: site.mkdir(parents=True))


@pytest.mark.usefixtures("no_wheels")
def test_a_machine_with_neither_containers_nor_apt(bare: Path) -> None:
    program(bare, "docker", "#!/bin/sh\nexit 1")  # no daemon
    with pytest.raises(zoo.UserError, match="There is no apt-get to get an Arm's Python with"):
        arm64_setup.main(None)
    assert not laid().exists()


@pytest.mark.usefixtures("no_wheels")
def test_an_apt_that_knows_no_archive_of_debians_or_a_wrong_one(bare: Path) -> None:
    program(bare, "dpkg-deb", "#!/bin/sh")
    program(bare, "apt-get", "#!/bin/sh\n[ $2 != update ] && exit 0\necho no such >&2; exit 1")
    with pytest.raises(zoo.UserError, match="names no archive of Debian's. Give one: make arm64"):
        arm64_setup.main(None)
    with pytest.raises(zoo.UserError, match="(?s)apt-get could not get .* from file:///x.*no such"):
        arm64_setup.main("file:///x")
    assert not laid().exists()


def test_the_archive_is_the_one_that_apt_knows(bare: Path) -> None:
    lines = "'file:///x/other/dists/a/InRelease' a 0\n'file:///x/debian/dists/b/InRelease' b 0"
    program(bare, "apt-get", f'#!/bin/sh\necho "{lines}"')
    assert arm64_setup._archive() == "file:///x/debian/"


@pytest.mark.usefixtures("no_wheels")
def test_what_does_not_start_does_not_stay(bare: Path) -> None:
    program(bare, "podman", "#!/bin/sh\necho aarch64; [ $7 = uname ] && exit 0\nexit 5")
    with pytest.raises(zoo.UserError, match="LiteRT for Arm does not start here: the process fail"):
        arm64_setup.main(None)
    assert not laid().exists()


def test_wheels_that_pip_cannot_get(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arm64_setup, "PACKAGES", ("numpy",))
    monkeypatch.setattr(arm64_setup, "version", lambda name: "0.0.0.1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(zoo.UserError, match="pip could not get the wheels for aarch64"):
        arm64_setup.main(None)
