"""C++ source: a file as a constant array for microcontroller firmware."""

import hashlib

from zoo.checks import UserError
from zoo.quantization.layers.numerics import INT8

NAME = INT8.file().removesuffix(".tflite")
BYTES_PER_LINE = 12


def c_source(content: bytes, name: str = NAME) -> dict[str, str]:
    """Return {file name: text} of `name.cc` and `name.h`, in the form of TFLM's examples.

    They define `const unsigned char name[]`, aligned to 16 bytes as flatbuffers need, and
    `const unsigned int name_len`. Equal content gives equal text.

    Raises:
        UserError: a name that is no C identifier.
    """
    if not (name.isascii() and name.isidentifier()):
        raise UserError(f"name must be a C identifier, like {NAME}; got {name!r}.")
    guard = f"POCKETZOO_{name.upper()}_H_"
    lines = [
        "    " + " ".join(f"0x{byte:02x}," for byte in content[start : start + BYTES_PER_LINE])
        for start in range(0, len(content), BYTES_PER_LINE)
    ]
    header = [
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        f"extern const unsigned char {name}[];",
        f"extern const unsigned int {name}_len;",
        "",
        f"#endif  // {guard}",
    ]
    source = [
        f"// A .tflite file of {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}.",
        f'#include "{name}.h"',
        "",
        f"alignas(16) const unsigned char {name}[] = {{",
        *lines,
        "};",
        f"const unsigned int {name}_len = {len(content)};",
    ]
    return {f"{name}.cc": "\n".join([*source, ""]), f"{name}.h": "\n".join([*header, ""])}
