"""Rules for token ids and masks."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.layers.padding import TokenEmbedding, TokenMask
from zoo.quantization.layers.lookup import Lookup, Threshold
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.values import Value, numpy_of, shape_of, unknown

EMBEDDINGS = (TokenEmbedding, layers.Embedding)


def embedding(sketch: Sketch, layer: Any, ids: Value) -> Value:
    """`TokenEmbedding`, `Embedding`: GATHER of the rows of an int8 table."""
    padded = isinstance(layer, TokenEmbedding)
    table = numpy_of(layer.embeddings)
    return sketch.add(Lookup, layer.name, (ids,), shape_of(layer), table=table, padded=padded)


def token_mask(sketch: Sketch, layer: Any, ids: Value) -> Value:
    """A table too: 0 for the padding, 1 for every other id."""
    table = np.ones((layer.words, 1))
    return sketch.add(Lookup, layer.name, (ids,), shape_of(layer), table=table, mask=True)


def padding_mask(sketch: Sketch, call: Any, ids: Value, zero: Any) -> Value:
    """What `mask_zero=True` makes of the ids for a layer that wants it, as many as the table has.

    A mask that nothing reads is not there.
    """
    tables = [one for one in sketch.drafts if one.kind is Lookup and ids.number in one.inputs]
    if not tables or keras.ops.is_tensor(zero) or zero != 0:
        raise unknown(call.operation, "only the mask of an Embedding has an int8 form")
    words = len(tables[0].arguments["table"])
    table = (np.arange(words) != 0).astype(np.float64)[:, None]
    shape = (*ids.shape, 1)
    return sketch.add(Lookup, call.name, (ids,), shape, table=table, mask=True)


def one_hot(sketch: Sketch, call: Any, ids: Value) -> Value:
    """GATHER of the rows of a table of ones and zeros."""
    if not sketch.is_ids(ids) or call.operation.axis != -1:
        raise unknown(call.operation, "only ids from an input have an int8 form, on the last axis")
    table = np.eye(call.operation.num_classes)
    return sketch.add(
        Lookup, call.name, (ids,), (*ids.shape, len(table)), table=table, padded=False
    )


def step_mask(sketch: Sketch, layer: Any, x: Value) -> Value:
    """A dense layer of the last feature alone, cut off at 0 and 1 by the range of its output."""
    x, scale, offset = sketch.channels(x, layer.name)
    kernel = np.zeros((layer.features, 1))
    kernel[-1] = numpy_of(layer.gain)
    return sketch.add(
        Threshold,
        layer.name,
        (x,),
        shape_of(layer),
        kernel=kernel * scale[:, None],
        bias=numpy_of(layer.shift) + offset @ kernel,
    )


def check_reader(sketch: Sketch, layer: Any, inputs: Sequence[Value]) -> None:
    """Raise UnknownLayer for a layer that computes with integers."""
    looked_up = type(layer) in (*EMBEDDINGS, TokenMask)
    if any(sketch.is_ids(x) != looked_up for x in inputs):
        raise unknown(
            layer, "token ids, and only they, must go straight to an Embedding or a TokenMask"
        )


def takes_ids(model: keras.Model) -> bool:
    """Return whether a model reads integers: ids of tokens."""
    return bool(keras.backend.is_int_dtype(model.inputs[0].dtype))


def words_of(model: keras.Model) -> int | None:
    """Return how many ids a model knows; None for one that takes numbers."""
    tables = [layer.embeddings.shape[0] for layer in model.layers if type(layer) in EMBEDDINGS]
    return min(tables) if takes_ids(model) and tables else None
