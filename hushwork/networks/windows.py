"""How the windows of a convolution or a pool lie on an image, by the attributes of its node."""

from __future__ import annotations

from hushwork.networks.graph import Padding, Value
from hushwork.networks.layers import Shape
from hushwork.networks.node import Node

Pair = tuple[int, int]


def positive(node: Node, name: str) -> Pair:
    """An attribute of two integers above 0, by default 1."""
    pair = node.integers(name, (1, 1))
    if min(pair) < 1:
        raise node.invalid(f"{name} of at least 1", pair)
    return pair[0], pair[1]


def padded(value: Value) -> Pair:
    """Height and width with the zeros that a Pad has put around."""
    top, left, bottom, right = value.padding
    return value.shape[1] + top + bottom, value.shape[2] + left + right


def padding(node: Node, size: Pair, kernel: Pair, stride: Pair) -> Padding:
    """What the node itself puts around an image of this size."""
    mode = node.text("auto_pad", "NOTSET")
    if mode in ("NOTSET", ""):
        top, left, bottom, right = node.integers("pads", (0, 0, 0, 0))
        if min(top, left, bottom, right) < 0:
            raise node.refuse("pads of at least 0", (top, left, bottom, right))
        return top, left, bottom, right
    if mode == "VALID":
        return 0, 0, 0, 0
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise node.invalid("auto_pad NOTSET, VALID, SAME_UPPER or SAME_LOWER", mode)
    totals = [_same(*sizes) for sizes in zip(size, kernel, stride, strict=True)]
    before = [total // 2 if mode == "SAME_UPPER" else total - total // 2 for total in totals]
    return before[0], before[1], totals[0] - before[0], totals[1] - before[1]


def _same(size: int, kernel: int, stride: int) -> int:
    """Padding with which the output has ceil(size / stride) elements."""
    return max(0, (-(-size // stride) - 1) * stride + kernel - size)


def rounded_up(size: Pair, kernel: Pair, stride: Pair, own: Padding) -> Padding:
    """Padding of a pool whose last windows may reach past the end (`ceil_mode`).

    A window that would begin past the image and the padding before it is left out, as in PyTorch.
    """
    extra = [_reach(*sizes) for sizes in zip(size, kernel, stride, own[:2], own[2:], strict=True)]
    return own[0], own[1], own[2] + extra[0], own[3] + extra[1]


def _reach(size: int, kernel: int, stride: int, before: int, after: int) -> int:
    """How far the last window reaches past the end."""
    whole = size + before + after
    windows = -(-(whole - kernel) // stride)
    start = windows * stride if windows * stride < size + before else (windows - 1) * stride
    return max(0, start + kernel - whole)


def added(first: Padding, second: Padding) -> Padding:
    """Both, one around the other."""
    top, left, bottom, right = (a + b for a, b in zip(first, second, strict=True))
    return top, left, bottom, right


def output_size(node: Node, shape: Shape, kernel: Pair, stride: Pair, around: Padding) -> Pair:
    """Windows along height and width."""
    height = (shape[1] + around[0] + around[2] - kernel[0]) // stride[0] + 1
    width = (shape[2] + around[1] + around[3] - kernel[1]) // stride[1] + 1
    if height < 1 or width < 1:
        raise node.invalid(f"a kernel within the padded input {shape}", kernel)
    return height, width


def require_whole(node: Node, kernel: Pair, around: Padding) -> None:
    """Refuse windows of a pool that may lie in the padding alone."""
    if any(pad >= kernel[axis % 2] for axis, pad in enumerate(around)):
        raise node.refuse(f"padding below the kernel {kernel}", around)
