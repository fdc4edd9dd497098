"""`report.html`: one file that shows the results of a run, without network, fonts or scripts.

What comes from the data is escaped (`markup`), and a Content-Security-Policy forbids scripts and
everything else that a browser would fetch or run.
"""

import base64
import hashlib
from importlib.resources import files

import numpy as np

from export.conversion.job import FLOAT
from export.page.answers import answers
from export.page.card import card
from export.page.device import device
from export.page.facts import read
from export.page.markup import Html, tag
from export.page.overlays import Overlays
from export.page.saliency import effects
from export.page.samples import samples
from export.page.summary import summary
from export.page.training import training
from export.proof.answers import SMALLEST
from export.proof.report import Report
from export.runtimes.litert import load, predict
from export.tflite.joined import Joined
from zoo import Data, Run

PAGE = "report.html"


def write_page(run: Run, data: Data, report: Report) -> None:
    """Write `report.html` into the folder of a run."""
    run.write({PAGE: page(run, data, report)})


def page(run: Run, data: Data, report: Report) -> str:
    """Return the page of a run that is exported and verified.

    Args:
        run: its folder; only its files are read, and its float file is run on a few rows.
        data: what it was trained on, for the rows that are shown.
        report: of its verification.

    Raises:
        UserError: a file of the folder was changed.
    """
    facts = read(run, report)
    interpreter, output = load(run.path / FLOAT), report.files.output
    joined = output.real() if isinstance(output, Joined) else None

    def outputs(x: np.ndarray) -> np.ndarray:
        return data.task.logits(
            predict(interpreter, x, output=joined), report.measured.ending, SMALLEST
        )

    found = effects(data, outputs)
    body = (
        summary(report),
        training(facts),
        answers(report),
        samples(report, data, found, _overlays(run, data, report)),
        device(report),
        card(facts),
    )
    style = (files("export.page") / "style.css").read_text("utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{report.model.name} on {report.data.name}"),
        tag("style", Html(style)),
    )
    whole = tag("html", head, tag("body", tag("main", *body)), lang="en")
    return f"<!doctype html>\n{whole}\n"


def _overlays(run: Run, data: Data, report: Report) -> Overlays | None:
    """Return what draws masks and objects by the quantized file; None for other answers."""
    if data.task.gives == "values":
        return None
    files, interpreter = report.files, load(run.path / report.files.main)

    def outputs(x: np.ndarray) -> np.ndarray:
        found = predict(interpreter, x, files.scaling, files.output)
        return data.task.logits(found, report.measured.ending, SMALLEST)

    return Overlays(data, outputs)


def _policy(style: str) -> str:
    """Return a policy under which a browser runs and fetches nothing: this style, own pictures."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    allowed = f"style-src 'sha256-{digest}'; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
