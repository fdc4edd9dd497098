"""The top of the page: whether the file may be shipped, in words, and the main figures."""

from export.page.facts import kilobytes, microseconds
from export.page.markup import Html, tag
from export.proof.report import Report
from zoo.metrics.gates import FAILED, NOT_SHOWN, PASSED
from zoo.tasks import worded

HEADINGS = {  # verdict -> heading, class of the box
    PASSED: ("Ready to ship.", ""),
    FAILED: ("Not ready to ship.", "no"),
    NOT_SHOWN: ("Not shown: the test rows are too few to tell.", "doubt"),
}


def summary(report: Report) -> Html:
    """Return title, verdict and key figures."""
    data = report.data
    rows = ", ".join(f"{count:,} {part}" for part, count in data.rows.items())
    title = tag("h1", f"{report.model.name} on {data.name}")
    about = tag("p", f"{data.task.capitalize()}; rows: {rows}.", class_="of")
    return tag("header", title, about, _verdict(report), _tiles(report))


def _verdict(report: Report) -> Html:
    """Return the verdict, what to do next, and whether the model is fit for use."""
    heading, style = HEADINGS[report.verdict]
    doubts = report.fitness.doubts
    if report.passed and doubts:
        heading, style = "The file is correct; whether the model is of use is in doubt.", "doubt"
    figures = tag("p", " ".join([_answers(report), _file(report)]))
    beside = tag("p", f"Compared with trees: {report.trees}.") if report.trees else None
    steps = report.next_steps()
    return tag(
        "div",
        tag("strong", heading),
        _listed(report.failures()),
        tag("p", " ".join(steps)) if steps else None,
        figures,
        tag("p", report.fitness.sentence),
        _listed([f"{one.sentence}. {one.advice}" for one in doubts]),
        beside,
        class_=f"verdict {style}".strip(),
    )


def _listed(sentences: list[str]) -> Html | None:
    return tag("ul", *(tag("li", one) for one in sentences)) if sentences else None


def _answers(report: Report) -> str:
    shown, int8 = report.task.metric.shown, report.int8_estimate
    said = report.task.result.format(
        numerics=report.numerics,
        value=shown(int8.value),
        rows=f"{report.test_rows:,} test rows",
        interval=" to ".join(map(shown, int8.ci95)),
    )
    return f"{said}, {_beside_float(report)}."


def _beside_float(report: Report) -> str:
    drop = report.drop.value
    if round(abs(drop), 2) == 0:
        return "the same as the float model"
    return f"{report.task.dropped(drop)} than the float model"


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
        (values[0], f"{worded(metric.name)}, {report.numerics}", f"float {values[1]}"),
        (drop, f"drop, {metric.unit}", bound),
        (sizes[0], f"{report.numerics} file", f"float {sizes[1]}"),
        (times[0], f"per row, {report.numerics}", f"float {times[1]}"),
        (f"{model.parameters:,}", "parameters", f"{model.macs:,} multiply-accumulates"),
    ]
    if report.agreement is not None:
        found.append(
            (
                f"{100 * report.agreement:.1f} %",
                f"same {report.task.words.target} as float",
                f"of {report.task.words.compared}",
            )
        )
    return found
