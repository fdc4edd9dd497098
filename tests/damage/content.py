"""Content that more than one file of these tests damages."""


def text(*lines: str, rows: int = 40) -> bytes:
    """Return a good table, `a,b,price`, with lines put in after the tenth row."""
    good = [f"{number}.5,{'xyz'[number % 3]},{number * 0.25}" for number in range(rows)]
    return "\n".join(["a,b,price", *good[:10], *lines, *good[10:]]).encode() + b"\n"
