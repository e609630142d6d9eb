"""A quantised network: what is public of it, and its weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hushwork.errors import InvalidNetwork, MalformedBytes, TooLarge
from hushwork.networks.integers import geometry
from hushwork.networks.integers.architecture import Architecture
from hushwork.networks.integers.layers import Layer, Maximum, Sum, Weighted

Weights = NDArray[np.int8]
Bias = NDArray[np.int32]

PARAMETERS_LIMIT = 256 << 20
"""Most bytes of the parameters of a network."""


@dataclass(frozen=True, eq=False)
class Parameters:
    """What is secret of a layer."""

    weights: tuple[Weights, ...] = ()
    """Of each weighted term in order: (kernel height, kernel width, channels in, channels out)"""
    bias: Bias | None = None
    """(channels,)"""


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """A network in whole numbers, which every run computes to the last bit."""

    architecture: Architecture
    parameters: tuple[Parameters, ...]
    """Of each layer, and last of the output."""

    def parameters_to_bytes(self) -> bytes:
        """The parameters, canonically.

        MessagePack: an array of byte strings, layer by layer and last the output: those of each
        weighted term, int8 in row-major order, then the bias if there is one, little-endian int32.
        """
        return msgspec.msgpack.encode([part for one in self.parameters for part in _parts(one)])

    @classmethod
    def from_bytes(cls, architecture: bytes, parameters: bytes) -> IntegerNetwork:
        """Decode both halves.

        Raises TooLarge, MalformedBytes, UnsupportedVersion, InvalidNetwork or DoesNotFit.
        """
        public = Architecture.from_bytes(architecture)
        network = cls(public, _decoded(public, parameters))
        if network.parameters_to_bytes() != parameters:
            raise MalformedBytes("parameters", expected="their one encoding", got="another")
        return network


def _parts(parameters: Parameters) -> Iterator[bytes]:
    for weight in parameters.weights:
        yield weight.tobytes()
    if parameters.bias is not None:
        yield parameters.bias.astype("<i4").tobytes()


def _decoded(architecture: Architecture, data: bytes) -> tuple[Parameters, ...]:
    if len(data) > PARAMETERS_LIMIT:
        raise TooLarge("parameters", expected=f"at most {PARAMETERS_LIMIT} bytes", got=len(data))
    try:
        parts = msgspec.msgpack.decode(data, type=list[bytes])
    except msgspec.MsgspecError as error:
        raise MalformedBytes("parameters", expected="byte strings", got=error) from None
    reader = _Reader(architecture, parts)
    layers = (*architecture.layers, architecture.output)
    return tuple(reader.layer(number, layer) for number, layer in enumerate(layers))


class _Reader:
    """Takes arrays off a list of byte strings."""

    def __init__(self, architecture: Architecture, parts: list[bytes]) -> None:
        self.values = architecture.values
        self.parts = parts[::-1]

    def layer(self, number: int, layer: Layer | Sum) -> Parameters:
        """The parameters of a layer."""
        if isinstance(layer, Maximum):
            return Parameters()
        terms = [term for term in layer.terms if isinstance(term, Weighted)]
        shapes = [geometry.weight_shape(term, self.values[term.input]) for term in terms]
        weights = tuple(self._array(shape, np.dtype(np.int8)) for shape in shapes)
        if not layer.has_bias:
            return Parameters(weights)
        bias = self._array(self.values[number + 1].shape[2:], np.dtype("<i4"))
        most = geometry.bias_reach(layer.terms, self.values)
        if np.abs(bias.astype(np.int64)).max() > most:
            what = f"bias of layer {number}"
            raise InvalidNetwork(what, expected=f"at most {most}", got="more")
        return Parameters(weights, bias.astype(np.int32))

    def _array(self, shape: tuple[int, ...], kind: np.dtype[Any]) -> NDArray[Any]:
        size = prod(shape) * kind.itemsize
        if not self.parts or len(self.parts[-1]) != size:
            got = f"{len(self.parts[-1])} bytes" if self.parts else "no more"
            raise MalformedBytes("parameters", expected=f"{size} bytes", got=got)
        return np.frombuffer(self.parts.pop(), kind).reshape(shape)
