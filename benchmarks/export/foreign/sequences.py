"""Networks of series, sound and text, as the examples of keras.io write them."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops


def fcn() -> keras.Model:
    """timeseries/timeseries_classification_from_scratch."""
    x = inputs = layers.Input((100, 1))
    for _ in range(3):
        x = layers.Conv1D(filters=32, kernel_size=3, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    return keras.Model(
        inputs, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(x))
    )


def transformer() -> keras.Model:
    """timeseries/timeseries_classification_transformer: attention over one feature."""
    x = inputs = keras.Input((50, 1))
    for _ in range(2):
        y = layers.MultiHeadAttention(key_dim=16, num_heads=2, dropout=0.25)(x, x)
        res = layers.LayerNormalization(epsilon=1e-6)(layers.Dropout(0.25)(y)) + x
        y = layers.Conv1D(filters=4, kernel_size=1, activation="relu")(res)
        y = layers.Conv1D(filters=x.shape[-1], kernel_size=1)(layers.Dropout(0.25)(y))
        x = layers.LayerNormalization(epsilon=1e-6)(y) + res
    x = layers.GlobalAveragePooling1D(data_format="channels_last")(x)
    x = layers.Dropout(0.4)(layers.Dense(16, activation="relu")(x))
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(x))


def speaker() -> keras.Model:
    """audio/speaker_recognition_using_cnn."""
    x = inputs = layers.Input((256, 1), name="input")
    for filters, count in ((8, 2), (16, 2), (24, 3)):
        shortcut = layers.Conv1D(filters, 1, padding="same")(x)
        for i in range(count):
            x = layers.Conv1D(filters, 3, padding="same")(x)
            x = layers.Activation("relu")(x) if i < count - 1 else x
        x = layers.Activation("relu")(layers.Add()([x, shortcut]))
        x = layers.MaxPool1D(pool_size=2, strides=2)(x)
    x = layers.Flatten()(layers.AveragePooling1D(pool_size=3, strides=3)(x))
    x = layers.Dense(32, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(5, activation="softmax", name="output")(x))


def eeg() -> keras.Model:
    """timeseries/eeg_signal_classification."""
    x = inputs = keras.Input(shape=(128, 1))
    for filters in (16, 24, 32):
        x = layers.Conv1D(filters, kernel_size=3, strides=2, activation="relu", padding="same")(x)
        x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.2)(layers.Flatten()(x))
    for units in (48, 24):
        x = layers.LeakyReLU()(layers.Dense(units, kernel_regularizer="l2")(x))
        x = layers.Dropout(0.2)(x)
    return keras.Model(inputs, layers.Dense(8, activation="softmax")(x))


def weather() -> keras.Model:
    """timeseries/timeseries_weather_forecasting."""
    inputs = keras.Input(shape=(40, 7))
    return keras.Model(inputs, layers.Dense(1)(layers.LSTM(32)(inputs)))


def traffic() -> keras.Model:
    """timeseries/timeseries_traffic_forecasting: a graph convolution over roads, then an LSTM."""
    roads, steps, units = 6, 8, 10
    inputs = keras.Input((steps, roads, 1))
    adjacency = keras.random.uniform((roads, roads), seed=0)
    features = ops.transpose(inputs, [2, 0, 1, 3])
    nodes = layers.Dense(units, use_bias=False)(features)
    nodes = ops.concatenate([nodes, ops.transpose(nodes, [0, 1, 2, 3])], axis=-1)
    mixed = ops.tensordot(adjacency, nodes, axes=1)
    found = ops.transpose(ops.relu(mixed), [1, 2, 0, 3])
    flat = ops.reshape(found, (-1, steps, roads * 2 * units))
    return keras.Model(inputs, layers.Dense(roads * 3)(layers.LSTM(16)(flat)))


def series_anomaly() -> keras.Model:
    """timeseries/timeseries_anomaly_detection."""
    return keras.Sequential(
        [
            layers.Input(shape=(96, 1)),
            layers.Conv1D(32, 7, padding="same", strides=2, activation="relu"),
            layers.Dropout(rate=0.2),
            layers.Conv1D(16, 7, padding="same", strides=2, activation="relu"),
            layers.Conv1DTranspose(16, 7, padding="same", strides=2, activation="relu"),
            layers.Dropout(rate=0.2),
            layers.Conv1DTranspose(32, 7, padding="same", strides=2, activation="relu"),
            layers.Conv1DTranspose(1, kernel_size=7, padding="same"),
        ]
    )


def bidirectional_text() -> keras.Model:
    """nlp/bidirectional_lstm_imdb."""
    inputs = keras.Input(shape=(20,), dtype="int32")
    x = layers.Embedding(500, 16)(inputs)
    x = layers.Bidirectional(layers.LSTM(16, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(16))(x)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def text_cnn() -> keras.Model:
    """nlp/text_classification_from_scratch."""
    inputs = keras.Input(shape=(60,), dtype="int64")
    x = layers.Dropout(0.5)(layers.Embedding(500, 16)(inputs))
    x = layers.Conv1D(32, 7, padding="valid", activation="relu", strides=3)(x)
    x = layers.Conv1D(32, 7, padding="valid", activation="relu", strides=3)(x)
    x = layers.Dense(32, activation="relu")(layers.GlobalMaxPooling1D()(x))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Dropout(0.5)(x)))


class TransformerBlock(layers.Layer):
    """nlp/text_classification_with_transformer."""

    def __init__(self, embed_dim: int, num_heads: int, ff_dim: int, rate: float = 0.1) -> None:
        super().__init__()
        self.att = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.ffn = keras.Sequential(
            [layers.Dense(ff_dim, activation="relu"), layers.Dense(embed_dim)]
        )
        self.layernorm1 = layers.LayerNormalization(epsilon=1e-6)
        self.layernorm2 = layers.LayerNormalization(epsilon=1e-6)
        self.dropout1, self.dropout2 = layers.Dropout(rate), layers.Dropout(rate)

    def call(self, inputs: Any) -> Any:
        out1 = self.layernorm1(inputs + self.dropout1(self.att(inputs, inputs)))
        return self.layernorm2(out1 + self.dropout2(self.ffn(out1)))


class TokenAndPositionEmbedding(layers.Layer):
    def __init__(self, maxlen: int, vocab_size: int, embed_dim: int) -> None:
        super().__init__()
        self.token_emb = layers.Embedding(input_dim=vocab_size, output_dim=embed_dim)
        self.pos_emb = layers.Embedding(input_dim=maxlen, output_dim=embed_dim)

    def call(self, x: Any) -> Any:
        positions = ops.arange(start=0, stop=ops.shape(x)[-1], step=1)
        return self.token_emb(x) + self.pos_emb(positions)


def text_transformer() -> keras.Model:
    inputs = layers.Input(shape=(24,), dtype="int32")
    x = TransformerBlock(16, 2, 32)(TokenAndPositionEmbedding(24, 500, 16)(inputs))
    x = layers.Dropout(0.1)(layers.GlobalAveragePooling1D()(x))
    x = layers.Dense(20, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(x))


def bidirectional_numbers() -> keras.Model:
    inputs = keras.Input((20, 6))
    x = layers.Bidirectional(layers.LSTM(12, return_sequences=True))(inputs)
    return keras.Model(inputs, layers.Dense(4)(layers.Bidirectional(layers.LSTM(8))(x)))


def addition() -> keras.Model:
    """nlp/addition_rnn."""
    return keras.Sequential(
        [
            layers.Input((7, 12)),
            layers.LSTM(32),
            layers.RepeatVector(4),
            layers.LSTM(32, return_sequences=True),
            layers.Dense(12, activation="softmax"),
        ]
    )


def ctc_asr() -> keras.Model:
    """audio/ctc_asr."""
    inputs = layers.Input((32, 33))
    x = layers.Reshape((-1, 33, 1))(inputs)
    for size, strides in (((11, 41), (2, 2)), ((11, 21), (1, 2))):
        x = layers.Conv2D(8, size, strides, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Reshape((-1, x.shape[-2] * x.shape[-1]))(x)
    for i in range(2):
        x = layers.Bidirectional(layers.GRU(16, return_sequences=True, reset_after=True))(x)
        x = layers.Dropout(rate=0.5)(x) if i < 1 else x
    x = layers.ReLU()(layers.Dense(units=32)(x))
    return keras.Model(inputs, layers.Dense(12, activation="softmax")(layers.Dropout(0.5)(x)))


def captcha() -> keras.Model:
    """vision/captcha_ocr: the model of predictions."""
    x = inputs = layers.Input(shape=(48, 24, 1), name="image")
    for filters in (8, 16):
        x = layers.Conv2D(filters, (3, 3), activation="relu", padding="same")(x)
        x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Reshape(target_shape=(12, 6 * 16))(x)
    x = layers.Dropout(0.2)(layers.Dense(16, activation="relu")(x))
    for units in (16, 8):
        x = layers.Bidirectional(layers.LSTM(units, return_sequences=True, dropout=0.25))(x)
    return keras.Model(inputs, layers.Dense(12, activation="softmax", name="dense2")(x))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "kio_ts_fcn": fcn,
    "kio_ts_transformer": transformer,
    "kio_speaker": speaker,
    "kio_eeg": eeg,
    "kio_weather": weather,
    "kio_traffic": traffic,
    "kio_ts_anomaly": series_anomaly,
    "kio_imdb_bilstm": bidirectional_text,
    "kio_text_cnn": text_cnn,
    "kio_text_transformer": text_transformer,
    "kio_bilstm_num": bidirectional_numbers,
    "kio_addition": addition,
    "kio_ctc_asr": ctc_asr,
    "kio_captcha": captcha,
}
