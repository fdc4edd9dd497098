"""The transformer encoder for images and sequences, in a form that stays integer-only.

Vaswani et al. 2017 (arXiv:1706.03762) with the norms first, as in Dosovitskiy et al. 2021
(arXiv:2010.11929, figure 1).
"""

from typing import Any

from keras import layers

from zoo.checks import UserError, one_of, size
from zoo.layers.inputs import (
    LayerNormalization,
    RMSNormalization,
    batch_norm,
    drop_path_layer,
    dropped,
)
from zoo.layers.tokens import SelfAttention

NORMS = ("layer", "batch", "rms")
ATTENTIONS = ("softmax", "sigmoid")


def check_encoder(
    width: int, depth: int, heads: int, mlp_ratio: int, norm: str, attention: str
) -> None:
    """Raise UserError for an argument out of range."""
    size("width", width, 1)
    size("heads", heads, 1)
    size("depth", depth, 0)
    size("mlp_ratio", mlp_ratio, 1)
    one_of("norm", norm, NORMS)
    one_of("attention", attention, ATTENTIONS)
    if width % heads:
        raise UserError(f"heads must divide width; got heads={heads}, width={width}.")


def encoder_block(
    x: Any,
    heads: int,
    mlp_ratio: int,
    dropout: float,
    norm: str,
    attention: str,
    activation: str,
    drop_path: float = 0.0,
    qkv_bias: bool = True,
    mask: Any = None,
) -> Any:
    """Self-attention, then an MLP per token, each with a shortcut: (B, tokens, width).

    With a mask, (B, tokens, 1), sigmoid attention without bias reads nothing where it is 0.
    """
    width = x.shape[-1]
    y = normed(x, norm)
    y = y if mask is None else layers.Multiply()([y, mask])
    y = SelfAttention(heads, attention, qkv_bias)(y)
    x = layers.Add()([x, drop_path_layer(dropped(y, dropout), drop_path)])
    y = layers.Dense(mlp_ratio * width, activation=activation)(normed(x, norm))
    y = layers.Dense(width)(y)
    return layers.Add()([x, drop_path_layer(dropped(y, dropout), drop_path)])


def normed(x: Any, norm: str) -> Any:
    """Return tokens normalized by one of `NORMS`."""
    if norm == "batch":
        return batch_norm(x)
    return LayerNormalization()(x) if norm == "layer" else RMSNormalization()(x)
