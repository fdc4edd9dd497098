"""What a model is: architectures, named sizes, data, and the run folder that stages hand over."""

from zoo.backends import require_backend

require_backend()

from zoo.checks import UserError  # noqa: E402  (the check above must come before Keras is imported)
from zoo.cnn import CNN  # noqa: E402
from zoo.gru import GRU  # noqa: E402
from zoo.mlp import MLP  # noqa: E402
from zoo.presets import ModelSpec, create_model, list_models  # noqa: E402
from zoo.vit import ViT  # noqa: E402
