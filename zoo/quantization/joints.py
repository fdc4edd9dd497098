"""Where a graph ends whose model ends in concatenations."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from zoo.quantization.layers.joint import Joint, Place
from zoo.quantization.operations.calls import calls_of

FLAT = 2  # axes of an output with its batch: one vector a row stays whole


@dataclass(frozen=True)
class _Part:
    """A tensor that becomes an output, and where the host puts it."""

    tensor: Any
    at: tuple[int, ...]
    shape: tuple[int, ...]


def graph_ends(model: keras.Model) -> tuple[list[Any], Joint | None]:
    """Return the tensors that a model's graph ends in, and how the host joins them.

    These are the model's own outputs, and None, but where its only one is more than a vector a row
    and made by concatenations: then they are what is concatenated, before it is reshaped.
    """
    outputs = list(model.outputs)
    if len(outputs) != 1 or len(outputs[0].shape) <= FLAT or None in outputs[0].shape[1:]:
        return outputs, None
    calls = list(calls_of(keras.Function(model.inputs, outputs)))
    makers = {id(tensor): call for call in calls for tensor in call.outputs}
    readers = Counter(id(tensor) for call in calls for tensor in call.inputs)
    (whole,) = outputs
    shape = tuple(whole.shape[1:])
    parts = list(_parts(_Part(whole, (0,) * len(shape), shape), makers))
    tensors = [_before_reshape(part.tensor, makers, readers) for part in parts]
    apart = len({id(one) for one in tensors}) == len(tensors)
    if len(parts) < 2 or not apart or any(id(one) not in makers for one in tensors):
        return outputs, None
    names = [makers[id(one)].name for one in tensors]
    names = names if len({*names}) == len(names) else [f"output_{i}" for i in range(len(names))]
    places = tuple(
        Place(name, part.at, part.shape, tuple(tensor.shape[1:]))
        for name, part, tensor in zip(names, parts, tensors, strict=True)
    )
    return tensors, Joint(shape, places)


def _parts(whole: _Part, makers: dict[int, Any]) -> Iterator[_Part]:
    """Yield what a tensor is concatenated of, concatenations within it too."""
    call = makers.get(id(whole.tensor))
    axis = None if call is None else getattr(call.operation, "axis", None)
    if call is None or not isinstance(call.operation, keras.layers.Concatenate) or not axis:
        yield whole
        return
    place = axis - 1 if axis > 0 else len(whole.shape) + axis
    begins = whole.at[place]
    for tensor in call.inputs:
        at = (*whole.at[:place], begins, *whole.at[place + 1 :])
        yield from _parts(_Part(tensor, at, tuple(tensor.shape[1:])), makers)
        begins += tensor.shape[1 + place]


def _before_reshape(tensor: Any, makers: dict[int, Any], readers: Counter[int]) -> Any:
    """Return what a reshape makes a tensor of, which the host can do, or the tensor itself."""
    call = makers.get(id(tensor))
    if call is None or readers[id(tensor)] > 1:
        return tensor
    (first, *_) = call.inputs
    kept = isinstance(call.operation, keras.layers.Reshape) and None not in first.shape[1:]
    return first if kept else tensor
