"""Shapes and ranges of the values of a quantised network, and what follows for its sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from hushwork.errors import DoesNotFit, InvalidNetwork, TooLarge
from hushwork.networks.integers.layers import (
    EXTENT,
    LAYERS,
    Fixed,
    Layer,
    Maximum,
    Requantise,
    Sum,
    Term,
    Weighted,
    Window,
    inputs,
)

Shape = tuple[int, int, int]

ELEMENTS = 1 << 24
"""Most elements of a value."""
WEIGHTS = 1 << 26
"""Most weights of a network."""
ROOM = (1 << 29) - (1 << 15)
"""No accumulator reaches this, with room for rounding below 2^29."""
LARGEST_WEIGHT = 128


@dataclass(frozen=True)
class Value:
    """What a value can be."""

    shape: Shape
    """(height, width, channels)"""
    low: int
    high: int

    @property
    def reach(self) -> int:
        """Largest magnitude."""
        return max(abs(self.low), abs(self.high))


def values(entry: Value, layers: Sequence[Layer], output: Sum) -> tuple[Value, ...]:
    """Every value of a network by number, and last its output, whose range is that of its bound.

    Raises InvalidNetwork, TooLarge or DoesNotFit, naming the layer.
    """
    found = [entry]
    if len(layers) > LAYERS:
        raise TooLarge("the network", expected=f"at most {LAYERS} layers", got=len(layers))
    _check_size("the input", entry)
    for number, layer in enumerate((*layers, output)):
        what = "the output" if layer is output else f"layer {number}"
        _check_inputs(what, layer, len(found))
        found.append(value_of(what, layer, found))
        _check_size(what, found[-1])
    _check_read(layers, output)
    _check_weights(found, layers, output)
    return tuple(found)


def size_of(what: str, value: Value, window: Window) -> tuple[int, int]:
    """Windows along height and width. Raises InvalidNetwork."""
    (height, width), (down, across) = window.kernel, window.stride
    if max(height, width, down, across) > EXTENT:
        raise TooLarge(f"{what}: window", expected=f"at most {EXTENT}", got=window)
    top, left, bottom, right = window.padding
    rows = (value.shape[0] + top + bottom - height) // down + 1
    columns = (value.shape[1] + left + right - width) // across + 1
    if rows < 1 or columns < 1:
        expected = f"a kernel within {value.shape} and its padding"
        raise InvalidNetwork(f"{what}: window", expected=expected, got=window.kernel)
    if max(top, bottom) >= height or max(left, right) >= width:
        expected = f"padding below the kernel {window.kernel}"
        raise InvalidNetwork(f"{what}: window", expected=expected, got=window.padding)
    return rows, columns


def terms_reach(terms: Sequence[Term], found: Sequence[Value]) -> int:
    """A bound of the magnitude of a sum of terms, by the ranges of what they read."""
    return sum(_reach(term, found[term.input]) for term in terms)


def bias_reach(terms: Sequence[Term], found: Sequence[Value]) -> int:
    """Largest magnitude of a bias: the next power of two, or 0 where no term is weighted."""
    if not any(isinstance(term, Weighted) for term in terms):
        return 0
    return 1 << (terms_reach(terms, found) - 1).bit_length()


def acc_reach(what: str, layer: Requantise | Sum, found: Sequence[Value]) -> int:
    """A bound of the magnitude of an accumulator. Raises DoesNotFit."""
    bound = terms_reach(layer.terms, found)
    bound += bias_reach(layer.terms, found) if layer.has_bias else 0
    if bound >= ROOM:
        expected = f"sums of a magnitude below {ROOM}"
        raise DoesNotFit(f"{what} adds up too many products", expected=expected, got=bound)
    return bound


def _reach(term: Term, value: Value) -> int:
    reads = prod(term.window.kernel) * value.reach
    if isinstance(term, Weighted):
        return LARGEST_WEIGHT * reads * value.shape[2]
    return abs(term.factor) * reads


def value_of(what: str, layer: Layer | Sum, found: Sequence[Value]) -> Value:
    """What a layer gives, by the values before it. Raises InvalidNetwork or DoesNotFit."""
    if isinstance(layer, Maximum):
        value = found[layer.input]
        shape = (*size_of(what, value, layer.window), value.shape[2])
        return Value(shape, value.low, value.high)
    shape = _shape(what, layer, found)
    bound = acc_reach(what, layer, found)
    if isinstance(layer, Sum):
        return Value(shape, -bound, bound)
    if layer.table is not None:
        return Value(shape, *_table_range(what, layer.table))
    return Value(shape, -128, 127) if layer.signed else Value(shape, 0, 255)


def _shape(what: str, layer: Requantise | Sum, found: Sequence[Value]) -> Shape:
    shapes = {_shape_of(what, term, found[term.input]) for term in layer.terms}
    if len(shapes) != 1:
        raise InvalidNetwork(f"{what}: terms", expected="of one shape", got=sorted(shapes))
    if layer.has_bias and not any(isinstance(term, Weighted) for term in layer.terms):
        raise InvalidNetwork(f"{what}: bias", expected="beside a weighted term", got="alone")
    return shapes.pop()


def _shape_of(what: str, term: Term, value: Value) -> Shape:
    if isinstance(term, Fixed) and term.factor == 0:
        raise InvalidNetwork(f"{what}: factor", expected="not 0", got=0)
    channels = term.channels if isinstance(term, Weighted) else value.shape[2]
    return (*size_of(what, value, term.window), channels)


def _table_range(what: str, table: Sequence[int]) -> tuple[int, int]:
    if min(table) >= 0:
        return 0, 255
    if max(table) > 127:
        got = f"{min(table)} to {max(table)}"
        raise InvalidNetwork(f"{what}: table", expected="0 to 255 or -128 to 127", got=got)
    return -128, 127


def _check_inputs(what: str, layer: Layer | Sum, known: int) -> None:
    later = [number for number in inputs(layer) if number >= known]
    if later:
        expected = f"values before number {known}"
        raise InvalidNetwork(f"{what} reads", expected=expected, got=later)


def _check_size(what: str, value: Value) -> None:
    if max(value.shape) > EXTENT or prod(value.shape) > ELEMENTS:
        expected = f"at most {ELEMENTS} elements, {EXTENT} along an axis"
        raise TooLarge(what, expected=expected, got=value.shape)


def _check_read(layers: Sequence[Layer], output: Sum) -> None:
    read = {number for layer in (*layers, output) for number in inputs(layer)}
    unread = sorted(set(range(len(layers) + 1)) - read)
    if unread:
        raise InvalidNetwork("values", expected="all read by a later layer", got=unread)


def _check_weights(found: Sequence[Value], layers: Sequence[Layer], output: Sum) -> None:
    sums = [layer for layer in (*layers, output) if not isinstance(layer, Maximum)]
    terms = [term for layer in sums for term in layer.terms if isinstance(term, Weighted)]
    count = sum(prod(weight_shape(term, found[term.input])) for term in terms)
    if count > WEIGHTS:
        raise TooLarge("the network", expected=f"at most {WEIGHTS} weights", got=count)


def weight_shape(term: Weighted, value: Value) -> tuple[int, int, int, int]:
    """Shape of the weights of a term that reads a value."""
    return (*term.window.kernel, value.shape[2], term.channels)
