"""The order in which presets are tried where none is named: that of `zoo.advice`."""

from collections.abc import Mapping

from zoo.advice.choice import RULES
from zoo.data.kinds import Kind
from zoo.presets.catalogue import PRESETS, family_of
from zoo.tasks import Task

TESTED = "_tiny"  # ending of presets that are made for tests: tried where few others fit


def ordered(kind: Kind, task: Task, rows: int, limits: Mapping[str, float]) -> tuple[str, ...]:
    """Return the presets that take a kind of rows for a task, what to try first first.

    Pretrained networks are left out: they take large images only, and most would be downloaded.
    """
    rules = [rule for rule in RULES if rule.kind == kind and rows <= rule.rows]
    advised = [name for rule in rules[:1] for name in (rule.first, rule.then) if name in PRESETS]
    fitting = {name: family_of(name) for name in PRESETS}
    found = [name for name, of in fitting.items() if kind in of.kinds and of.gives == task.gives]
    advised = [name for name in advised if name in found]

    def place(name: str) -> tuple[bool, int, int]:
        made_for = fitting[name].kinds.index(kind)
        return name.endswith(TESTED), made_for, PRESETS[name].parameters

    return tuple(dict.fromkeys([*advised, *sorted(found, key=place)]))
