"""The layers of a quantised network without their weights: plain data that anybody may see.

Values are numbered: 0 is the input, k is the output of layer k - 1. A value is a tensor of integers
(height, width, channels); vectors are (1, 1, channels).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

LAYERS = 4096
"""Most layers of a network."""
TERMS = 16
"""Most terms of a sum."""
EXTENT = 1 << 16
"""Largest extent of a kernel or a stride, and most channels."""
FACTOR = (1 << 14) - 1
"""Largest magnitude of a public factor."""
SHIFT = 15
"""Largest shift."""

Index = Annotated[int, Meta(ge=0, le=LAYERS)]
Extent = Annotated[int, Meta(ge=1, le=EXTENT)]
Padding = Annotated[int, Meta(ge=0, lt=EXTENT)]
Entry = Annotated[int, Meta(ge=-128, le=255)]


class Window(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a kernel reads: as in a convolution, zeros (or nothing, for a maximum) around."""

    kernel: tuple[Extent, Extent]
    """height, width"""
    stride: tuple[Extent, Extent] = (1, 1)
    padding: tuple[Padding, Padding, Padding, Padding] = (0, 0, 0, 0)
    """top, left, bottom, right; each below the kernel"""


class Weighted(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=0):
    """A convolution with secret weights int8 (kernel height, kernel width, channels in, out).

    A dense layer is one whose kernel is the whole input.
    """

    input: Index
    window: Window
    channels: Extent
    """out"""


class Fixed(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=1):
    """For each channel by itself the sum over the window, times a public factor that is not 0."""

    input: Index
    window: Window
    factor: Annotated[int, Meta(ge=-FACTOR, le=FACTOR)]


Term = Weighted | Fixed
Terms = Annotated[tuple[Term, ...], Meta(min_length=1, max_length=TERMS)]


class Sum(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """acc = bias + sum of the terms, in whole numbers: the output of a network."""

    terms: Terms
    has_bias: bool
    """A secret bias int32 (channels,); none where no term is weighted."""


class Requantise(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=0):
    """A sum, brought back to a byte.

    v = floor((acc + r) / 2^shift) with r = 2^(shift - 1), or 0 if the shift is 0; q = v clamped to
    [-128, 127] if signed, else to [0, 255], which is ReLU; table[q - low] if there is a table, else
    q, where low is -128 or 0.
    """

    terms: Terms
    has_bias: bool
    shift: Annotated[int, Meta(ge=0, le=SHIFT)]
    signed: bool
    table: Annotated[tuple[Entry, ...], Meta(min_length=256, max_length=256)] | None
    """All entries in [0, 255], or all in [-128, 127]."""


class Maximum(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=1):
    """The maximum over the window, for each channel by itself; padding does not take part."""

    input: Index
    window: Window


Layer = Requantise | Maximum


def inputs(layer: Layer | Sum) -> tuple[int, ...]:
    """The values that a layer reads."""
    if isinstance(layer, Maximum):
        return (layer.input,)
    return tuple(term.input for term in layer.terms)
