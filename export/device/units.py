"""Outputs of a file as real numbers, in each language: by the scale of the file, or of the host."""

from collections.abc import Sequence

from export.device.ends import Ends

CPP = """\
constexpr double kOutputScale = {scale};
constexpr int kOutputZeroPoint = {zero_point};
"""
CPP_EACH = """\
constexpr int kOutputScales = {count};  // one for all, or one for each output, in its own unit
constexpr double kOutputScale[kOutputScales] = {{{scale}}};
constexpr double kOutputZeroPoint[kOutputScales] = {{{zero_point}}};
"""
CPP_EACH_VALUE = (
    "(output[i] - kOutputZeroPoint[i % kOutputScales]) * kOutputScale[i % kOutputScales]"
)
KOTLIN_EACH = """\
        private val OUTPUT_SCALE = doubleArrayOf({scale})
        private val OUTPUT_ZERO_POINT = doubleArrayOf({zero_point})
"""
KOTLIN_EACH_VALUE = (
    "(output[i] - OUTPUT_ZERO_POINT[i % OUTPUT_SCALE.size]) * OUTPUT_SCALE[i % OUTPUT_SCALE.size]"
)
PYTHON_EACH = """\
# an output q means (q - OUTPUT_ZERO_POINT) * OUTPUT_SCALE, in the unit of its target
OUTPUT_SCALE = np.array([{scale}])
OUTPUT_ZERO_POINT = np.array([{zero_point}])
"""


def numbers(values: Sequence[float]) -> str:
    """Return numbers that read back as they are, in every one of the languages."""
    return ", ".join(repr(float(value)) for value in values)


def cpp(ends: Ends) -> dict[str, str]:
    """Return the constants of C++, and what output number i stands for."""
    if ends.converted:
        return _texts(CPP_EACH.format(**_each(ends)), CPP_EACH_VALUE)
    scale, zero_point = repr(ends.output.scale[0]), int(ends.output.zero_point[0])
    constants = CPP.format(scale=scale, zero_point=zero_point)
    return _texts(constants, "(output[i] - kOutputZeroPoint) * kOutputScale")


def kotlin(ends: Ends) -> dict[str, str]:
    """Return those of Kotlin."""
    if ends.converted:
        return _texts(KOTLIN_EACH.format(**_each(ends)), KOTLIN_EACH_VALUE)
    zero_point, scale = int(ends.output.zero_point[0]), repr(ends.output.scale[0])
    return _texts("", f"(output[i] - {zero_point}) * {scale}")


def python(ends: Ends, found: str, details: str, indent: str) -> dict[str, str]:
    """Return those of Python, where the file itself tells its scale: 0 of floats.

    Args:
        found: the int8 outputs, an expression.
        details: of the output, an expression.
        indent: of the lines that return their values.
    """
    if ends.converted:
        value = f"{indent}return ({found} - OUTPUT_ZERO_POINT) * OUTPUT_SCALE\n"
        return _texts(PYTHON_EACH.format(**_each(ends)), value)
    told = f'{indent}scale, zero_point = {details}["quantization"]\n'
    value = f"{indent}return ({found} - zero_point) * (scale or 1.0)  # 0: floats, as they are\n"
    return _texts("", told + value)


def _each(ends: Ends) -> dict[str, object]:
    scaling = ends.output
    ends_of = {"scale": numbers(scaling.scale), "zero_point": numbers(scaling.zero_point)}
    return {"count": len(scaling.scale), **ends_of}


def _texts(constants: str, value: str) -> dict[str, str]:
    return {"output_constants": constants, "output_value": value}
