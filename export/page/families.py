"""The table of a search among families: the best of each, and models without a network."""

from collections.abc import Mapping, Sequence
from typing import Any

from export.page.front import cost_shown, cost_title
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
    costs = ("bytes", "arena") if device is None else ("bytes", "arena", "ms")
    rows = [_row(one, costs) for one in answer["families"]]
    for one in answer["rivals"]:
        size = f"about {one['bytes']:,} as C code"
        rows.append((one["name"], f"{one['score']:.4f}", size, *["" for _ in costs[1:]]))
    titles = (cost_title(name, device) for name in costs)
    return ("best of each family", "validation score", *titles), rows


def _row(one: Mapping[str, Any], costs: Sequence[str]) -> tuple[str, ...]:
    cut = "" if one["complete"] else f" (stopped after {one['epochs']} epochs)"
    read = f" ({one['reading']})" if "reading" in one else ""
    name = f"{one['family']}: {one['preset']}{read}{cut}"
    return name, f"{one['score']:.4f}", *(cost_shown(cost, one.get(cost)) for cost in costs)
