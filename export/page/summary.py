"""The top of the page: whether the file may be shipped, in words, and the main figures."""

from export.page.facts import kilobytes, microseconds
from export.page.markup import Html, tag
from export.proof.report import Report


def summary(report: Report) -> Html:
    """Return title, verdict and key figures."""
    data = report.data
    rows = ", ".join(f"{count:,} {part}" for part, count in data.rows.items())
    title = tag("h1", f"{report.model.name} on {data.name}")
    about = tag("p", f"{data.task.capitalize()}; rows: {rows}.", class_="of")
    return tag("header", title, about, _verdict(report), _tiles(report))


def _verdict(report: Report) -> Html:
    figures = tag("p", " ".join([_answers(report), _file(report)]))
    doubt, trees = _doubt(report), report.trees
    beside = tag("p", f"Compared with trees: {trees}.") if trees else None
    if not report.passed:
        reasons = tag("ul", *(tag("li", reason) for reason in report.failures()))
        heading = tag("strong", "Not ready to ship.")
        return tag("div", heading, reasons, figures, beside, class_="verdict no")
    if doubt:
        heading = tag("strong", "The file is correct, but the model has learned little.")
        return tag("div", heading, figures, tag("p", doubt), beside, class_="verdict doubt")
    return tag("div", tag("strong", "Ready to ship."), figures, beside, class_="verdict")


def _answers(report: Report) -> str:
    shown, int8 = report.task.metric.shown, report.int8_estimate
    said = report.task.words.result.format(
        value=shown(int8.value),
        rows=f"{report.test_rows:,} test rows",
        interval=" to ".join(map(shown, int8.ci95)),
    )
    return f"{said}, {_beside_float(report)}."


def _beside_float(report: Report) -> str:
    drop, words = report.drop.value, report.task.words
    if round(abs(drop), 2) == 0:
        return "the same as the float model"
    return f"{abs(drop):.2f}{words.less if drop > 0 else words.more} than the float model"


def _doubt(report: Report) -> str | None:
    """Say so where the model is no better than an answer that looks at nothing."""
    quality = report.quality
    counts = quality.rows_of_classes()
    if counts:
        name, most = max(counts, key=lambda item: item[1])
        share = most / sum(rows for _, rows in counts)
        if report.int8_estimate.ci95[0] <= share:
            shown = report.task.metric.shown(share)
            return f"Always predicting {name} would be correct for {shown} of these rows."
    if "r2" in quality.metrics and quality.metrics["r2"].int8.ci95[0] <= 0:
        return "Always predicting the mean may do as well."
    return None


def _file(report: Report) -> str:
    size = kilobytes(report.int8_audit.bytes)
    time = microseconds(report.runtimes.latency["int8"].median)
    whole = "holds integers only" if report.files.integer_only else "is NOT integer-only"
    return f"It {whole}, is {size} in size, and takes {time} per row on one thread of this machine."


def _tiles(report: Report) -> Html:
    tiles = (
        tag("div", tag("b", figure), tag("span", what), tag("span", beside), class_="tile")
        for figure, what, beside in _key_figures(report)
    )
    return tag("div", *tiles, class_="tiles")


def _key_figures(report: Report) -> list[tuple[str, str, str]]:
    """Return figure, what it is, and what to read it beside."""
    metric, measured, model = report.task.metric, report.measured, report.model
    sizes = [kilobytes(audit.bytes) for audit in (report.int8_audit, report.float_audit)]
    times = [microseconds(report.runtimes.latency[kind].median) for kind in ("int8", "float")]
    values = [metric.shown(one.value) for one in (report.int8_estimate, report.float_estimate)]
    drop, bound = f"{report.drop.value:.2f}", f"at most {measured.bound:.2f}"
    found = [
        (values[0], f"{metric.name}, int8", f"float {values[1]}"),
        (drop, f"drop, {metric.unit}", bound),
        (sizes[0], "int8 file", f"float {sizes[1]}"),
        (times[0], "per row, int8", f"float {times[1]}"),
        (f"{model.parameters:,}", "parameters", f"{model.macs:,} multiply-accumulates"),
    ]
    if report.agreement is not None:
        found.append(
            (
                f"{100 * report.agreement:.1f} %",
                f"same {report.task.words.target} as float",
                "of test rows",
            )
        )
    return found
