"""Damage to JSON of every kind, one edit at a time, in run folders whose manifest fits."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GONE = object()  # the key is removed
DEEP = '{"deep": ' * 200 + "0" + "}" * 200
OTHERS = (None, -1, 0, 2**40, 10**40, 1e308, 0.5, "x", "\u001b[2J", "", True, [], [1], {}, {"x": 1})
FEW = 3  # entries of a long list or object that are edited


def edits(whole: Any, others: tuple[Any, ...] = OTHERS) -> Iterator[tuple[str, str]]:
    """Give (what was done, the text of the edited JSON): each value replaced or removed."""
    for place in places(whole):
        for other in (*others, GONE):
            yield (
                f"{'.'.join(map(str, place))} = {'gone' if other is GONE else other!r}",
                edited(whole, place, other),
            )
    for name, text in (("NaN", "NaN"), ("1e999", "1e999"), ("200 deep", DEEP)):
        yield f"all = {name}", text


def places(whole: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the place of each value, the whole first; of many of a kind the first ones alone."""
    yield at
    items = whole.items() if isinstance(whole, dict) else enumerate(whole)
    numbered = isinstance(whole, list)
    for key, value in list(items)[: FEW if numbered else None]:
        if isinstance(value, dict | list):
            yield from places(value, (*at, key))
        else:
            yield (*at, key)


def edited(whole: Any, place: tuple[Any, ...], other: Any) -> str:
    """Return the text of JSON with another value, or none, at a place."""
    made = json.loads(json.dumps({"": whole}))
    holder = made
    for key in ("", *place)[:-1]:
        holder = holder[key]
    last = ("", *place)[-1]
    if other is GONE:
        del holder[last]
    else:
        holder[last] = other
    return json.dumps(made.get(""))


def put(folder: Path, name: str, text: str) -> None:
    """Write a file of a run folder, with a manifest that fits."""
    (folder / name).write_text(text)
    if name != "manifest.json":
        manifest = json.loads((folder / "manifest.json").read_text())
        content = text.encode()
        entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        manifest["files"][name] = entry
        (folder / "manifest.json").write_text(json.dumps(manifest))
