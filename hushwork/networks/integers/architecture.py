"""Everything public about a quantised network, as one message."""

from __future__ import annotations

from math import isfinite
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from hushwork.errors import InvalidNetwork, MalformedBytes, TooLarge, UnsupportedVersion
from hushwork.networks.integers import geometry
from hushwork.networks.integers.geometry import Value
from hushwork.networks.integers.layers import LAYERS, Extent, Layer, Sum

VERSION = 1
ARCHITECTURE_LIMIT = 16 << 20
"""Most bytes."""
LABELS = 1 << 16
"""Most labels."""
TEXT = 256
"""Most characters of a label or of a name."""

Text = Annotated[str, Meta(min_length=1, max_length=TEXT)]
Pixel = Annotated[int, Meta(ge=-255, le=255)]


class Architecture(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A quantised network without its weights: geometry, shifts, tables, ranges, scales, labels.

    One that can be constructed can be run: references point back, shapes agree, every value is read
    by a later layer, and no accumulator reaches 2^29 - 2^15 whatever the weights and the input.
    Raises InvalidNetwork, TooLarge or DoesNotFit, naming the layer by its number.

    A layer's value is within [0, 255] if it is not signed, or has a table without negative entries,
    and within [-128, 127] else; a maximum's is what it reads. With X the largest magnitude of what
    a term reads, a weighted term adds 128 X (kernel height) (kernel width) (channels in) to the
    bound of an accumulator, a fixed one |factor| X (kernel height) (kernel width), and a bias as
    much as the terms together, rounded up to a power of two, which no bias exceeds.

    As bytes it is MessagePack: an array of these fields in order, where

        Window      [kernel [h, w], stride [h, w], padding [top, left, bottom, right]]
        Weighted    [0, input, Window, channels]
        Fixed       [1, input, Window, factor]
        Requantise  [0, [terms], has_bias, shift, signed, table: 256 integers or nil]
        Maximum     [1, input, Window]
        Sum         [[terms], has_bias]

    with integers in their shortest form and scales as float64: there is one way to write each.
    """

    version: int
    name: Text
    shape: tuple[Extent, Extent, Extent]
    """Of the input: height, width, channels."""
    low: Pixel
    """Least integer of the input,"""
    high: Pixel
    """and the largest."""
    input_scale: float
    """An input is its integers times this."""
    layers: Annotated[tuple[Layer, ...], Meta(max_length=LAYERS)]
    output: Sum
    """Of shape (1, 1, labels), where there are labels."""
    output_scale: float
    """An output is its integers times this."""
    labels: Annotated[tuple[Text, ...], Meta(max_length=LABELS)]
    """One for each output; none where the output is a part of a network, of any shape."""

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise UnsupportedVersion("architecture", expected=VERSION, got=self.version)
        if self.low >= self.high:
            raise InvalidNetwork("range of the input", expected="low < high", got=self.low)
        for scale in (self.input_scale, self.output_scale):
            if not (isfinite(scale) and scale > 0):
                raise InvalidNetwork("scale", expected="a number above 0", got=scale)
        for text in (self.name, *self.labels):
            if not text.isprintable():
                raise InvalidNetwork("text", expected="printable characters", got=repr(text))
        output = self.values[-1].shape
        if self.labels and output != (1, 1, len(self.labels)):
            raise InvalidNetwork("the output", expected=f"{len(self.labels)} labels", got=output)

    @property
    def values(self) -> tuple[Value, ...]:
        """Shape and range of every value by number, and last of the output."""
        entry = Value(self.shape, self.low, self.high)
        return geometry.values(entry, self.layers, self.output)

    def to_bytes(self) -> bytes:
        """Encode canonically."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Architecture:
        """Decode what a stranger sent.

        Raises TooLarge, MalformedBytes, UnsupportedVersion, InvalidNetwork or DoesNotFit.
        """
        if len(data) > ARCHITECTURE_LIMIT:
            limit = f"at most {ARCHITECTURE_LIMIT} bytes"
            raise TooLarge("architecture", expected=limit, got=len(data))
        try:
            made = msgspec.msgpack.decode(data, type=cls)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            expected = "an architecture"
            raise MalformedBytes("architecture", expected=expected, got=error) from None
        if made.to_bytes() != data:
            raise MalformedBytes("architecture", expected="its one encoding", got="another")
        return made
