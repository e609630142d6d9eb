"""Max pooling as nested polynomial maxima, or as average pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper

from hushwork.networks.adapt.fit import Fit
from hushwork.networks.node import Node

if TYPE_CHECKING:
    from hushwork.networks.adapt.sweep import Sweep


@dataclass(frozen=True)
class Axis:
    """A window along height (2) or width (3)."""

    axis: int
    size: int
    stride: int
    before: int
    after: int
    """Zeros around the image."""


def axes(node: onnx.NodeProto, shape: tuple[int, ...], pooled: tuple[int, ...]) -> list[Axis]:
    """The windows of a MaxPool along width and height, by the shapes of its input and output.

    A GlobalMaxPool has one window.
    """
    if node.op_type == "GlobalMaxPool":
        return [Axis(axis, shape[axis], 1, 0, 0) for axis in (3, 2)]
    read = _supported(node)
    kernel, stride = read.integers("kernel_shape", (1, 1)), read.integers("strides", (1, 1))
    pads, mode = read.integers("pads", (0, 0, 0, 0)), read.text("auto_pad", "NOTSET")
    found = []
    for index in (1, 0):
        size, step, axis = kernel[index], stride[index], index + 2
        total = max(0, (pooled[axis] - 1) * step + size - shape[axis])
        before = total // 2 if mode == "SAME_UPPER" else total - total // 2
        before = pads[index] if mode == "NOTSET" else before
        found.append(Axis(axis, size, step, before, max(0, total - before)))
    return found


def as_average(node: onnx.NodeProto) -> onnx.NodeProto:
    """The mean over the windows of a MaxPool or GlobalMaxPool; padding does not count."""
    if node.op_type == "GlobalMaxPool":
        return helper.make_node("GlobalAveragePool", node.input, node.output, name=node.name)
    _supported(node)
    kept = ("kernel_shape", "strides", "pads", "auto_pad", "ceil_mode")
    made = helper.make_node("AveragePool", node.input, node.output[:1], name=node.name)
    made.attribute.extend(attribute for attribute in node.attribute if attribute.name in kept)
    return made


def _supported(node: onnx.NodeProto) -> Node:
    read = Node(node, 0)
    if (
        read.integers("dilations", (1, 1)) != (1, 1)
        or len([name for name in node.output if name]) > 1
    ):
        raise read.refuse("no dilation and no indices", "others")
    return read


class Maximum:
    """Writes max(a, b) = (a + b) / 2 + |a - b| / 2, with a polynomial for the absolute value.

    First pairs along the width, then pairs of those, until one is left; then along the height. The
    halves of sums and differences of neighbours are depthwise convolutions. Zeros stand around the
    image where ONNX has minus infinity: the same after ReLU.
    """

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.fits: list[Fit] = []

    def write(self, source: str, axes: list[Axis], output: str) -> list[Fit]:
        """Write the whole window."""
        width, height = axes
        self._along(self._along(source, width, f"{output}.rows"), height, output)
        for name in [name for name in self.sweep.values if name.startswith(f"{output}.")]:
            del self.sweep.values[name]
        return self.fits

    def _along(self, source: str, axis: Axis, output: str) -> str:
        taps = [self._pair(source, axis, at, f"{output}.{at}") for at in range(0, axis.size - 1, 2)]
        if axis.size % 2:
            last = {axis.size - 1: 1.0}
            taps.append(self._window(source, axis, last, f"{output}.{axis.size - 1}"))
        level = 0
        while len(taps) > 1:
            level += 1
            pairs = zip(taps[::2], taps[1::2], strict=False)
            joined = [
                self._joined(*pair, f"{output}.level{level}.{at}") for at, pair in enumerate(pairs)
            ]
            taps = joined + taps[len(joined) * 2 :]
        self._node("Identity", [taps[0]], output)
        return output

    def _pair(self, source: str, axis: Axis, at: int, name: str) -> str:
        mean = self._window(source, axis, {at: 0.5, at + 1: 0.5}, f"{name}.mean")
        difference = self._window(source, axis, {at: 0.5, at + 1: -0.5}, f"{name}.difference")
        return self._maximum(mean, difference, name)

    def _joined(self, first: str, second: str, name: str) -> str:
        half = self._constant("half", np.array(0.5, np.float32))
        total = self._node("Add", [first, second], f"{name}.sum")
        mean = self._node("Mul", [total, half], f"{name}.mean")
        apart = self._node("Sub", [first, second], f"{name}.apart")
        difference = self._node("Mul", [apart, half], f"{name}.difference")
        return self._maximum(mean, difference, name)

    def _maximum(self, mean: str, difference: str, name: str) -> str:
        absolute = f"{name}.absolute"
        self.fits.append(self.sweep.polynomial(difference, absolute, np.abs, even=True))
        return self._node("Add", [mean, absolute], name)

    def _window(self, source: str, axis: Axis, taps: dict[int, float], name: str) -> str:
        """A depthwise convolution along one axis."""
        channels = self.sweep.values[source].shape[1]
        across = axis.axis == 3
        kernel, stride = (1, axis.size) if across else (axis.size, 1), (1, axis.stride)
        weight = np.zeros((channels, 1, axis.size), np.float32)
        for at, factor in taps.items():
            weight[:, :, at] = factor
        weights = self._constant(f"{name}.weight", weight.reshape(channels, 1, *kernel))
        pads = (0, axis.before, 0, axis.after) if across else (axis.before, 0, axis.after, 0)
        return self._node(
            "Conv",
            [source, weights],
            name,
            kernel_shape=kernel,
            strides=stride if across else stride[::-1],
            pads=pads,
            group=channels,
        )

    def _constant(self, name: str, value: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> str:
        self.sweep.network.constants[name] = self.sweep.writer.tensors[name] = value
        return name

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.sweep.keep(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output
