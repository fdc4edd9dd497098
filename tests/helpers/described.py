"""A stand-in for a run, with what it says of its data."""

import json
from pathlib import Path
from typing import Any

import zoo
from zoo.tasks import Task
from zoo.tasks import recorded as task_in


class Recorded:
    """A run folder that holds only what its data were."""

    path = Path("recorded")

    def __init__(self, data: zoo.Data) -> None:
        held = {"task": data.task.name, "class_names": data.class_names, "schema": data.schema}
        self.held = json.loads(json.dumps(held))

    def read_json(self, name: str) -> dict[str, Any]:
        assert name == "data.json"
        return dict(self.held)

    def task(self) -> Task:
        return task_in(self.held)
