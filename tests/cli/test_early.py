"""A mistake in a command's words is told before Keras is imported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import zoo
from pocketzoo import early
from tests.helpers.commands import pocketzoo
from tests.helpers.made import write_pictures, write_sounds
from tests.helpers.sources import ROOT
from zoo.presets.families import FAMILIES
from zoo.quantization.layers.numerics import INT8

WRONG = [
    (("--version",), ""),
    (("--help",), ""),
    (("data",), ""),
    (("models", "mlp*"), ""),
    (("data", "{here}/no.csv"), "does not exist. Give a table"),
    (("train", "wine", "mlp_tinny", "--out", "o"), "no preset 'mlp_tinny'"),
    (("train", "wine", "mlp_tiny", "--outt", "o"), "No such option: --outt"),
    (("tune", "wine", "mlp_tiny", "--out", "o", "--trials", "0"), "trials must be"),
    (("run", "{here}/pictures", "gru_tiny", "--out", "o"), "but {here}/pictures holds images. Use"),
    (("train", "wine", "mlp_tiny", "--out", "o", "--seed", "-1"), "seed must be"),
    (("run", "wine", "mlp_tiny", "--out", "o", "--rung", "x"), "rung='x' is not known"),
    (("tune", "wine", "mlp_tiny", "--out", "o", "--task", "foo"), "task='foo' is not known"),
    (("train", "wine", "mlp_tiny", "--out", "o", "--set", "widht=4"), "has no argument 'widht'"),
    (("train", "wine", "mlp_tiny", "--out", "o", "--overfit", "1"), "overfit must be"),
    (("train", "wine", "mlp_tiny", "--out", "o", "--teacher", "no"), "no holds no finished run"),
    (("run", "wine", "mlp_tiny", "--out", "o", "--targets", "mirco"), "Did you mean 'micro'?"),
    (("run", "wine", "--out", "o", "--minutes", "0"), "minutes must be a number in [0.1, "),
    (("run", "wine", "auto", "--out", "o", "--set", "units=4"), "units cannot be set where no"),
    (("tune", "wine", "--out", "o", "--algorithm", "bayesian"), "bayesian searches around one"),
    (("run", "wine", "--out", "o", "--minutes", "2", "--algorithm", "hyperband"), "not by time"),
    (("run", "wine", "--out", "o", "--device", "rp2040", "--max-bytes", "99999999"), "contradict"),
    (("run", "no.csv", "--out", "o"), "does not exist. Give a table"),
    (("devices",), ""),
    (("devices", "rp204"), "Did you mean 'rp2040'"),
    (("run", "wine", "mlp_tiny", "--out", "o", "--device", "rp2400"), "no device 'rp2400'"),
    (("tune", "wine", "mlp_tiny", "--out", "o", "--max-ms", "5"), "--max-ms needs a device"),
    (("train", "wine", "mlp_tiny", "--out", "o", "--device", "{here}/d.toml"), "no key 'flsh'"),
    (("run", "wine", "mlp_tiny", "--out", "o", "--forms", "rolld"), "forms='rolld' is not known"),
    (("run", "wine", "mlp_tiny", "--out", "o", "--compress", "prune:2"), "share of zeros"),
    (("run", "wine", "mlp_tiny", "--out", "o", "--groups", "no.npy"), "groups cannot be read"),
    (("train", "{here}/s.npz", "gru_tiny", "--out", "o", "--front-end", "fcc"), "Did you mean 'mf"),
    (
        ("train", "{here}/sounds", "cnn_tiny", "--out", "o", "--front-end", "mfcc:x=1"),
        "setting 'x'",
    ),
    (("data", "{here}/pictures", "--front-end", "mfcc"), "A front end is for audio"),
    (("data", "{here}/t.csv", "--text", "a", "--front-end", "wrd"), "Did you mean 'word'?"),
    (("data", "{here}/t.csv"), "Which column of"),
    (("data", "{here}/t.csv", "--target", "z"), "no column 'z'"),
    (("export", "{here}/pictures", "--data", "wine"), "is a run folder, which records its data"),
    (("export", "{here}/m.keras"), "needs --data DATA, for calibration and tests"),
    (("predict", "{here}", "{here}/x.npy"), "holds no finished run"),
    (("drift", "{here}", "{here}/x.npy"), "holds no finished run"),
    (("compare", "{here}", "{here}"), "holds no finished run"),
    (("check", "{here}/m.tflite"), "does not exist"),
    (("data", "{here}/pictures", "--target", "x"), "is for tables and folders with labels.csv"),
    (("data", "{here}/flats.xlsx", "--target", "x"), "is a workbook, which is not read. Save its"),
]
# a process each would take a second: one runs them all, and says what it has imported
MANY = """
import json, sys
from pocketzoo.cli import app
for arguments in json.loads(sys.argv[1]):
    try:
        app(arguments)
    except (SystemExit, ValueError) as error:
        print(json.dumps(str(error)), file=sys.stderr)
    heavy = {"keras", "tensorflow", "torch", "jax", "optuna", "sklearn", "scipy"} & {*sys.modules}
    assert not heavy, (arguments, heavy)
"""


def test_a_mistake_costs_no_import_of_keras(tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures", each=1)
    (tmp_path / "m.keras").write_text("")
    (tmp_path / "d.toml").write_text("flsh = 1")
    (tmp_path / "flats.xlsx").write_text("")
    (tmp_path / "s.npz").write_text("")
    (tmp_path / "t.csv").write_text("a,y\n" + "1,a\n2,b\n" * 20)
    write_sounds(tmp_path / "sounds", each=1)
    here = str(tmp_path)
    commands = [[part.replace("{here}", here) for part in arguments] for arguments, _ in WRONG]
    ended = subprocess.run(
        [sys.executable, "-c", MANY, json.dumps(commands)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    for _, message in WRONG:
        assert message.replace("{here}", here) in ended.stderr


def test_names_that_are_checked_early_are_those_there_are() -> None:
    assert INT8.targets == early.TARGETS
    for family in FAMILIES.values():
        assert family.names == list(family.arguments)


def test_the_version() -> None:
    code, out, _ = pocketzoo("--version")
    assert code == 0
    assert out.startswith("pocketzoo ")


def test_the_shell_completes_commands() -> None:
    asked = {
        "_POCKETZOO_COMPLETE": "complete_bash",
        "COMP_WORDS": "pocketzoo tr",
        "COMP_CWORD": "1",
    }
    command = Path(sys.executable).with_name("pocketzoo")
    ended = subprocess.run(
        [command], env=os.environ | asked, capture_output=True, text=True, check=False
    )
    assert ended.stdout.split() == ["train"], ended.stderr


@pytest.mark.parametrize("name", ["NoSuchThing", "__wrapped__"])
def test_zoo_has_no_other_names(name: str) -> None:
    assert zoo.quantization.make_twin is not None  # a module comes with the names
    with pytest.raises(AttributeError):
        getattr(zoo, name)
