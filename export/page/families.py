"""The page's table of a search among families: the best of each, and models without a network."""

from collections.abc import Mapping
from typing import Any

from export.page.markup import Html, folded, joined, table, tag


def families(answer: Mapping[str, Any], device: str | None) -> Html:
    """Return the table, what to make of it, and what was not tried.

    Args:
        answer: of `study.json`.
        device: where latency is estimated, if anywhere.
    """
    timed = [] if device is None else [f"estimated ms on {device}"]
    header = ["best of each family", "validation score", "int8 bytes", "arena", *timed]
    rows = [_row(one, bool(timed)) for one in answer["families"]]
    rows += [
        [
            one["name"],
            f"{one['score']:.4f}",
            f"about {one['bytes']:,} as C code",
            *[""] * (len(header) - 3),
        ]
        for one in answer["rivals"]
    ]
    said = [tag("li", sentence) for sentence in answer["sentences"]]
    fallen = [tag("li", f"{one['preset']}: {one['why']}") for one in answer["fallen"]]
    return joined(
        [
            table(header, rows, numbers=1),
            tag("ul", *said) if said else None,
            folded("Presets that were not tried", tag("ul", *fallen)) if fallen else None,
        ]
    )


def _row(one: Mapping[str, Any], timed: bool) -> list[str]:
    cut = "" if one["complete"] else f" (stopped after {one['epochs']} epochs)"
    times = [f"{one['ms']:.3g}"] if timed else []
    name = f"{one['family']}: {one['preset']}{cut}"
    return [name, f"{one['score']:.4f}", f"{one['bytes']:,}", f"{one['arena']:,}", *times]
