"""Sphinx: the site, from these pages, the docstrings, the preset table and the command line."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from zoo.presets.catalogue import PRESETS, reference  # noqa: E402

project = "pocketzoo"
copyright = "the pocketzoo authors, Apache-2.0"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "pocketzoo"
exclude_patterns = ["_build"]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_mock_imports: list[str] = []
napoleon_google_docstring = True
napoleon_use_ivar = True


def _write(name: str, text: str) -> None:
    file = HERE / "generated" / name
    file.parent.mkdir(exist_ok=True)
    if not file.exists() or file.read_text() != text:
        file.write_text(text)


def _presets() -> str:
    lines = ["# Presets", "", "| preset | parameters | at | source |", "|---|---:|---|---|"]
    for name, preset in PRESETS.items():
        shape, outputs = reference(name)
        at = "x".join(str(size) for size in shape) + f" -> {outputs}"
        lines.append(f"| `{name}` | {preset.parameters:,} | {at} | {preset.source} |")
    return "\n".join(lines) + "\n"


def _commands() -> str:
    command = [sys.executable, "-m", "typer", "pocketzoo.cli", "utils", "docs"]
    ended = subprocess.run(
        [*command, "--name", "pocketzoo", "--title", "Command line"],
        cwd=HERE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout


def setup(app: Any) -> None:
    """Docstrings say (rows, *shape): a star that begins no emphasis."""

    def escape(_app: Any, _what: str, _name: str, _object: Any, _options: Any, lines: Any) -> None:
        lines[:] = [re.sub(r"\*(?=\w+\))", r"\\*", line) for line in lines]

    app.connect("autodoc-process-docstring", escape)


_write("presets.md", _presets())
_write("commands.md", _commands())
