"""The rules of style: small files, tested messages, nouns for titles, names that are there."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.helpers.sources import ROOT, SOURCES, tracked


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
        made = "NAME" in name or name == "docs/_build"
        assert made or (ROOT / name).exists(), name
