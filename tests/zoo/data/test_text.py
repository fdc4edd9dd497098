"""Texts: the vocabulary, what it is learned from, and what cannot be read so."""

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import zoo
from tests.helpers.instances import save_sentences, sentences
from tuning import Recipe, train
from zoo.data.text import TextSettings, Vocabulary, learn_vocabulary, tokens_of
from zoo.quantization import UnknownLayer, make_twin

TEXTS = ["The cat, the hat.", "the CAT sat", "a hat"]


def test_tokens_are_words_and_signs_or_characters() -> None:
    assert tokens_of("Don't stop, it's 3.5 km!", "word") == [
        *("don", "'", "t", "stop", ",", "it", "'", "s", "3", ".", "5", "km", "!")
    ]
    assert tokens_of("Ab c", "character") == ["a", "b", " ", "c"]


def test_ids_by_hand() -> None:
    found = learn_vocabulary(TEXTS, TextSettings(length=4))
    assert found.tokens == ("the", "cat", "hat")  # 3, 2 and 2 times; the rest once
    assert found.words == 5
    expected = [[2, 4, 1, 0], [0, 0, 0, 0], [3, 1, 2, 4]]
    expected[0] = [0, 2, 4, 1]
    expected[2] = [3, 1, 2, 4]
    np.testing.assert_array_equal(found.ids(["The hat?", "  ", "the the cat , the hat"]), expected)
    assert learn_vocabulary(TEXTS[::-1], TextSettings(length=4)) == found
    assert Vocabulary.from_json(found.to_json()) == found
    fewer = learn_vocabulary(TEXTS, TextSettings(words=3, minimum=1))
    assert fewer.tokens == ("the",)
    assert fewer.length == 6  # the longest has ",", "." and four words
    letters = learn_vocabulary(TEXTS, TextSettings("character", minimum=1))
    assert letters.tokens[0] == "t"
    assert letters.ids(["cat"]).shape == (1, 17)


def test_the_length_covers_most_texts() -> None:
    texts = ["one two"] * 96 + ["one " * 50] * 4
    assert learn_vocabulary(texts, TextSettings()).length == 2
    assert learn_vocabulary(["word " * 1000] * 3, TextSettings()).length == 256


def test_only_training_rows_make_the_vocabulary(tmp_path: Path) -> None:
    def data(**changed: Any) -> zoo.Data:
        x, y = sentences(200, 0)
        made = {"x_train": x, "y_train": y, "x_val": x[:8], "y_val": y[:8], "x_test": x[8:16]}
        np.savez(tmp_path / "texts.npz", **(made | {"y_test": y[8:16]} | changed))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rows that are in two parts
            return zoo.load_data(tmp_path / "texts.npz")

    plain, other = data(), data(x_val=np.array(["new new"] * 8), x_test=np.array(["other"] * 8))
    assert plain.encoding == other.encoding
    assert plain.hash != other.hash
    assert (other.x_test[:, -1] == 1).all()
    assert (other.x_test[:, :-1] == 0).all()
    renamed = np.char.replace(sentences(200, 0)[0], "topic0x1", "another")
    changed = data(x_train=renamed, x_val=renamed[:8], x_test=renamed[8:16])
    assert changed.hash != plain.hash  # though the ids can be the same


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("words", "front_end='words' is not known. Did you mean 'word'"),
        ("mfcc", "front_end='mfcc' is not known"),
        ("word:size=8", "Texts have no setting 'size'"),
        ("word:words=many", "The setting words of texts must be an integer; got 'many'"),
        ("word:words=2", r"words must be a number in \[3"),
        ("word:length=1", r"length must be a number in \[2"),
        ("word:minimum=0", "minimum must be an integer of at least 1"),
        ("word:minimum=999999", "No token occurs 999999 times in the training texts"),
    ],
)
def test_settings_that_cannot_be(wanted: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(zoo.UserError, match=message):
        zoo.load_data(save_sentences(tmp_path / "texts.npz"), front_end=wanted)


def test_what_does_not_go_with_texts(tmp_path: Path, wine: zoo.Data) -> None:
    data = zoo.load_data(save_sentences(tmp_path / "texts.npz"))
    assert data.x_train.dtype == np.int32
    with pytest.raises(
        zoo.UserError, match="mixup changes numbers; texts holds texts. Set it to 0"
    ):
        train("text_cnn_tiny", data, directory=tmp_path / "a", recipe=Recipe(mixup=0.2))
    with pytest.raises(zoo.UserError, match="mlp_tiny cannot take those. Use text_"):
        train("mlp_tiny", data, directory=tmp_path / "b")
    with pytest.raises(zoo.UserError, match="wine holds numbers; text_cnn_tiny cannot take those"):
        train("text_cnn_tiny", wine, directory=tmp_path / "c")
    numbers = {"y_train": np.arange(600) % 4, "x_test": np.zeros((4, 3)), "y_test": np.arange(4)}
    np.savez(tmp_path / "mixed.npz", x_train=sentences(600, 0)[0], **numbers)
    with pytest.raises(zoo.UserError, match="x_test has type float64, x_train <U"):
        zoo.load_data(tmp_path / "mixed.npz")


def test_settings_may_be_an_object(tmp_path: Path) -> None:
    path = save_sentences(tmp_path / "texts.npz")
    settings = TextSettings("character", 40, 2, 50)
    by_object = zoo.load_data(path, front_end=settings)
    assert by_object.input_shape == (50,)
    by_text = zoo.load_data(path, front_end="character:words=40,length=50")
    assert by_object.hash == by_text.hash


@pytest.mark.parametrize(
    ("shape", "overrides", "message"),
    [
        ((8, 3), {}, r"TEXT_CNN takes texts as token ids \(length,\), at least two of them"),
        ((1,), {}, r"TEXT_CNN takes texts as token ids"),
        ((8,), {"words": 2}, "words must be an integer of at least 3; got 2"),
        ((8,), {"words": 10**6}, "words must be at most 65536; got 1000000"),
        ((8,), {"kernels": 3}, r"kernels must be a list of lengths, like \[3, 4, 5\]; got 3"),
    ],
)
def test_models_of_texts_refuse(
    shape: tuple[int, ...], overrides: dict[str, Any], message: str
) -> None:
    with pytest.raises(zoo.UserError, match=message):
        zoo.create_model("text_cnn_tiny", shape, 3, **overrides)


def test_integers_can_only_be_looked_up() -> None:
    ids = keras.Input((6,), dtype="int32")
    model = keras.Model(ids, keras.layers.Dense(2)(ids))
    with pytest.raises(UnknownLayer, match="token ids, and only they, must go straight to"):
        make_twin(model)
    one = keras.Input((6, 3))
    mixed = keras.layers.Multiply()([one, keras.layers.GlobalAveragePooling1D()(one)])
    with pytest.raises(UnknownLayer, match="its inputs have different ranks"):
        make_twin(keras.Model(one, mixed))
