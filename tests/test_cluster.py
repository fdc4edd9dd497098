"""The files of docs/guide/cluster.md, run as far as that goes without a cluster."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from pocketzoo.cli import app

FILES = Path(__file__).parents[1] / "examples" / "cluster"
KNOWN = {"--out", "--trials", "--jobs", "--artifacts"}


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `pocketzoo` that makes its run folder and notes how it was called."""
    noted = tmp_path / "noted"
    program = tmp_path / "pocketzoo"
    program.write_text(
        '#!/bin/sh\necho "$POCKETZOO_STORAGE" "$@" >> ' + f"{noted}\n"
        'while [ "$1" != --out ]; do shift; done\nmkdir -p "$2" && touch "$2/manifest.json"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return noted


def test_the_options_are_those_of_the_command(said: Path) -> None:
    text = " ".join(path.read_text() for path in FILES.iterdir())
    assert {word for word in text.split() if word in KNOWN} == KNOWN
    help_text = CliRunner().invoke(app, ["tune", "--help"], env={"COLUMNS": "200"}).output
    assert all(option in help_text for option in KNOWN)


def test_every_task_of_the_array_is_the_same_study(said: Path, tmp_path: Path) -> None:
    storage = "postgresql://sweeps@db/sweeps"
    slurm = {"SLURM_ARRAY_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "4", "SLURM_TMPDIR": str(tmp_path)}
    for task in ("0", "1"):
        environment = os.environ | slurm | {"SLURM_ARRAY_TASK_ID": task}
        command = ["bash", str(FILES / "sweep.sbatch")]
        environment["POCKETZOO_STORAGE"] = storage
        subprocess.run(command, env=environment, check=True, timeout=60)
    lines = said.read_text().splitlines()
    assert [line.split()[:4] for line in lines] == [[storage, "tune", "digits", "cnn_small"]] * 2
    outs = [Path(line.split("--out ")[1].split()[0]) for line in lines]
    assert outs[0] != outs[1]
    assert {out.name for out in outs} == {"cnn"}
    assert all("--jobs 4" in line for line in lines)
    assert (tmp_path / "sweeps" / "cnn" / "run" / "manifest.json").is_file()


@pytest.mark.parametrize("fails", [False, True])
def test_each_machine_of_ssh_runs_the_command(fails: bool, said: Path, tmp_path: Path) -> None:
    shell = tmp_path / "ssh"
    shell.write_text('#!/bin/sh\n[ "$1" = bad ] && exit 255\nshift\nexec sh -c "$1"\n')
    shell.chmod(0o755)
    machines = ["me@box1", "bad" if fails else "me@box2"]
    done = subprocess.run([str(FILES / "sweep.sh"), *machines], timeout=60)
    assert done.returncode == fails
    lines = said.read_text().splitlines()
    assert len(lines) == 2 - fails
    assert all(line.split()[1:4] == ["tune", "digits", "cnn_small"] for line in lines)
    assert subprocess.run([str(FILES / "sweep.sh")], capture_output=True).returncode == 2


def test_the_job_runs_a_command_that_is_known(said: Path, tmp_path: Path) -> None:
    claim, job = yaml.safe_load_all((FILES / "sweep.yaml").read_text())
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (claim["kind"], job["kind"]) == ("PersistentVolumeClaim", "Job")
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        volume["name"] for volume in pod["volumes"]
    }
    (tmp_path / "pgpass").write_text("db:5432:sweeps:sweeps:secret")
    (command,) = container["args"]
    for inside in ("/tmp", "/secret", "/scratch", "/shared"):
        command = command.replace(inside, str(tmp_path / inside[1:]))
    for folder in ("secret", "tmp"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pgpass").rename(tmp_path / "secret" / "pgpass")
    here = {one["name"]: one["value"] for one in container["env"] if one["name"] != "HOME"}
    subprocess.run([*container["command"], command], env=os.environ | here, check=True, timeout=60)
    assert said.read_text().startswith("postgresql://sweeps@db/sweeps tune digits cnn_small --out ")
    assert (tmp_path / "tmp" / "pgpass").stat().st_mode & 0o777 == 0o600
