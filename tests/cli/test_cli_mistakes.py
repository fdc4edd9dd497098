"""A user's mistakes end in one message: what was expected, what came, what to do."""

from pathlib import Path

import numpy as np
import pytest

import zoo
from tests.helpers.commands import in_a_process, pocketzoo

WRONG = [
    (("advise", "digit"), "no data set 'digit'"),
    (
        ("run", "wine", "mlp_tiny", "--out", "{out}", "--groups", "13"),
        "no column 13 to group by: wine has columns 0 to 12",
    ),
    (
        ("run", "digits", "cnn_tny", "--out", "{out}"),
        "no preset 'cnn_tny'. Did you mean 'cnn_tiny'",
    ),
    (("run", "digit", "cnn_tiny", "--out", "{out}"), "no data set 'digit'"),
    (("run", "{out}/no.npz", "cnn_tiny", "--out", "{out}"), "does not exist"),
    (("run", "digits_rows", "mlp_tiny", "--out", "{out}"), "Use gru_*"),
    (("tune", "wine", "mlp_tiny", "--out", "{out}", "--trials", "0"), "trials must be"),
    (("tune", "wine", "mlp_tiny", "--out", "{out}", "--epochs", "-1"), "epochs must be"),
    (
        ("tune", "wine", "mlp_tiny", "--out", "{out}", "--algorithm", "annealing"),
        "algorithm='anneal",
    ),
    (("tune", "wine", "mlp_tiny", "--out", "{out}", "--set", "units"), "expected NAME=VALUE"),
    (("tune", "wine", "mlp_tiny", "--out", "{out}", "--set", "unit=3"), "Did you mean 'units'"),
    (
        ("tune", "wine", "mlp_tiny", "--out", "{out}", "--recipe", "epoch=3"),
        "--recipe epoch: no such field. Did you mean 'epochs'",
    ),
    (("train", "wine", "mlp_tiny", "--out", "{out}", "--task", "sort"), "task='sort' is not known"),
    (("train", "wine", "mlp_tiny"), "Give --out RUN, a folder for the model"),
    (
        ("train", "wine", "mlp_tiny", "--out", "{out}", "--recipe", "flip=true"),
        "flip is for images; the rows of wine have shape (13,)",
    ),
    (("export", "{out}/none"), "is neither a .keras file nor a run folder"),
    (
        ("run", "wine", "mlp_tiny", "--out", "{out}", "--max-drop", "nan"),
        "max_drop must be a number",
    ),
    (("predict", "{out}/none", "{out}/rows.npy"), "holds no finished run"),
    (("check", "{out}/none.tflite"), "does not exist"),
    (("models", "zebra*"), "No preset matches 'zebra*'"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_mistakes_end_in_one_message_and_code_2(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    filled_in = [argument.replace("{out}", str(tmp_path / "out")) for argument in arguments]
    code, _, err = pocketzoo(*filled_in)
    assert code == 2, err
    assert message in err
    assert err.startswith("pocketzoo: ")
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()  # nothing is begun


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "run"
    code, _, err = pocketzoo("train", "wine", "mlp_tiny", "--out", out, "--epochs", 1)
    assert code == 2
    assert "Not a directory" in err
    assert "Traceback" not in err


def test_debug_shows_the_traceback() -> None:
    with pytest.raises(zoo.UserError, match="no data set 'digit'"):  # Python shows it whole
        pocketzoo("--debug", "data", "digit")


def test_unknown_backend() -> None:
    code, _, err = in_a_process("data", backend="jaxx")
    assert code == 2
    assert err == "pocketzoo: KERAS_BACKEND='jaxx' is not known. Did you mean 'jax'?\n"


def test_warnings_are_one_line(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).normal(size=(60, 4)), np.arange(60) % 3
    path = tmp_path / "shared.npz"
    np.savez(path, x_train=x, y_train=y, x_test=x[:9], y_test=y[:9])
    code, _, err = pocketzoo("data", path)
    assert code == 0
    assert err.startswith("warning: shared: 9 of 9 test rows are also training rows")
    assert err.count("\n") == 1
