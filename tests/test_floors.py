"""The floors of the house: no folder imports one above it, and nothing goes in a circle."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# rooms of each package, ground first: folders, and the files beside them; those of a line stand
# beside each other
FLOORS = {
    "zoo": """
        checks lazy leash showing typed stages
        files urls
        backends lock manifest
        layers metrics
        tasks
        data quantization/layers
        quantization/rules readers models baselines
        quantization/operations devices
        quantization
        cost pretrained
        presets folder
        run models/dense
        advice
        public
        __init__
    """,
    "tuning": """
        recipe
        augmentation spaces study
        training
        quantization limits settings
        auto
        sweep
        outcome
        searching
        estimators
        public
        __init__
    """,
    "export": """
        child drawing
        tflite
        device runtimes
        conversion
        exported graphs reading
        litert
        formats
        proof
        after checking page
        verifying
        public
        __init__
    """,
    "pocketzoo": """
        __init__ record tracking printing
        parsing
        flat options process
        early
        recipes
        after exporting
        export_command
        searching
        cli
        __main__
    """,
}
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in FLOORS
    for path in (ROOT / package).rglob("*.py")
}


def imports(module: str) -> Iterator[str]:
    """Yield the modules of ours that one imports, wherever in it; not those of its types alone."""
    tree = ast.parse(SOURCES[module].read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in SOURCES else node.module


def room(module: str) -> str:
    """Return the folder of a module in its package, or the file that lies beside the folders.

    A folder inside of one is part of it, unless it has a floor of its own.
    """
    package, *folders, file = SOURCES[module].relative_to(ROOT).parts
    while len(folders) > 1 and "/".join(folders) not in FLOORS[package].split():
        folders.pop()
    return "/".join(folders) or Path(file).stem


@pytest.mark.parametrize("package", FLOORS)
def test_every_room_stands_on_those_below(package: str) -> None:
    floors = {
        name: number
        for number, line in enumerate(FLOORS[package].strip().splitlines())
        for name in line.split()
    }
    for module in SOURCES:
        if module.split(".")[0] != package:
            continue
        own = room(module)
        for other in imports(module):
            if other in SOURCES and other.split(".")[0] == package and room(other) != own:
                assert floors[room(other)] < floors[own], (module, other)


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {
        module: {other for other in imports(module) if other in SOURCES and other != module}
        for module in SOURCES
    }
    assert len(list(TopologicalSorter(graph).static_order())) == len(SOURCES)
