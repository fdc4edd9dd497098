"""The homes: what a task, a family, a report and a numeric format are is known in one place."""

import ast
import re
from pathlib import Path

import pytest

from tests.helpers.sources import ROOT, SOURCES, strings_of
from zoo.presets.families import FAMILIES
from zoo.tasks import TASKS

# where a family is named: its factory, its record and presets, its search space
FAMILY_HOMES = {
    "zoo/models",
    "zoo/models/dense",
    "zoo/pretrained",
    "zoo/presets",
    "tuning/spaces",
}


OF_OTHERS = {
    "zoo/readers/dense/coco.py": {"segmentation"},  # a key of COCO's files
    "zoo/metrics/ranking.py": {"pr_auc", "recall_at_precision"},  # the figures themselves
}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_tasks_stay_at_home(path: Path) -> None:
    """No file but those of `zoo/tasks` knows a task or its metric by name."""
    names = {*TASKS, *(metric.name for task in TASKS.values() for metric in task.metrics)}
    names -= OF_OTHERS.get(str(path.relative_to(ROOT)), set())
    if path.parent not in (ROOT / "zoo" / "tasks", ROOT / "zoo" / "tasks" / "judging"):
        assert not names & strings_of(path)


def test_families_are_named_at_home() -> None:
    named = set()
    for path in SOURCES:
        families = set(FAMILIES) & strings_of(path)
        if str(path.parent.relative_to(ROOT)) in FAMILY_HOMES:
            named |= families
        else:
            assert not families, path
    assert named == set(FAMILIES)


# who writes `report.json`, reads it, and deletes an old one
REPORT_HOMES = {"export/proof/reported.py", "export/exported.py"}


def keys_of_reports(path: Path) -> list[str]:
    """Return the keys by which a file looks into something called a report."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Subscript):
            owner, keys = node.value, [node.slice]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner, keys = node.func.value, node.args[:1] if node.func.attr == "get" else []
        else:
            continue
        name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        if name in ("report", "reports"):
            found += [key.value for key in keys if isinstance(key, ast.Constant)]
    return found


def test_keys_of_a_report_stay_at_home() -> None:
    """All others have the value: `export.Report`, or `Verified` of an earlier run."""
    named = {str(path.relative_to(ROOT)) for path in SOURCES if "report.json" in strings_of(path)}
    assert named == REPORT_HOMES
    looking = {str(path.relative_to(ROOT)) for path in SOURCES if keys_of_reports(path)}
    assert looking == {"export/proof/verified.py"}


NUMERICS = "zoo/quantization/layers/numerics.py"
# others that hold a number or a type that int8 has too, and what it is there
NOT_A_FORMAT = {
    "export/device/front_end.py": "white of a pixel, in words",
    "export/drawing/drawn.py": "white of a pixel",
    "export/drawing/palette.py": "largest part of a color",
    "export/page/rows.py": "bytes of a PNG's pixels",
    "tuning/augmentation/images.py": "levels of a pixel",
    "zoo/data/lengths.py": "flags whose differences are signed",
    "zoo/layers/inputs.py": "white of a pixel",
    "zoo/pretrained/table.py": "what published weights take for pixels",
    "zoo/readers/dense/pixels.py": "white of a pixel",
    "zoo/readers/dense/scenes.py": "white of a pixel",
    "zoo/tasks/masks/form.py": "the class of a pixel that does not count",
}
BOUND = r"(?<![\w.])(-128|127|254|255)\b"
OF_INT8 = re.compile(
    rf"{BOUND}|\b(np|tf)\.int8\b|TensorType\.INT8|num_bits=\d|int8_t|(read|write)Int8\("
)


class Undocumented(ast.NodeTransformer):
    """A module's code alone; comments are no part of a tree."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return ast.Pass() if isinstance(node.value, ast.Constant) else self.generic_visit(node)


def knows_int8(path: Path) -> bool:
    """Return whether code holds a bound of int8, a name of its type, or of one of its files."""
    tree = Undocumented().visit(ast.parse(path.read_text()))
    nodes = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    texts = [value for value in nodes if isinstance(value, str)]
    named = any("INT8" in text or "model_int8" in text for text in texts)
    return named or bool(OF_INT8.search(ast.unparse(tree)))


def test_a_numeric_format_is_known_in_one_file() -> None:
    found = {str(path.relative_to(ROOT)) for path in SOURCES if knows_int8(path)}
    assert found == {NUMERICS, *NOT_A_FORMAT}
    templates = list((ROOT / "export" / "device" / "templates").glob("*.txt"))
    assert templates
    assert not [path for path in templates if OF_INT8.search(path.read_text())]
