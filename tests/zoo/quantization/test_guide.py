"""The maintainers' README of the twin: its example prints what it shows."""

import doctest
import re
from pathlib import Path

import zoo.quantization

README = Path(zoo.quantization.__file__).with_name("README.md")


def test_the_dense_layer_that_is_followed_through() -> None:
    text = "\n".join(re.findall(r"```pycon\n(.*?)```", README.read_text(), re.S))
    example = doctest.DocTestParser().get_doctest(text, {}, README.name, str(README), 0)
    assert len(example.examples) > 20
    assert doctest.DocTestRunner().run(example).failed == 0
