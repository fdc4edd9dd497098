"""Values in a terminal and a notebook: short, and nothing of the data becomes markup."""

import pytest

import export
import zoo
from tuning import Fit
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
    shown = repr(report)
    assert shown.startswith("Report(float: accuracy ")
    assert shown.endswith("verdict: PASSED)")
    assert len(shown) < 200
    assert "<td>PASSED</td>" in report._repr_html_()


def test_a_fit_is_a_line() -> None:
    made = Fit("accuracy", 0.98765, 0.1, 20, 3.2, {"loss": [0.1] * 20})
    assert repr(made) == "Fit(accuracy 0.9877, loss 0.1000, 20 epochs, 3 s)"


@pytest.mark.parametrize("text", ["<script>", "a & b", '"quoted"'])
def test_what_comes_from_data_is_escaped(text: str) -> None:
    table = html_table(text, {text: text})
    assert text not in table.replace("&quot;", "")
    assert table.count("<tr>") == 1
