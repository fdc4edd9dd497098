"""A strict reader of pages."""

from html.parser import HTMLParser

from export.page.markup import EMPTY


class Reader(HTMLParser):
    """Reads a page strictly: elements close in order, attributes are harmless."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append(name)
        for key, value in attributes:
            assert not key.startswith("on"), (name, key)
            assert key != "style", name  # the policy forbids it
            if key in ("src", "href"):
                assert (value or "").startswith("data:image/png;base64,"), value
        if name not in EMPTY:
            self.open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(name, attributes)

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)
