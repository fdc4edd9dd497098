"""EfficientNet-Lite0 without its classifier, as trained on ImageNet."""

from typing import Any

from keras import layers

from zoo.layers.inputs import batch_norm
from zoo.models.cnn import conv, inverted_block, plan_blocks


def lite0(x: Any) -> Any:
    """(B, H, W, 3) in about -1..1 -> (B, H / 32, W / 32, 1280).

    EfficientNet-B0 (Tan and Le 2019, arXiv:1905.11946, table 1) in the Lite form
    (blog.tensorflow.org, March 2020): relu6, and no squeeze-and-excitation.
    """
    blocks = plan_blocks(
        filters=(16, 24, 40, 80, 112, 192, 320),
        blocks=(1, 2, 2, 3, 3, 4, 1),
        kernels=(3, 3, 5, 3, 5, 5, 3),
        strides=(1, 2, 2, 2, 1, 2, 1),
        expansion=6,
        drop_path=0.0,
        activation="relu6",
    )
    x = layers.Activation("relu6")(batch_norm(conv(x, 32, 3, 2, bias=False)))  # (B, H/2, W/2, 32)
    for block in blocks:
        x = inverted_block(x, block)
    return layers.Activation("relu6")(batch_norm(conv(x, 1280, 1, 1, bias=False)))
