"""A run folder as a run in MLflow: parameters, metrics and files."""

import math
import re
import warnings
from typing import Any

from export.proof.verified import Verified
from zoo import Run, UserError
from zoo.urls import bare, without

LONGEST = 250  # characters of a parameter's value


def log_run(run: Run, uri: str) -> str:
    """Copy a verified run to a tracking server or a local store; return the id it has there.

    The experiment is named after the data. Parameters are the preset, its arguments and the recipe
    (of a model of one's own its name); metrics the curves of the training and the figures of the
    report; artifacts all finished files.

    Args:
        run: exported and verified.
        uri: as MLflow's: "http://server:5000", "sqlite:///mlflow.db".

    Raises:
        UserError: the store does not answer or refuses; the run folder is as it was.
    """
    from mlflow import MlflowClient

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # between MLflow and its store
            return _logged(MlflowClient(tracking_uri=uri), run)
    except Exception as error:  # whatever a store of MLflow's raises
        reason = without(str(error).split("\n")[0], uri)
        raise UserError(
            f"MLflow at {bare(uri)} did not accept the run: {reason[:300]}. {run.path} is "
            "complete; once MLflow responds, run pocketzoo export with --mlflow."
        ) from error


def _logged(client: Any, run: Run) -> str:
    from mlflow.entities import Metric, Param

    name = f"pocketzoo/{Verified.read(run).data.name}"
    known = client.get_experiment_by_name(name)
    experiment = known.experiment_id if known else client.create_experiment(name)
    made = str(client.create_run(experiment, run_name=run.path.name).info.run_id)
    metrics = [Metric(name, value, 0, step) for name, step, value in _metrics(run)]
    for start in range(0, len(metrics), 1000):  # what the server takes at a time
        client.log_batch(made, metrics=metrics[start : start + 1000])
    client.log_batch(made, params=[Param(k, str(v)[:LONGEST]) for k, v in _parameters(run).items()])
    for name in run.manifest()["files"]:
        client.log_artifact(made, str(run.file(name)))
    client.set_terminated(made)
    return made


def _parameters(run: Run) -> dict[str, Any]:
    verified = Verified.read(run)
    model, trained = verified.model, (run.path / "recipe.json").exists()  # not one's own model
    found: dict[str, Any] = {"preset": model.preset or model.name, "backend": verified.backend}
    found |= {"data.hash": verified.data.hash, "parameters": model.parameters}
    found |= {f"model.{name}": value for name, value in model.overrides.items()}
    recipe = run.read_json("recipe.json") if trained else {}
    return found | {f"recipe.{name}": value for name, value in recipe.items()}


def _metrics(run: Run) -> list[tuple[str, int, float]]:
    """Return (name, epoch, value), without what MLflow's stores refuse."""
    verified, history = Verified.read(run), run.history()
    epochs = [int(epoch) for epoch in history.pop("epoch", [])]
    curves = [
        (name, epoch, value)
        for name, values in history.items()
        for epoch, value in zip(epochs, values, strict=True)
    ]
    figures = {f"test_{kind}_{verified.metric}": one for kind, one in verified.values.items()}
    figures |= {"drop": verified.drop, "passed": float(verified.passed)}
    figures |= {f"bytes_{name}": size for name, size in verified.bytes.items()}
    figures |= {f"latency_us_{kind}": value for kind, value in verified.latency_us.items()}
    found = [*curves, *((name, 0, float(value)) for name, value in figures.items())]
    return [(re.sub(r"[^\w\-. /]", "_", n), step, v) for n, step, v in found if math.isfinite(v)]
