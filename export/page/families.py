"""The table of a search among families: the best of each, and models without a network."""

from collections.abc import Mapping
from typing import Any

from export.page.markup import Html, folded, joined, table, tag


def families(answer: Mapping[str, Any], device: str | None) -> Html:
    """Return the table, what to make of it, and what was not tried.

    Args:
        answer: of `study.json`.
        device: where latency is estimated, if anywhere.
    """
    header, rows = best_of(answer, device)
    said = [tag("li", sentence) for sentence in answer["sentences"]]
    fallen = [tag("li", f"{one['preset']}: {one['why']}") for one in answer["fallen"]]
    return joined(
        [
            table(header, rows, numbers=1),
            tag("ul", *said) if said else None,
            folded("Presets that were not tried", tag("ul", *fallen)) if fallen else None,
        ]
    )


def best_of(
    answer: Mapping[str, Any], device: str | None
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the header and the rows of the table, for the page and the screen alike."""
    timed = () if device is None else (f"estimated ms on {device}",)
    rows = [_row(one, bool(timed)) for one in answer["families"]]
    for one in answer["rivals"]:
        size = f"about {one['bytes']:,} as C code"
        rows.append((one["name"], f"{one['score']:.4f}", size, "", *["" for _ in timed]))
    return ("best of each family", "validation score", "int8 bytes", "arena", *timed), rows


def _row(one: Mapping[str, Any], timed: bool) -> tuple[str, ...]:
    cut = "" if one["complete"] else f" (stopped after {one['epochs']} epochs)"
    times = [f"{one['ms']:.3g}" if "ms" in one else ""] if timed else []
    sizes = [f"{one[name]:,}" if name in one else "" for name in ("bytes", "arena")]
    read = f" ({one['reading']})" if "reading" in one else ""
    name = f"{one['family']}: {one['preset']}{read}{cut}"
    return name, f"{one['score']:.4f}", *sizes, *times
