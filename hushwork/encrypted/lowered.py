"""A network as stages at levels, scaled by what its values usually are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.fusing import fused
from hushwork.encrypted.levels import Levels, schedule
from hushwork.encrypted.lowering import Lowering, lower
from hushwork.encrypted.samples import samples
from hushwork.encrypted.stages import Stages
from hushwork.errors import DoesNotFit
from hushwork.networks import Network, trace

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lowered:
    """What is laid out, and what to hold it against."""

    lowering: Lowering
    levels: Levels
    factor: float
    """The answer holds this factor times the outputs."""
    inputs: Array
    """Samples."""
    outputs: Array
    """Of the samples."""

    @classmethod
    def of(cls, network: Network) -> Lowered:
        """Lower a network. Raises UnsupportedOperator or DoesNotFit."""
        joined = fused(network)
        values = ordinary(network)
        magnitudes = {name: _magnitude(batch) for name, batch in values.items()}
        factor = float(2.0 ** -np.round(np.log2(magnitudes[network.output])))
        made = lower(joined, magnitudes, factor)
        inputs, outputs = values[network.input], values[network.output]
        return cls(made, schedule(made.stages), factor, inputs, outputs)

    @property
    def stages(self) -> Stages:
        """What it takes."""
        return self.lowering.stages

    @property
    def forks(self) -> int:
        """How many averages might take a level of their own."""
        return len(self.lowering.forks)

    def forked(self, index: int) -> Lowered:
        """With one of them by itself."""
        made = self.lowering.forks[index].taken()
        return replace(self, lowering=made, levels=schedule(made.stages))


def ordinary(network: Network) -> dict[str, Array]:
    """Every value of the samples for which all of them are finite. Raises DoesNotFit."""
    with np.errstate(all="ignore"):
        values = trace(network, np.stack(samples(network)))
    flat = {name: batch.reshape(len(batch), -1) for name, batch in values.items()}
    finite = np.all([np.isfinite(batch).all(axis=1) for batch in flat.values()], axis=0)
    if not finite.any():
        made = {layer.output: layer.name for layer in network.layers}
        name = next(made[name] for name in made if not np.isfinite(flat[name]).all())
        raise DoesNotFit(
            f"layer {name!r} leaves all bounds on ordinary inputs",
            expected="finite values",
            got="infinity, or no number",
        )
    return {name: batch[finite] for name, batch in values.items()}


def _magnitude(batch: Array) -> float:
    """How large a value usually gets: the median over samples of the largest element."""
    size = float(np.median(np.abs(batch).reshape(len(batch), -1).max(axis=1)))
    return size if size > 0 else 1.0
