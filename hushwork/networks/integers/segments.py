"""A quantised network cut into parts that run one after the other: each one's output is the next
one's input."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hushwork.errors import InvalidNetwork
from hushwork.networks.integers.layers import Fixed, Layer, Maximum, Sum, Term, Window, inputs
from hushwork.networks.integers.network import IntegerNetwork, Parameters

_POINT = Window((1, 1))


def cut(network: IntegerNetwork, places: Sequence[int]) -> tuple[IntegerNetwork, ...]:
    """Cut before each of the numbered layers.

    Nothing but one value may cross a cut, or a part would need more than its input. Raises
    InvalidNetwork.
    """
    layers = network.architecture.layers
    ends = [*places, len(layers) + 1]
    starts = [0, *places]
    if sorted(set(starts)) != starts or not all(0 < place <= len(layers) for place in places):
        expected = f"ascending numbers of layers, 1 to {len(layers)}"
        raise InvalidNetwork("places to cut", expected=expected, got=list(places))
    pairs = zip(starts, ends, strict=True)
    return tuple(_part(network, start, end) for start, end in pairs)


def _part(network: IntegerNetwork, start: int, end: int) -> IntegerNetwork:
    whole = network.architecture
    count = len(whole.layers)
    is_last = end > count
    entry = whole.values[start]
    layers = tuple(_moved(layer, start) for layer in whole.layers[start:end])
    output = _moved_sum(whole.output, start) if is_last else _as_it_is(end - start)
    parts = (
        network.parameters[start:end] if is_last else (*network.parameters[start:end], Parameters())
    )
    architecture = msgspec.structs.replace(
        whole,
        name=f"{whole.name} {start}-{min(end, count)}",
        shape=entry.shape,
        low=entry.low,
        high=entry.high,
        layers=layers,
        output=output,
        labels=whole.labels if is_last else (),
    )
    return IntegerNetwork(architecture, parts)


def _as_it_is(value: int) -> Sum:
    """An output that is a value."""
    return Sum((Fixed(value, _POINT, 1),), False)


def _moved(layer: Layer, start: int) -> Layer:
    _check_crossing(layer, start)
    if isinstance(layer, Maximum):
        return msgspec.structs.replace(layer, input=layer.input - start)
    return msgspec.structs.replace(layer, terms=_moved_terms(layer.terms, start))


def _moved_sum(output: Sum, start: int) -> Sum:
    _check_crossing(output, start)
    return msgspec.structs.replace(output, terms=_moved_terms(output.terms, start))


def _moved_terms(terms: Sequence[Term], start: int) -> tuple[Term, ...]:
    return tuple(msgspec.structs.replace(term, input=term.input - start) for term in terms)


def _check_crossing(layer: Layer | Sum, start: int) -> None:
    first = min(inputs(layer))
    if first < start:
        expected = "one value that crosses it"
        raise InvalidNetwork(f"cut before layer {start}", expected=expected, got=f"value {first}")
