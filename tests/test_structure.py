"""The rules of the house: import directions, public names, and a test for every message."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

import export
import tuning
import zoo
from zoo.presets.families import FAMILIES
from zoo.tasks import TASKS

ROOT = Path(__file__).parents[1]
SOURCES = [
    path
    for name in ("zoo", "tuning", "export", "pocketzoo")
    for path in (ROOT / name).rglob("*.py")
]

FORBIDDEN = {
    "zoo": {"tuning", "export", "pocketzoo"},
    "tuning": {"export", "pocketzoo"},
    "export": {"tuning", "pocketzoo"},
    "pocketzoo": set(),
}
# heavy dependency -> the files that may import it
HOMES = {
    # the worker imports it early: Keras' fit does on every backend, in every trial
    "tensorflow": {
        "export/conversion/convert.py",
        "export/conversion/integer.py",
        "export/conversion/tfmot.py",
        "tuning/sweep/worker.py",
    },
    "tensorflow_model_optimization": {"export/conversion/tfmot.py"},
    "tf_keras": {"export/conversion/tfmot.py"},
    "ai_edge_litert": {
        "export/tflite/audit.py",
        "export/tflite/metadata.py",
        "export/tflite/operators.py",
        "export/runtimes/litert.py",
        "export/tflite/tidy.py",
    },
    "flatbuffers": {"export/tflite/metadata.py"},
    "onnxruntime": {"export/conversion/formats_child.py"},
    "torch": {"zoo/pretrained/torch_weights.py"},
    "tflite_micro": {"export/runtimes/micro_child.py"},
    "ethosu": set(),
    "keras_hub": {"zoo/pretrained/hub.py"},
    "keras_tuner": {
        "tuning/outcome/lessons.py",
        "tuning/sweep/jobs.py",
        "tuning/limits.py",
        "tuning/sweep/opening.py",
        "tuning/study/oracle.py",
        "tuning/study/oracles.py",
        "tuning/study/samplers.py",
        "tuning/searching.py",
        "tuning/spaces/space.py",
    },
    "sqlalchemy": {"tuning/study/storage.py"},
    "psycopg": set(),
    "sklearn": {
        "tuning/training/distillation.py",
        "tuning/estimators.py",
        "zoo/baselines/quick.py",
        "zoo/advice/repeats.py",
        "zoo/baselines/fitted.py",
        "zoo/readers/built_in.py",
        "zoo/data/splits.py",
    },
    "lightgbm": {"zoo/baselines/boosting.py"},
    "xgboost": {"zoo/baselines/boosting.py"},
    "catboost": {"zoo/baselines/boosting.py"},
    "scipy": {
        "tuning/augmentation/sequences.py",
        "tuning/study/samplers.py",
        "zoo/tasks/temperature.py",
        "zoo/tasks/outputs.py",
        "zoo/readers/sounds.py",
        "zoo/metrics/intervals.py",
        "zoo/tasks/classification.py",
        "zoo/metrics/shift.py",
    },
    "pyarrow": {"zoo/readers/frame.py"},
    "PIL": {"export/page/pictures.py", "zoo/readers/pictures.py"},
    "soundfile": {"zoo/readers/sounds.py"},
    "typer": {
        "pocketzoo/after.py",
        "pocketzoo/cli.py",
        "pocketzoo/export_command.py",
        "pocketzoo/options.py",
    },
    "rich": {
        "pocketzoo/printing/advice.py",
        "pocketzoo/printing/check.py",
        "pocketzoo/printing/console.py",
        "pocketzoo/printing/data.py",
        "pocketzoo/printing/live.py",
        "pocketzoo/printing/models.py",
        "pocketzoo/printing/predict.py",
        "pocketzoo/printing/report.py",
        "pocketzoo/printing/columns.py",
        "pocketzoo/printing/study.py",
        "pocketzoo/printing/verdict.py",
        "pocketzoo/printing/after.py",
    },
}


# where a family is named: its factory, its record and presets, its search space
FAMILY_HOMES = {"zoo/models", "zoo/pretrained", "zoo/presets", "tuning/spaces"}


def imported_modules(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def imported(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported_modules(path)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way_and_stay_at_home(path: Path) -> None:
    names = imported(path)
    assert not names & FORBIDDEN[path.relative_to(ROOT).parts[0]]
    for dependency, homes in HOMES.items():
        if dependency in names:
            assert str(path.relative_to(ROOT)) in homes, dependency


def test_legacy_packages_are_imported_by_their_child_only() -> None:
    """tfmot turns the Keras of its process into Keras 2: no file imports the one that does."""
    for path in SOURCES:
        assert "tfmot" not in {name.split(".")[-1] for name in imported_modules(path)}, path
    code = "import sys, export.conversion.compression, pocketzoo.cli, tuning; print(*sys.modules)"
    started = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"tensorflow_model_optimization", "tf_keras"} & set(started.stdout.split())


PUBLIC = {
    zoo: "Advice CNN Classification Data FrontEnd GRU Inception LITE MLP ModelSpec Multilabel "
    "Pretrained Reading Regression Run Task TextCNN TextGRU TextSettings TextTransformer "
    "Transformer UserError ViT advise create_model data_from list_models load_data read_labelled "
    "read_rows",
    tuning: "Classifier FineTuning Fit Overfit RangeTest Recipe Regressor Search StudyOracle "
    "find_learning_rate fit overfit quantize quantize_aware search train",
    export: "Check Drift Export ExportError Portable Report Versus check compare drift read_model "
    "to_litert to_onnx to_saved_model verify",
}


@pytest.mark.parametrize("package", PUBLIC, ids=lambda package: package.__name__)
def test_public_names(package: ModuleType) -> None:
    """What a package shows is what it means to: no more, no less, each with a docstring."""
    names = PUBLIC[package].split()
    assert sorted(package.__all__) == sorted(dir(package)) == names
    held = {
        name
        for name, value in vars(package).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert held <= {*names, "import_module", "TYPE_CHECKING", "Any"}
    assert all(getattr(package, name).__doc__ for name in names)


@pytest.mark.parametrize("package", PUBLIC, ids=lambda package: package.__name__)
def test_no_public_name_hides_a_module(package: ModuleType) -> None:
    modules = {path.stem for path in (ROOT / package.__name__).iterdir()}
    assert not modules & {*PUBLIC[package].split()}


def strings_of(path: Path) -> set[str]:
    """Return the string constants of a file, but for its docstrings."""
    tree = ast.parse(path.read_text())
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, owners) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in docstrings
    }


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_tasks_stay_at_home(path: Path) -> None:
    """No file but those of `zoo/tasks` knows a task or its metric by name."""
    names = {*TASKS, *(task.metric.name for task in TASKS.values())}
    if path.parent != ROOT / "zoo" / "tasks":
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
REPORT_HOMES = {"export/proof/verified.py", "export/litert.py"}


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


def messages() -> list[tuple[str, list[str]]]:
    """Return (where, literal pieces of the message) of every `raise X(...)` in the packages."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                pieces = [
                    str(part.value)
                    for part in ast.walk(node.exc.args[0])
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                ]
                if pieces:
                    found.append((f"{path.parent.name}/{path.name}:{node.lineno}", pieces))
    return found


WORDS = re.compile(r"[a-z]+", re.I)


def test_every_raise_has_a_test_of_its_message() -> None:
    """Three words in a row of every message (all, of a shorter one) stand in some test."""
    tests = " ".join(
        " ".join(WORDS.findall(path.read_text()))
        for path in (ROOT / "tests").rglob("test_*.py")
        if path.name != Path(__file__).name
    )
    untested = []
    for where, pieces in messages():
        spoken = [WORDS.findall(piece) for piece in pieces]
        length = min(3, max(len(words) for words in spoken))
        runs = [
            " ".join(words[i : i + length])
            for words in spoken
            for i in range(len(words) - length + 1)
        ]
        if not any(run in tests for run in runs):
            untested.append((where, pieces))
    assert not untested


def test_files_and_functions_stay_small() -> None:
    for path in SOURCES:
        text = path.read_text()
        assert text.count("\n") <= 250, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                first = body[0].lineno if body else node.lineno
                assert (node.end_lineno or 0) - first < 50, (path, node.name)


NUMERICS = "zoo/quantization/layers/numerics.py"
# others that hold a number or a type that int8 has too, and what it is there
NOT_A_FORMAT = {
    "export/page/pictures.py": "bytes of a PNG's pixels",
    "tuning/augmentation/images.py": "levels of a pixel",
    "zoo/data/lengths.py": "flags whose differences are signed",
    "zoo/layers/inputs.py": "white of a pixel",
    "zoo/pretrained/backbones.py": "what published weights take for pixels",
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


def tracked() -> list[Path]:
    """Return the files that git knows, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [Path(name) for name in listed.stdout.splitlines()]


def test_files_at_the_root() -> None:
    """A new file at the root is wanted, or committed by accident."""
    assert {path.name for path in tracked() if len(path.parts) == 1} == {
        ".gitignore",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "constraints.txt",
        "pyproject.toml",
    }


def test_folders_stay_small() -> None:
    """A newcomer can read the names in a folder at a glance."""
    count = Counter(path.parent for path in tracked() if path.suffix == ".py")
    assert not {str(folder): files for folder, files in count.items() if files > 20}


CLAUSES = re.compile(r"(What|How|Which|Whoever|Whether|By what|By which)\b")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_has_a_noun_for_a_title(path: Path) -> None:
    title = ast.get_docstring(ast.parse(path.read_text()))
    assert title
    assert not CLAUSES.match(title), title


def test_benchmarks_that_are_named_are_there() -> None:
    """The module or the path of one, in documents, comments, imports and the Makefile."""
    for path in tracked():
        if path.suffix in (".md", ".py", ".toml") or path.name == "Makefile":
            text = (ROOT / path).read_text()
            for name in re.findall(r"\bbenchmarks(?:/\w+)+(?:\.\w+)?", text):
                assert (ROOT / name).exists(), (path, name)
            for name in re.findall(r"\bbenchmarks(?:\.\w+)+", text):
                module = ROOT / name.replace(".", "/")
                assert module.is_dir() or module.with_suffix(".py").exists(), (path, name)


OURS = ("zoo", "tuning", "export", "pocketzoo", "benchmarks", "tests")


def defined(path: Path) -> set[str]:
    """Return the names at the top level of a module, and the modules beside an `__init__`."""
    names = {inner.stem for inner in path.parent.iterdir()} if path.stem == "__init__" else set()
    if not path.exists():  # a folder of benchmarks/
        return names
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module and node.names[0].name == "*":
            names |= defined((ROOT / node.module.replace(".", "/")).with_suffix(".py"))
    return names


@pytest.mark.parametrize("folder", ["benchmarks", "examples"])
def test_what_benchmarks_and_examples_import_is_there(folder: str) -> None:
    """No test runs most of them, and mypy does not read them."""
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
                source = ROOT / str(node.module).replace(".", "/")
                file = source / "__init__.py" if source.is_dir() else source.with_suffix(".py")
                assert {alias.name for alias in node.names} <= defined(file), (path, node.module)


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/adding.md"])
def test_documents_name_real_files(document: str) -> None:
    """Links, and paths of ours in code; NAME stands for what is added."""
    text = (ROOT / document).read_text()
    for name in re.findall(r"\]\(([^)#]+)\)", text):
        made = name.startswith(("http", "generated/"))
        assert made or (ROOT / document).parent.joinpath(name).exists(), name
    for name in re.findall(rf"`((?:{'|'.join(OURS)}|docs)/[\w/.]*)`", text):
        assert "NAME" in name or (ROOT / name).exists(), name
