"""The public names of the packages."""

from types import ModuleType

import pytest

import export
import tuning
import zoo
from tests.helpers.sources import ROOT

PUBLIC = {
    zoo: "ASPP Advice Budget CNN Centroid Centroids Classification Data Detection Detector "
    "FrontEnd GRU Inception LITE MLP ModelSpec Multilabel Pretrained Reading Regression Run "
    "Segmentation Task TextCNN TextGRU TextSettings TextTransformer Transformer UNet UserError ViT "
    "advise create_model data_from list_models load_data read_labelled read_rows",
    tuning: "Classifier FineTuning Fit Overfit RangeTest Recipe Regressor Search StudyOracle "
    "find_learning_rate fit overfit quantize quantize_aware search train",
    export: "Check Drift Export ExportError GraphExport Portable Report Versus check compare drift "
    "read_model to_litert to_onnx to_saved_model verify",
}


@pytest.mark.parametrize("package", PUBLIC, ids=lambda package: package.__name__)
def test_public_names(package: ModuleType) -> None:
    """What a package shows is what it means to: no more, no less, each with a docstring."""
    names = PUBLIC[package].split()
    assert sorted(package.__all__) == sorted(dir(package)) == names
    held = {
        name
        for name, value in vars(package).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert held <= {*names, "import_module", "TYPE_CHECKING", "Any"}
    assert all(getattr(package, name).__doc__ for name in names)


@pytest.mark.parametrize("package", PUBLIC, ids=lambda package: package.__name__)
def test_no_public_name_hides_a_module(package: ModuleType) -> None:
    modules = {path.stem for path in (ROOT / package.__name__).iterdir()}
    assert not modules & {*PUBLIC[package].split()}
