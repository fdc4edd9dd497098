"""One record per family: what it takes, and what is said of the rest."""

import pytest

import zoo
from tests.helpers.instances import SMALL
from zoo.data.kinds import IMAGE, OF_NUMBERS, SEQUENCE, TABLE, TEXT, Kind
from zoo.models.shapes import WrongKind
from zoo.presets.catalogue import PRESETS, patterns_for
from zoo.presets.families import FAMILIES, Family

OF_NUMBERS_ONLY = [f for f in FAMILIES.values() if TEXT not in f.kinds and f.name != "pretrained"]


@pytest.mark.parametrize("kind", OF_NUMBERS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("family", OF_NUMBERS_ONLY, ids=lambda family: family.name)
def test_a_factory_takes_the_kinds_of_its_record(family: Family, kind: Kind) -> None:
    shape, outputs = SMALL[kind]
    if kind in family.kinds:
        assert family.factory(shape, outputs).input_shape == (None, *shape)
        return
    with pytest.raises(WrongKind, match="Use another family, or reshape the rows") as of_factory:
        family.factory(shape, outputs)
    preset = next(name for name, preset in PRESETS.items() if preset.family == family.name)
    with pytest.raises(WrongKind) as of_preset:
        zoo.create_model(preset, shape, outputs)
    better = " or ".join(patterns_for(kind))
    assert str(of_preset.value) == str(of_factory.value).replace("another family", better)


def test_presets_for_a_kind_begin_with_those_made_for_it() -> None:
    assert patterns_for(TABLE) == ["mlp_*"]
    assert patterns_for(IMAGE) == ["cnn_*", "vit_*", "mlp_*"]
    assert patterns_for(SEQUENCE) == ["gru_*", "lite_*", "inception_*", "transformer_*", "cnn_*"]
    assert patterns_for(TEXT) == ["text_gru_*", "text_cnn_*", "text_transformer_*"]
    assert all(zoo.list_models(one) for kind in SMALL for one in patterns_for(kind))


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_reference_rows_are_of_the_first_kind(family: Family) -> None:
    shape, outputs = family.reference
    assert len(shape) == len(family.kinds[0].axes)
    assert outputs >= 2
    assert {"input_shape", "num_outputs"}.isdisjoint(family.arguments)


def test_every_preset_has_a_family() -> None:
    assert {preset.family for preset in PRESETS.values()} == set(FAMILIES) - {"pretrained"}
