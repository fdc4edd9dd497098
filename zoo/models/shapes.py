"""Row shapes that each family takes."""

from zoo.checks import UserError, at_least

# rank of one row -> what it is, and the families that take it
KINDS = {
    1: ("table rows (features,)", ("mlp",)),
    2: ("sequences (steps, features)", ("gru", "lite", "inception", "transformer", "cnn")),
    3: ("images (height, width, channels)", ("cnn", "vit", "mlp")),
}


def check_shapes(family: str, input_shape: tuple[int, ...], num_outputs: int) -> tuple[int, ...]:
    """Return `input_shape` as a tuple of ints; raise UserError naming the families that fit."""
    shape = tuple(int(size) for size in input_shape)
    at_least("num_outputs", num_outputs, 1)
    if len(shape) not in KINDS or min(shape, default=0) < 1:
        kinds = "; ".join(kind for kind, _ in KINDS.values())
        raise UserError(
            f"input_shape={shape} fits no family. Expected the shape of one row: {kinds}."
        )
    kind, families = KINDS[len(shape)]
    if family not in families:
        fitting = " or ".join(f"{name}_*" for name in families)
        takes = " or ".join(kind for kind, names in KINDS.values() if family in names)
        raise UserError(
            f"{family.upper()} takes {takes}, but these are {kind} of shape {shape}. "
            f"Use {fitting}, or reshape the rows{_hint(shape)}."
        )
    return shape


def _hint(shape: tuple[int, ...]) -> str:
    if len(shape) == 2:
        return f" (grey images need a channel: x.reshape(-1, {shape[0]}, {shape[1]}, 1))"
    return ""
