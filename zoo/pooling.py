"""What is made of all tokens together: sequence pooling."""

from typing import Any

import keras
from keras import ops

from zoo.layers import register


@register
class SequencePooling(keras.layers.Layer):
    """Average the tokens, each as often as it scores: softmax(dense(x)) over the tokens, times x.

    Hassani et al. 2021 (arXiv:2104.05704, section 3.2). The weights begin nearly equal, as theirs
    do. int8 gives each a step of 1/256: of more than about 100 tokens most would count nothing.

    Input shape: `(batch, tokens, width)`. Output shape: `(batch, width)`.
    """

    def build(self, input_shape: tuple[Any, ...]) -> None:
        _, self.tokens, self.width = input_shape
        small = keras.initializers.TruncatedNormal(stddev=0.02)
        self.score = keras.layers.Dense(1, kernel_initializer=small, name="score")
        self.score.build(input_shape)

    def call(self, x: Any) -> Any:
        scores = ops.reshape(self.score(x), (-1, 1, self.tokens))  # (B, 1, tokens)
        pooled = ops.matmul(ops.softmax(scores, axis=-1), x)  # (B, 1, width)
        return ops.reshape(pooled, (-1, self.width))
