"""Networks pretrained on photographs, for rows that are such.

Features that were learned elsewhere help most where there are few images (Kornblith et al. 2019,
"Do Better ImageNet Models Transfer Better?", arXiv:1805.08974, section 4.6).
"""

from zoo.data.kinds import IMAGE, Kind
from zoo.presets.pretrained import PREFIX
from zoo.pretrained.table import shipped
from zoo.tasks import Task

FEW = 10_000  # training rows, at most
SIDE = 64  # pixels, at least
COLOR = (3,)  # channels


def pretrained_for(
    kind: Kind, task: Task | type[Task], rows: int, shape: tuple[int, ...]
) -> dict[str, bool]:
    """Return the pretrained presets that suit rows, and whether their weights are here.

    Suited are few color images of some size, for one answer each. Networks whose weights Keras
    would download are left out.

    Args:
        kind: of the rows.
        task: of the data.
        rows: training rows.
        shape: of a row; () where it is not known, for which none suits.

    Examples:
        >>> from zoo.advice.photographs import pretrained_for
        >>> data = zoo.load_data("digits")  # images of 8 x 8 pixels
        >>> pretrained_for(data.kind, data.task, len(data.x_train), data.input_shape)
        {}
    """
    if (kind, task.gives) != (IMAGE, "values") or rows > FEW or shape[2:] != COLOR:
        return {}
    if min(shape[:2]) < SIDE:
        return {}
    return {f"{PREFIX}{name}": known for name, known in shipped().items()}
