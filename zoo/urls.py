"""URLs without their secrets: user, password and options of a database or a server."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote

HIDDEN = "***"
URL = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*://)(?P<rest>.*)", re.S)


def bare(text: str) -> str:
    """Return a text with `***` in the place of all that a URL in it may keep secret.

    That is what stands before its last "@" (a password may hold one, or a "/"), and its query.

    Examples:
        >>> bare("postgresql://me:secret@host/db?sslpassword=other")
        'postgresql://***@host/db?***'
    """
    found = URL.search(text)
    if found is None:
        return text
    rest = found["rest"]
    _, at, place = rest.rpartition("@")
    place, mark, _ = place.partition("?")
    shown = f"{HIDDEN}@{place}" if at else place
    return text[: found.start()] + found["scheme"] + shown + (f"?{HIDDEN}" if mark else "")


def without(text: str, url: str) -> str:
    """Return what a driver reports, without the secrets of the URL that it was given."""
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _secrets(url: str) -> Iterable[str]:
    found = URL.search(url)
    rest = "" if found is None else found["rest"]
    who, _, place = rest.rpartition("@")
    _, password = who.partition(":")[::2]
    values = [value for _, value in parse_qsl(place.partition("?")[2], keep_blank_values=False)]
    pieces = [url, who, password or who, *values]
    return {one for piece in pieces for one in (piece, unquote(piece)) if one}
