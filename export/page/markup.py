"""HTML that is safe by its type: anything that is not `Html` is escaped."""

from collections.abc import Iterable, Sequence
from html import escape

EMPTY = ("img", "meta", "path", "rect", "circle", "line", "polyline")


class Html(str):
    """Markup, which goes into a page as it is. Only this file and fixed texts make it."""

    __slots__ = ()


Child = str | Html | None


def tag(name: str, /, *children: Child, **attributes: object) -> Html:
    """Return an element. None children and attributes are left out, all texts are escaped.

    Args:
        name: of the element.
        children: texts and elements.
        attributes: `class_` is class, a further `_` is a hyphen.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in EMPTY:
        return Html(f"<{name}{given}>" if name in ("img", "meta") else f"<{name}{given}/>")
    return Html(f"<{name}{given}>{joined(children)}</{name}>")


def joined(children: Iterable[Child]) -> Html:
    """Return children one after the other; texts are escaped."""
    return Html("".join(text(child) for child in children))


def text(child: Child) -> Html:
    """Return a child as markup."""
    if child is None:
        return Html("")
    if isinstance(child, Html):
        return child
    whole = child.encode("utf-8", "replace").decode("utf-8")  # no halves of surrogate pairs
    return Html(escape(whole, quote=True))


def table(header: Sequence[Child], rows: Iterable[Sequence[Child]], numbers: int = 0) -> Html:
    """Return a table that scrolls by itself where the screen is narrow.

    Args:
        header: of each column; empty for a table without one.
        rows: its cells.
        numbers: the first column that holds numbers; from there on cells are set to the right.
            0 means none.
    """

    def cells(kind: str, row: Sequence[Child]) -> Html:
        found = []
        for n, cell in enumerate(row):
            right = "number" if numbers and n >= numbers else None
            name = "th" if kind == "th" or n == 0 else "td"
            scope = ("col" if kind == "th" else "row") if name == "th" else None
            found.append(tag(name, cell, class_=right, scope=scope))
        return tag("tr", *found)

    head = tag("thead", cells("th", header)) if header else None
    body = tag("tbody", *(cells("td", row) for row in rows))
    return tag("div", tag("table", head, body), class_="scroll", tabindex="0")


def section(title: str, *children: Child, lead: Child = None) -> Html:
    """Return a section with its heading; nothing where there is nothing in it."""
    if not any(children):
        return Html("")
    anchor = "".join(c if c.isalnum() else "-" for c in title.lower())
    intro = None if lead is None else tag("p", lead, class_="lead")
    return tag("section", tag("h2", title, id=anchor), intro, *children)


def figure(caption: Child, *children: Child) -> Html:
    """Return a picture with what it shows said under it."""
    return tag("figure", *children, tag("figcaption", caption))


def grid(*children: Child) -> Html:
    """Return figures side by side where there is room."""
    return tag("div", *children, class_="grid") if any(children) else Html("")


def folded(title: str, *children: Child) -> Html:
    """Return what opens on a click."""
    return tag("details", tag("summary", title), *children)
