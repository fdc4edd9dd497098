"""The C++ source that carries a file to a chip."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import export
import zoo
from export.device.c_array import c_source


def test_c_source_is_the_file() -> None:
    content = bytes(range(256)) + b"\x00\xff\x07"
    files = c_source(content, "my_model")
    assert list(files) == ["my_model.cc", "my_model.h"]
    assert files == c_source(content, "my_model")
    body = files["my_model.cc"].split("{")[1].split("}")[0]
    assert bytes(int(byte, 16) for byte in re.findall("0x[0-9a-f]{2}", body)) == content
    assert "alignas(16) const unsigned char my_model[] = {" in files["my_model.cc"]
    assert "const unsigned int my_model_len = 259;" in files["my_model.cc"]
    for name in ("my-model", "2nd", "", "modèle"):
        with pytest.raises(zoo.UserError, match=f"must be a C identifier, .*; got '{name}'"):
            c_source(content, name)


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_c_source_compiles_to_the_file(exported: export.Export, tmp_path: Path) -> None:
    content = exported.int8_file.read_bytes()
    for name, text in c_source(content).items():
        (tmp_path / name).write_text(text)
    (tmp_path / "main.cc").write_text(
        '#include "model_int8.h"\n#include "model_int8.h"\n#include <cstdint>\n#include <cstdio>\n'
        "int main() {\n"
        "  if (reinterpret_cast<std::uintptr_t>(model_int8) % 16) return 1;\n"
        "  return std::fwrite(model_int8, 1, model_int8_len, stdout) != model_int8_len;\n"
        "}\n"
    )
    program = str(tmp_path / "main")
    sources = [str(path) for path in tmp_path.glob("*.cc")]
    subprocess.run(["g++", "-std=c++11", "-Wall", "-Werror", *sources, "-o", program], check=True)
    printed = subprocess.run([program], check=True, capture_output=True).stdout
    assert printed == content
