"""The command as a user meets it: output, exit codes, no traceback for a mistake."""

import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from pocketzoo.record import command as given_command
from tests.helpers.commands import in_a_process, pocketzoo

COMMANDS = ("models", "data", "advise", "train", "tune", "export", "run", "predict", "check")


def test_help_lists_every_command_without_tensorflow() -> None:
    code, out, _ = pocketzoo("--help")
    assert code == 0
    assert all(f"\n  {command} " in out for command in COMMANDS)
    for command in COMMANDS:
        assert pocketzoo(command, "--help")[0] == 0
    own = "import sys, pocketzoo.cli; sys.exit(bool({'keras', 'tensorflow', 'numpy'} & "
    heavy = f"{own}set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", heavy], check=False).returncode == 0


def test_models_and_data() -> None:
    code, out, _ = pocketzoo("models", "vit*")
    assert code == 0
    assert "vit_small" in out
    assert "143,050" in out
    assert "cnn" not in out.split("source")[1].split("arXiv")[0]
    code, out, _ = pocketzoo("data")
    assert code == 0
    assert "breast_cancer" in out
    code, out, _ = pocketzoo("data", "wine")
    assert code == 0
    assert "113 train, 29 validation, 36 test" in out


def test_advise() -> None:
    code, out, err = pocketzoo("advise", "wine")
    assert code == 0, err
    assert "113 train, 29 validation, 36 test" in out
    assert "logistic regression" in out
    assert "Look at: Fewer than 100 validation and test rows" in out
    assert "Try first: " in out
    code, out, err = pocketzoo("advise", "diabetes", "--json")
    assert code == 0, err
    assert json.loads(out)["baselines"][1]["name"] == "linear"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pocketzoo run` leaves, in a process of its own and on jax."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    code, out, err = in_a_process(
        *("run", "wine", "mlp_tiny", "--out", folder, "--trials", 2, "--epochs", 15),
        *("--set", "units=16", "--recipe", "batch_size=16", "--max-drop", "10", "--repeats", 0),
        *("--groups", 12),
    )
    assert code == 0, err
    assert "before temperature" in out
    assert "Worst group: " in out
    assert "trial 2 of 2" in out
    assert "PASSED" in out
    assert err.splitlines()[-1] == "writing the report and its page"  # stages, and nothing else
    assert "Warning" not in err
    return folder


@pytest.fixture
def finished(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(whole, tmp_path / "finished")


def test_run_leaves_everything(finished: Path) -> None:
    report = json.loads((finished / "report.json").read_text())
    assert report["backend"] == "jax"
    assert report["model"]["overrides"]["units"] == 16
    assert report["seconds"]["search"] > 0
    assert len(report["groups"]) == 4
    assert report["temperature"]["rows"] == 29
    assert sum(map(sum, report["confusion"]["int8"])) == 36
    manifest = json.loads((finished / "manifest.json").read_text())["files"]
    written = {path.name for path in finished.iterdir() if path.is_file()}
    assert set(manifest) == written - {"manifest.json", "study.log", ".lock"}
    assert manifest["model_int8.tflite"]["sha256"] == report["files"]["model_int8.tflite"]["sha256"]


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_a_run_is_exported_under_another_backend(finished: Path, backend: str) -> None:
    before = json.loads((finished / "report.json").read_text())
    command = ("export", finished, "--max-drop", 10)
    if backend == keras.backend.backend():
        code, _, err = pocketzoo(*command)
    else:
        code, _, err = in_a_process(*command, backend=backend)
    assert code == 0, err
    after = json.loads((finished / "report.json").read_text())
    assert after["backend"] == backend
    assert after["float"] == before["float"]
    assert after["int8"] == before["int8"]


def test_predict(finished: Path, wine: zoo.Data, tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", wine.x_test)
    np.savez(tmp_path / "rows.npz", x=wine.x_test)
    out = tmp_path / "answers.csv"
    code, said, err = pocketzoo("predict", finished, tmp_path / "rows.npy", "--out", out)
    assert code == 0, err
    assert "36 rows by model_int8.tflite" in said
    lines = out.read_text().splitlines()
    assert lines[0] == "row,answer,probability"
    right = np.mean(
        [f"class_{y}" == line.split(",")[1] for y, line in zip(wine.y_test, lines[1:], strict=True)]
    )
    report = json.loads((finished / "report.json").read_text())
    assert right == pytest.approx(report["int8"]["value"])
    code, said, err = pocketzoo("predict", finished, tmp_path / "rows.npz", "--float")
    assert code == 0, err
    assert "model_float.tflite" in said
    assert said.count("class_") == 36


def test_check(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("export.child.subprocess", subprocess)  # no fork: a process of its own
        code, out, _ = pocketzoo("check", finished / "model_int8.tflite")
    assert code == 0
    assert "PASSED: integer-only, and LiteRT runs it" in out
    code, out, _ = pocketzoo("check", finished / "model_float.tflite")
    assert code == 1
    assert "FAILED:" in out


def test_a_drop_over_the_bound_is_exit_code_1(finished: Path) -> None:
    code, out, _ = pocketzoo("export", finished, "--max-drop", -1000)
    assert code == 1
    assert "FAILED: drop of" in out
    assert json.loads((finished / "report.json").read_text())["passed"] is False


def test_train_then_export(tmp_path: Path) -> None:
    code, out, err = pocketzoo("train", "wine", "mlp_tiny", "--out", tmp_path / "r", "--epochs", 9)
    assert code == 0, err
    assert "on validation rows after 9 epochs" in out
    assert (tmp_path / "r" / "history.csv").read_text().count("\n") == 10


def test_overfit_says_whether_the_model_can_learn(tmp_path: Path) -> None:
    command = ("train", "wine", "mlp_tiny", "--overfit", 20, "--find-rate")
    code, out, err = pocketzoo(*command)
    assert code == 0, err
    rate = re.search(r"Learning rate ([\d.e-]+)\.", out)
    assert rate is not None
    assert 1e-3 < float(rate.group(1)) <= 0.1  # a tenth of the highest that is tried
    again = pocketzoo(*command)[1]
    assert again.split("Loss by rate")[0] == out.split("Loss by rate")[0]
    assert "20 training rows" in out
    assert "Memorized: the model" in out
    x, y = np.arange(60, dtype=np.float32).reshape(-1, 1) // 30, np.arange(60) % 3
    np.savez(tmp_path / "d.npz", x_train=x, y_train=y, x_test=x[:9] + 2, y_test=y[:9])
    code, out, err = pocketzoo(
        "train", tmp_path / "d.npz", "mlp_tiny", "--overfit", 20, "--recipe", "batch_size=4"
    )
    assert code == 1, err
    assert "NOT memorized" in out


def in_a_terminal(*arguments: object, interrupt_after: str) -> tuple[int, str]:
    """Run the command in a pseudo-terminal, press Ctrl-C once a text has been shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        command = [sys.executable, "-m", "pocketzoo", *(str(one) for one in arguments)]
        os.execve(
            sys.executable, command, os.environ | {"KERAS_BACKEND": "torch", "COLUMNS": "160"}
        )
    shown, pressed = b"", False
    while True:
        try:
            received = os.read(terminal, 1 << 16)
        except OSError:  # the other side is gone
            received = b""
        if not received:
            break
        shown += received
        if not pressed and interrupt_after.encode() in shown:
            pressed = bool(os.write(terminal, b"\x03"))
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown.decode(errors="replace")


def test_a_search_is_shown_live_and_interrupted_loses_nothing(tmp_path: Path) -> None:
    command = ["tune", "wine", "mlp_tiny", "--out", tmp_path / "r", "--trials", 6, "--epochs", 30]
    command += ["--repeats", 0, "--jobs", 1, "--prune", "none"]
    code, shown = in_a_terminal(*command, interrupt_after="2 of 6 trials")
    assert code == 1
    assert "Traceback" not in shown
    for word in ("completed", "running: ", "best accuracy", "left: ", "per minute"):
        assert word in shown
    expected = shlex.join(["pocketzoo", *(str(one) for one in command)])
    assert f"Nothing is lost. To continue: KERAS_BACKEND=torch {expected}" in shown.replace(
        "\r\n", ""
    )
    log = (tmp_path / "r" / "study.log").read_text()
    code, out, err = pocketzoo(*command)
    assert code == 0, err
    assert (tmp_path / "r" / "study.log").read_text().startswith(log)
    assert "trial 1 of 6" not in out  # it is not run again
    assert "trial 6 of 6" in out


def test_a_password_is_not_shown_when_a_search_is_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.argv", ["x", "tune", "--storage", "postgresql://me:secret@host/db"])
    assert "postgresql://***@host/db" in given_command()
    for url in (
        *("postgresql://me:se/cr@secret@host/db", "postgresql://host/db?password=secret"),
        *("--mlflow=https://secret@host", "https://host/?token=secret", "mysql://secret:x@h/d?a=b"),
    ):
        monkeypatch.setattr("sys.argv", ["x", "tune", url])
        assert "secret" not in given_command()
        assert "host" in given_command() or "@h/d" in given_command()


def test_limits_and_a_pick_from_the_command_line(tmp_path: Path) -> None:
    code, out, err = pocketzoo(
        *("run", "wine", "mlp_small", "--out", tmp_path / "r", "--trials", 3, "--epochs", 8),
        *("--max-bytes", 20_000, "--pick", "smallest-within:5", "--objective", "int8"),
        *("--max-drop", 20, "--jobs", 2, "--algorithm", "random"),
    )
    assert code == 0, err
    assert "not trained: over the limit: bytes" in out
    assert "With other seeds:" in out
    assert "estimated before training" in out
    report = json.loads((tmp_path / "r" / "report.json").read_text())
    file, figures = report["files"]["model_int8.tflite"], report["estimates"]["bytes"]
    assert file["bytes"] <= 20_000
    assert figures["measured"] == file["bytes"] - file["description_bytes"]
    assert abs(figures["estimated"] / figures["measured"] - 1) < 0.03
    code, _, err = pocketzoo(
        "tune", "wine", "mlp_small", "--out", tmp_path / "n", "--max-bytes", 1000
    )
    assert code == 2
    assert "Nothing found in the space of mlp_small meets max_bytes 1,000. The nearest:" in err
