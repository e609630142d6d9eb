"""Networks of sums and products alone, such as run encrypted."""

from __future__ import annotations

from hushwork.errors import UnsupportedOperator
from hushwork.networks.layers import Arithmetic, Layer, Network, Pointwise


def arithmetic(network: Network) -> tuple[Arithmetic, ...]:
    """The layers, where all are sums and products.

    Raises UnsupportedOperator, which names the first that is not.
    """
    return tuple(_required(layer) for layer in network.layers)


def _required(layer: Layer) -> Arithmetic:
    if isinstance(layer, Arithmetic):
        return layer
    what = layer.function if isinstance(layer, Pointwise) else layer
    kind = type(what).__name__
    raise UnsupportedOperator(
        f"{kind} (node {layer.name}) does not run encrypted",
        expected="sums and products, such as hush adapt writes",
        got=kind,
    )
