"""The top of the page: whether the file may be shipped, in words, and its figures."""

from export.page.facts import Facts, kilobytes, microseconds
from export.page.markup import Html, tag


def summary(facts: Facts) -> Html:
    """Return title, verdict and key figures."""
    data = facts.report["data"]
    rows = ", ".join(f"{count:,} {part}" for part, count in data["rows"].items())
    title = tag("h1", f"{facts.name} on {data['name']}")
    about = tag("p", f"{data['task'].capitalize()}; rows: {rows}.", class_="of")
    return tag("header", title, about, _verdict(facts), _tiles(facts))


def _verdict(facts: Facts) -> Html:
    report = facts.report
    figures = tag("p", " ".join([_answers(facts), _file(facts)]))
    doubt, trees = _doubt(facts), report["trees"]
    beside = tag("p", f"Beside trees: {trees}.") if trees else None
    if not report["passed"]:
        reasons = tag("ul", *(tag("li", reason) for reason in report["failures"]))
        heading = tag("strong", "Not to be shipped.")
        return tag("div", heading, reasons, figures, beside, class_="verdict no")
    if doubt:
        heading = tag("strong", "The file is right, but the model has learned little.")
        return tag("div", heading, figures, tag("p", doubt), beside, class_="verdict doubt")
    return tag("div", tag("strong", "Ready to ship."), figures, beside, class_="verdict")


def _answers(facts: Facts) -> str:
    report, rows = facts.report, f"{facts.test_rows:,} test rows"
    int8, interval = facts.shown(report["int8"]["value"]), facts.ranged(report["int8"])
    said = facts.task.words.result.format(value=int8, rows=rows, interval=interval)
    return f"{said}, {_beside_float(facts)}."


def _beside_float(facts: Facts) -> str:
    drop = facts.report["drop"]["value"]
    if round(abs(drop), 2) == 0:
        return "the same as the float model"
    words = facts.task.words
    return f"{abs(drop):.2f}{words.less if drop > 0 else words.more} than the float model"


def _doubt(facts: Facts) -> str | None:
    """Say so where the model is no better than an answer that looks at nothing."""
    report = facts.report
    if report["confusion"]:
        counts = [sum(row) for row in report["confusion"]["int8"]]
        most = max(counts)
        if report["int8"]["ci95"][0] <= most / sum(counts):
            name = report["confusion"]["classes"][counts.index(most)]
            share = facts.shown(most / sum(counts))
            return f"Always answering {name} would be right for {share} of these rows."
    if "r2" in report["metrics"] and report["metrics"]["r2"]["int8"]["ci95"][0] <= 0:
        return "Always answering the mean may do as well."
    return None


def _file(facts: Facts) -> str:
    report = facts.report
    size = kilobytes(report["files"]["model_int8.tflite"]["bytes"])
    time = microseconds(report["runtimes"]["litert"]["latency_us"]["int8"])
    whole = "holds integers only" if report["integer_only"] else "is NOT integer-only"
    return f"It {whole}, is {size} large, and takes {time} a row on one thread here."


def _tiles(facts: Facts) -> Html:
    report = facts.report
    files, times = report["files"], report["runtimes"]["litert"]["latency_us"]
    drop, model = report["drop"], report["model"]
    unit = facts.task.metric.unit
    float_size = kilobytes(files["model_float.tflite"]["bytes"])
    found = [
        (
            facts.shown(report["int8"]["value"]),
            f"{facts.metric}, int8",
            f"float {facts.shown(report['float']['value'])}",
        ),
        (f"{drop['value']:.2f}", f"drop, {unit}", f"at most {drop['bound']:.2f}"),
        (kilobytes(files["model_int8.tflite"]["bytes"]), "int8 file", f"float {float_size}"),
        (microseconds(times["int8"]), "a row, int8", f"float {microseconds(times['float'])}"),
        (f"{model['parameters']:,}", "parameters", f"{model['macs']:,} multiply-adds"),
    ]
    if report["agreement"] is not None:
        found.append((f"{100 * report['agreement']:.1f} %", "same class as float", "of test rows"))
    tiles = (
        tag("div", tag("b", figure), tag("span", what), tag("span", beside), class_="tile")
        for figure, what, beside in found
    )
    return tag("div", *tiles, class_="tiles")
