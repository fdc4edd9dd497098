"""Models of other origin, read without running code."""

import zipfile
from pathlib import Path

import keras

from export.conversion.custom import import_hub
from zoo.checks import UserError

MOST_BYTES = 1 << 31  # that a file may unpack to
MOST_MEMBERS = 1000  # of an archive: Keras writes three, and what layers keep beside
MOST_JSON = 1 << 25  # bytes of a configuration
ENCRYPTED = 1  # a zip member's flag


def read_model(path: Path) -> keras.Model:
    """Load a `.keras` file in safe mode: layers of Keras, KerasHub and zoo; nothing is unpickled.

    Raises:
        UserError: missing, damaged or too large, of another format, or one that holds code.

    Examples:
        >>> run.load_model().save("mine.keras")
        >>> export.read_model(Path("mine.keras")).output_shape
        (None, 3)
    """
    if path.suffix in (".h5", ".hdf5"):
        raise UserError(
            f"{path} is in Keras' old format. Load it where it was made and save it again: "
            "keras.models.load_model('model.h5').save('model.keras')."
        )
    if path.suffix != ".keras" or not path.is_file():
        raise UserError(f"{path} is neither a .keras file nor a run folder. Give one or the other.")
    _check_archive(path)
    import_hub(path)
    try:
        model = keras.saving.load_model(path, safe_mode=True, compile=False)
    except Exception as error:  # Keras raises almost anything for what it cannot read
        first = " ".join(str(error).split())[:300]
        if "safe_mode" in str(error) or "Could not locate" in str(error):
            raise UserError(
                f"{path} has custom code (a Lambda layer or a custom class), which is not run: "
                f"{first} Write the model with Keras layers or operations (keras.ops)."
            ) from error
        raise UserError(f"{path} cannot be read: {first}") from error
    if not isinstance(model, keras.Model):
        raise UserError(f"{path} holds a {type(model).__name__}; a keras.Model was expected.")
    return model


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is damaged or not a .keras file: {error}") from error
    if len(members) > MOST_MEMBERS:
        raise UserError(f"{path} has {len(members)} members; a .keras file has a few.")
    if any(member.flag_bits & ENCRYPTED for member in members):
        raise UserError(f"{path} is encrypted. Unpack it, and save the model without a password.")
    for member in members:
        if member.filename.endswith(".json") and member.file_size > MOST_JSON:
            raise UserError(
                f"{path} has a {member.filename} of {member.file_size} bytes; at most {MOST_JSON} "
                "are read."
            )
    size = sum(member.file_size for member in members)
    if size > MOST_BYTES:
        raise UserError(f"{path} would unpack to {size} bytes; at most {MOST_BYTES} are read.")
