"""Estimated latency of an int8 file on a device: its operators times published clock cycles.

An operator takes `operator + output * elements + constant * bytes of weights + kind * multiply-
accumulates` cycles of the device's core; a loop's body counts once a step. Against published
measurements of four networks: `docs/guide/devices.md`.
"""

import math

from zoo.cost.graph import SPREAD, Graph, Operator, Tensor, macs
from zoo.devices.cores import Core
from zoo.devices.device import Device


def milliseconds(graph: Graph, device: Device) -> float:
    """Return the estimated latency of a file's operators, in milliseconds on one core."""
    return _cycles(graph, device.processor) / device.mhz / 1e3


def _cycles(graph: Graph, core: Core) -> float:
    return sum(_taken(one, graph.tensors, core) for one in graph.operators)


def _taken(operator: Operator, tensors: list[Tensor], core: Core) -> float:
    """Return the cycles of an operator, and of the graphs that it calls."""
    made = sum(math.prod(tensors[i].shape) for i in operator.outputs)
    read = sum(tensors[i].bytes for i in operator.inputs if tensors[i].constant)
    own = core.operator + core.output * made + core.constant * read
    if operator.name == "SOFTMAX":
        own += core.softmax * made
    own += _products(operator, tensors, core)
    return own + operator.times * sum(_cycles(one, core) for one in operator.calls)


def _products(operator: Operator, tensors: list[Tensor], core: Core) -> float:
    """Return the cycles of an operator's multiply-accumulates."""
    kinds = {
        "CONV_2D": core.conv,
        "DEPTHWISE_CONV_2D": core.depthwise,
        "FULLY_CONNECTED": core.dense,
        "BATCH_MATMUL": core.matmul,
        SPREAD: core.conv,
    }
    if operator.name not in kinds:
        return 0.0
    read = [tensors[i].shape for i in operator.inputs]
    done = macs(operator.name, read, tensors[operator.outputs[0]].shape)
    return kinds[operator.name] * done
