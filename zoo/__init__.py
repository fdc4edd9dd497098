"""What a model is: architectures, named sizes, data, and the run folder that stages hand over."""

from zoo.backends import require_backend

require_backend()  # before Keras is imported, so that a wrong KERAS_BACKEND reads like a mistake

from zoo.advice import advise  # noqa: E402
from zoo.audio import FrontEnd  # noqa: E402
from zoo.checks import UserError  # noqa: E402
from zoo.cnn import CNN  # noqa: E402
from zoo.data import Data  # noqa: E402
from zoo.gru import GRU  # noqa: E402
from zoo.inception import Inception  # noqa: E402
from zoo.lite import LITE  # noqa: E402
from zoo.loading import data_from, load_data  # noqa: E402
from zoo.mlp import MLP  # noqa: E402
from zoo.presets import ModelSpec, create_model, list_models  # noqa: E402
from zoo.pretrained import Pretrained  # noqa: E402
from zoo.readers import Reading, read_labelled, read_rows  # noqa: E402
from zoo.run import Run  # noqa: E402
from zoo.texts import TextCNN, TextGRU, TextTransformer  # noqa: E402
from zoo.transformer import Transformer  # noqa: E402
from zoo.vit import ViT  # noqa: E402

__all__ = [
    "CNN",
    "GRU",
    "LITE",
    "MLP",
    "Data",
    "FrontEnd",
    "Inception",
    "ModelSpec",
    "Pretrained",
    "Reading",
    "Run",
    "TextCNN",
    "TextGRU",
    "TextTransformer",
    "Transformer",
    "UserError",
    "ViT",
    "advise",
    "create_model",
    "data_from",
    "list_models",
    "load_data",
    "read_labelled",
    "read_rows",
]
