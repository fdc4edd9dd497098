"""The shapes of rows that a family takes."""

from collections.abc import Sequence

from zoo.checks import UserError, at_least
from zoo.data.kinds import IMAGE, OF_NUMBERS, SEQUENCE, TABLE, TEXT, Kind, kind_of

# family -> kinds of rows that it takes, first the one it is made for
TAKEN: dict[str, tuple[Kind, ...]] = {
    "mlp": (TABLE, IMAGE),
    "cnn": (IMAGE, SEQUENCE),
    "gru": (SEQUENCE,),
    "lite": (SEQUENCE,),
    "inception": (SEQUENCE,),
    "transformer": (SEQUENCE,),
    "vit": (IMAGE,),
    "unet": (IMAGE,),
    "aspp": (IMAGE,),
    "text_gru": (TEXT,),
    "text_cnn": (TEXT,),
    "text_transformer": (TEXT,),
    "pretrained": (IMAGE,),
    "detect": (IMAGE,),
    "centroid": (IMAGE,),
}


class WrongKind(UserError):
    """Rows of a kind that a family does not take.

    Args:
        said: which kinds it takes, and what came.
        kind: of the rows.
        shape: of a row.
        instead: what to use; factories know of no presets.
    """

    def __init__(
        self,
        said: str,
        kind: Kind,
        shape: tuple[int, ...],
        instead: Sequence[str] = ("another family",),
    ) -> None:
        self.said, self.kind, self.shape = said, kind, shape
        super().__init__(f"{said} Use {' or '.join(instead)}, or reshape the rows{_hint(shape)}.")

    def use(self, presets: Sequence[str]) -> "WrongKind":
        """Return the same error, which names presets that take the rows."""
        return WrongKind(self.said, self.kind, self.shape, presets)


def check_shapes(family: str, input_shape: tuple[int, ...], num_outputs: int) -> tuple[int, ...]:
    """Return `input_shape` as a tuple of ints; raise UserError unless the family takes the kind."""
    shape = tuple(int(size) for size in input_shape)
    at_least("num_outputs", num_outputs, 1)
    kind = kind_of(shape)
    if kind is None or min(shape) < 1:
        kinds = "; ".join(one.described for one in OF_NUMBERS)
        raise UserError(
            f"input_shape={shape} fits no family. Expected the shape of one row: {kinds}."
        )
    if kind not in TAKEN[family]:
        came = f"these are {kind.described} of shape {shape}"
        raise WrongKind(f"{takes(family)}, but {came}.", kind, shape)
    return shape


def takes(family: str) -> str:
    """Say which rows a family takes."""
    kinds = " or ".join(kind.described for kind in (*OF_NUMBERS, TEXT) if kind in TAKEN[family])
    return f"{family.upper()} takes {kinds}"


def _hint(shape: tuple[int, ...]) -> str:
    if kind_of(shape) is SEQUENCE:
        return f" (gray images need a channel: x.reshape(-1, {shape[0]}, {shape[1]}, 1))"
    return ""
