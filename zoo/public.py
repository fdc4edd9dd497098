"""The public names of `zoo`."""

from zoo.backends import require_backend as _require_backend

_require_backend()  # before Keras is imported, so that a wrong KERAS_BACKEND reads like a mistake

from zoo.advice import Advice, advise  # noqa: E402
from zoo.checks import UserError  # noqa: E402
from zoo.data.audio import FrontEnd  # noqa: E402
from zoo.data.dataset import Data  # noqa: E402
from zoo.data.text import TextSettings  # noqa: E402
from zoo.devices.budget import Budget  # noqa: E402
from zoo.models.cnn import CNN  # noqa: E402
from zoo.models.dense.aspp import ASPP  # noqa: E402
from zoo.models.dense.detector import Centroid, Detector  # noqa: E402
from zoo.models.dense.unet import UNet  # noqa: E402
from zoo.models.gru import GRU  # noqa: E402
from zoo.models.inception import Inception  # noqa: E402
from zoo.models.lite import LITE  # noqa: E402
from zoo.models.mlp import MLP  # noqa: E402
from zoo.models.texts import TextCNN, TextGRU, TextTransformer  # noqa: E402
from zoo.models.transformer import Transformer  # noqa: E402
from zoo.models.vit import ViT  # noqa: E402
from zoo.presets.catalogue import list_models  # noqa: E402
from zoo.presets.spec import ModelSpec, create_model  # noqa: E402
from zoo.pretrained.backbones import Pretrained  # noqa: E402
from zoo.readers import Reading, read_labelled, read_rows  # noqa: E402
from zoo.readers.loading import data_from, load_data  # noqa: E402
from zoo.run import Run  # noqa: E402
from zoo.tasks import (  # noqa: E402
    Centroids,
    Classification,
    Detection,
    Multilabel,
    Regression,
    Segmentation,
    Task,
)

__all__ = [
    "ASPP",
    "CNN",
    "GRU",
    "LITE",
    "MLP",
    "Advice",
    "Budget",
    "Centroid",
    "Centroids",
    "Classification",
    "Data",
    "Detection",
    "Detector",
    "FrontEnd",
    "Inception",
    "ModelSpec",
    "Multilabel",
    "Pretrained",
    "Reading",
    "Regression",
    "Run",
    "Segmentation",
    "Task",
    "TextCNN",
    "TextGRU",
    "TextSettings",
    "TextTransformer",
    "Transformer",
    "UNet",
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
