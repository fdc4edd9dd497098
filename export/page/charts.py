"""Charts as inline SVG: lines, points, bars. Colors and type are the style sheet's."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from export.page.markup import Html, tag

WIDTH, HEIGHT = 400, 250
LEFT, RIGHT, TOP, BOTTOM = 50, 14, 30, 40  # around the plot
ROW = 22  # height of a bar with its label
LONGEST = 21  # characters of a label


@dataclass(frozen=True)
class Series:
    """Points of one kind. `look`: "a", "b" or "quiet", see the style sheet."""

    name: str
    points: Sequence[tuple[float, float]]
    look: str = "a"
    line: bool = True
    dots: bool = False


@dataclass(frozen=True)
class Axis:
    """From values to places, and where the ticks are."""

    label: str
    low: float
    high: float
    log: bool = False
    whole: bool = False  # only integers have ticks

    def place(self, value: float) -> float:
        """Return where a value lies, 0 to 1."""
        low, high, at = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        return min(1.0, max(0.0, (at - low) / (high - low)))

    def ticks(self) -> list[float]:
        """Return about five round values."""
        if self.log:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            steps = (1,) if self.high / self.low > 300 else (1, 2, 5)
            found = [m * 10.0**n for n in range(first, last + 1) for m in steps]
        else:
            rough = max((self.high - self.low) / 5, 1.0 if self.whole else 0.0)
            unit = 10.0 ** math.floor(math.log10(rough))
            step = next(m * unit for m in (1, 2, 5, 10) if m * unit >= rough)
            first = math.ceil(self.low / step - 1e-9)
            found = [n * step for n in range(first, first + 12)]
        edge = 1e-9 * abs(self.high)
        return [value for value in found if self.low - edge <= value <= self.high + edge]


def axis(label: str, values: Sequence[float], log: bool = False) -> Axis:
    """Return an axis that holds values, with a little room around them."""
    low, high = min(values), max(values)
    if all(isinstance(value, int) for value in values) and not log:
        return Axis(label, low - 0.02 * (high - low), high + (0.02 * (high - low) or 1), whole=True)
    if log and low > 0 and high / low > 20:
        return Axis(label, low / 1.2, high * 1.2, log=True)
    room = 0.06 * (high - low) or abs(high) * 0.1 or 0.5
    return Axis(label, max(0.0, low - room) if low >= 0 else low - room, high + room)


def short(value: float) -> str:
    """Return a number as a tick shows it: 12k, 0.5, 1e-05."""
    size = abs(value)
    if size >= 1e6:
        return f"{value / 1e6:.4g}M"
    if size >= 1e4:
        return f"{value / 1e3:.4g}k"
    return f"{value:.4g}"


def plot(title: str, x: Axis, y: Axis, series: Sequence[Series]) -> Html:
    """Return a chart of lines and points.

    Args:
        title: what it shows, for who cannot see it.
        x: across.
        y: upwards.
        series: drawn in this order.
    """
    parts = [_grid(x, y), _legend(series)]
    for one in series:
        places = [(_across(x, a), _down(y, b)) for a, b in one.points if math.isfinite(b)]
        if one.line and len(places) > 1:
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
            parts.append(tag("polyline", points=points, class_=f"line {one.look}"))
        if one.dots or len(places) == 1:
            dots = [
                tag("circle", cx=f"{a:.1f}", cy=f"{b:.1f}", r="3.2", class_=f"dot {one.look}")
                for a, b in places
            ]
            parts += dots
    return _svg(title, HEIGHT, parts)


def _across(axis: Axis, value: float) -> float:
    return LEFT + axis.place(value) * (WIDTH - LEFT - RIGHT)


def _down(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - axis.place(value) * (HEIGHT - TOP - BOTTOM)


def _grid(x: Axis, y: Axis) -> Html:
    bottom = HEIGHT - BOTTOM
    parts: list[Html] = []
    for value in y.ticks():
        at = f"{_down(y, value):.1f}"
        parts.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=at, y2=at, class_="rule"))
        parts.append(_words(short(value), LEFT - 7, float(at) + 4, "end"))
    ticks = x.ticks()
    for value in ticks[:: 1 + len(ticks) // 8]:
        parts.append(_words(short(value), _across(x, value), bottom + 17, "middle"))
    parts.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=bottom, y2=bottom, class_="base"))
    parts.append(_words(x.label, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "middle"))
    parts.append(_words(y.label, 2, 12, "start"))
    return tag("g", *parts)


def _legend(series: Sequence[Series]) -> Html:
    """Return the names of the series, set from the right."""
    parts: list[Html] = []
    at = float(WIDTH - RIGHT)
    for one in reversed([one for one in series if one.name]):
        parts.append(_words(one.name, at, 12, "end"))
        at -= 7.2 * len(one.name) + 10
        parts.append(
            tag("rect", x=f"{at - 9:.1f}", y=3, width=9, height=9, class_=f"key {one.look}")
        )
        at -= 21
    return tag("g", *parts)


def _words(text: str, x: float, y: float, anchor: str) -> Html:
    return tag("text", text, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor)


def _svg(title: str, height: float, parts: Sequence[Html]) -> Html:
    return tag(
        "svg",
        tag("title", title),
        *parts,
        viewBox=f"0 0 {WIDTH} {height:.0f}",
        role="img",
        class_="chart",
    )


def bars(title: str, items: Sequence[tuple[str, float, str]], marked: int | None = None) -> Html:
    """Return bars to the right, one below the other; those of negative values are hollow.

    Args:
        title: what they show, for who cannot see it.
        items: label, value, and the value as text.
        marked: the number of the one that stands out.
    """
    start, room = 168, 66
    longest = max((abs(value) for _, value, _ in items), default=0) or 1.0
    parts = []
    for n, (label, value, written) in enumerate(items):
        y = n * ROW
        length = abs(value) / longest * (WIDTH - start - room)
        look = "bar b" if n == marked else "bar hollow" if value < 0 else "bar a"
        box = {"x": start, "y": y + 4, "width": f"{max(length, 1):.1f}", "height": ROW - 8}
        parts.append(tag("g", tag("title", label), _words(_cut(label), start - 8, y + 15, "end")))
        parts.append(tag("rect", **box, rx=2, class_=look))
        parts.append(_words(written, start + length + 6, y + 15, "start"))
    return _svg(title, len(items) * ROW, parts)


def _cut(label: str) -> str:
    return label if len(label) <= LONGEST else f"…{label[1 - LONGEST :]}"


def spark(title: str, columns: Sequence[Sequence[float]], shade: Sequence[float] = ()) -> Html:
    """Return small curves without axes, over shades of 0 to 1 where they are given."""
    width, height = 220, 72
    values = [value for column in columns for value in column]
    low, high = min(values), max(values)
    reach = (high - low) or 1.0
    parts = []
    for n, dark in enumerate(shade):
        each = width / len(shade)
        box = {"x": f"{n * each:.1f}", "y": 0, "width": f"{each:.1f}", "height": height}
        parts.append(tag("rect", **box, class_="shade", fill_opacity=f"{dark:.2f}"))
    for n, column in enumerate(columns):
        across = width / max(len(column) - 1, 1)
        places = (
            f"{i * across:.1f},{height - 4 - (v - low) / reach * (height - 8):.1f}"
            for i, v in enumerate(column)
        )
        look = ("a", "b", "quiet")[min(n, 2)]
        parts.append(tag("polyline", points=" ".join(places), class_=f"line thin {look}"))
    view = f"0 0 {width} {height}"
    return tag("svg", tag("title", title), *parts, viewBox=view, role="img", class_="spark")
