"""Values in a terminal and a notebook: short, and nothing of the data becomes markup."""

from dataclasses import replace

import pytest

import export
import zoo
from export.proof.fitness import Fitness
from pocketzoo.printing.live import made
from pocketzoo.printing.verdict import print_verdict
from tuning import Fit
from zoo.metrics.gates import Gate
from zoo.showing import html_table


def test_data_fit_a_screen(digits: zoo.Data) -> None:
    expected = (
        "Data(name: digits; task: classification, 10 outputs; row shape: (8, 8, 1); "
        "rows: 1,149 train, 288 validation, 360 test)"
    )
    assert repr(digits) == expected
    assert "<th>rows</th><td>1,149 train" in digits._repr_html_()


def test_exports_and_reports_fit_a_screen(exported: export.Export) -> None:
    assert "model_int8.tflite" in repr(exported)
    assert len(repr(exported)) < 300
    data = zoo.load_data("breast_cancer")
    report = export.verify(exported, data, max_drop=100.0)
    assert "<td>PASSED, but worse than always" in report._repr_html_()  # it is not trained
    report = replace(report, fitness=Fitness(()))
    shown = repr(report)
    assert shown.startswith("Report(float: accuracy ")
    assert shown.endswith("verdict: PASSED)")
    assert len(shown) < 200
    assert "<td>PASSED</td>" in report._repr_html_()


def test_passed_is_never_said_alone_of_what_a_constant_does_too(
    exported: export.Export, capsys: pytest.CaptureFixture[str]
) -> None:
    report = export.verify(exported, zoo.load_data("breast_cancer"), max_drop=100.0)
    said = "PASSED, but worse than always answering the most frequent class"
    assert repr(report).endswith(f"verdict: {said})")
    assert made(report).endswith(said)
    print_verdict(report)
    assert f"{said}: the int8 file does what the float model does." in capsys.readouterr().out
    over = Gate("drop", "points", 9.0, (8.0, 10.0), 1.0, told=True, rows=9, advice="Train it.")
    failed = replace(report, measured=replace(report.measured, gates=(over,)))
    assert failed.told == "FAILED"


def test_a_fit_is_a_line() -> None:
    made = Fit("accuracy", 0.98765, 0.1, 20, 3.2, {"loss": [0.1] * 20})
    assert repr(made) == "Fit(accuracy 0.9877, loss 0.1000, 20 epochs, 3 s)"


@pytest.mark.parametrize("text", ["<script>", "a & b", '"quoted"'])
def test_what_comes_from_data_is_escaped(text: str) -> None:
    table = html_table(text, {text: text})
    assert text not in table.replace("&quot;", "")
    assert table.count("<tr>") == 1
