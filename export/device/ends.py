"""Both ends of a `.tflite` file: what a row becomes, and what its outputs mean."""

from dataclasses import dataclass

import keras

from export.device.front_end import row_of
from export.tflite.joined import Output
from export.tflite.metadata import one_line
from export.tflite.scaling import Scaling
from zoo import Data
from zoo.quantization.layers.joint import Place

LINEAR = "linear"  # outputs that are left as they are


@dataclass(frozen=True)
class Leaf:
    """One output of a file, and the part that it is of the model's array for a row.

    Attributes:
        name: in the signature.
        at, shape: where it begins in the array, and its shape there.
        own: its shape in the file.
        scale, zero_point: `(q - zero_point) * scale` is the real number.
    """

    name: str
    at: tuple[int, ...]
    shape: tuple[int, ...]
    own: tuple[int, ...]
    scale: float
    zero_point: int


@dataclass(frozen=True)
class Ends:
    """Both ends of a file: what a row becomes, and what its outputs mean.

    Attributes:
        file: its name.
        shape: of a row.
        scaling, output: of the input and of the output.
        outputs: how many.
        labels: names of the classes; empty where outputs are numbers.
        activation: that makes probabilities of outputs: "softmax", "sigmoid"; "linear" for none.
        device: how answers are printed: the template of that name.
        converted: whether the host converts outputs, each into the unit of its target.
        row: what a row is and how it is made, in words.
        table: whether front_end.py makes rows of a .csv file.
        leaves: outputs of the file, in its order, where answers are masks or boxes.
        thresholds: scores from which an object of each class is told.
    """

    file: str
    shape: tuple[int, ...]
    scaling: Scaling
    output: Scaling
    outputs: int
    labels: tuple[str, ...]
    activation: str
    device: str
    converted: bool = False
    row: str = "an .npy file of rows, as the model was trained on"
    table: bool = False
    state: str = ""  # type of a step form's states
    leaves: tuple[Leaf, ...] = ()
    thresholds: tuple[float, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The labels, each in one line."""
        return tuple(one_line(label) for label in self.labels)

    @property
    def logits(self) -> bool:
        """Whether probabilities are still to be made of the outputs."""
        return self.activation != LINEAR


def ends_of(
    file: str,
    data: Data,
    scaling: Scaling,
    output: Output,
    model: keras.Model,
    converted: bool = False,
) -> Ends:
    """Return the ends of a file that was made of a model."""
    task, given = data.task, data.task.ending(model) is not None
    return Ends(
        file,
        data.input_shape,
        scaling,
        output if isinstance(output, Scaling) else output.scalings[0],
        int(model.output_shape[-1]),
        task.labels,
        LINEAR if given else task.squashed(model.output_shape[-1]),
        task.device,
        converted,
        row_of(data),
        bool(data.schema.get("columns")),
        leaves=leaves_of(output, tuple(model.output_shape[1:])) if task.gives != "values" else (),
        thresholds=task.thresholds,
    )


def leaves_of(output: Output, shape: tuple[int, ...]) -> tuple[Leaf, ...]:
    """Return the outputs of a file, which are parts of an array, or one that is the whole."""
    if isinstance(output, Scaling):
        return (_leaf(Place("output", (0,) * len(shape), shape, shape), output),)
    return tuple(map(_leaf, output.joint.places, output.scalings))


def _leaf(place: Place, own: Scaling) -> Leaf:
    return Leaf(place.name, place.at, place.shape, place.own, own.scale[0], int(own.zero_point[0]))
