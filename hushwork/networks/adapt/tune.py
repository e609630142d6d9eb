"""Fine-tuning of a network of typed layers, its polynomials included. Needs PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from hushwork.networks.adapt.examples import Examples
from hushwork.networks.adapt.write import to_onnx
from hushwork.networks.arithmetic import arithmetic
from hushwork.networks.layers import (
    Add,
    Arithmetic,
    AveragePool,
    Convolution,
    Flatten,
    Linear,
    Network,
    Polynomial,
)
from hushwork.networks.polynomials import composed
from hushwork.networks.reader import read_onnx

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Schedule:
    """How to fine-tune."""

    epochs: int
    batch: int = 128
    rate: float = 0.005
    """Highest step of a weight, as a part of the root mean square of its tensor."""
    warm_up: float = 0.15
    smoothing: float = 0.05
    comfortable: float = 0.9
    """Arguments of polynomials beyond this part of their bound are penalised."""
    penalty: float = 0.1
    seed: int = 0


def tune(network: Network, data: Examples, schedule: Schedule, tell: Tell) -> Network:
    """The network with weights and polynomials trained further on labelled examples.

    Cross entropy plus `penalty` times the logarithm of the summed excess of each image over the
    comfortable ranges; arguments of polynomials are clamped to their bounds in training only. Batch
    norms are part of the weights already, and stay so. Zeros of convolutions stay zeros, so that
    the result costs no more than what came. Raises InvalidNetwork if training diverges.
    """
    torch.manual_seed(schedule.seed)
    module = Module(network)
    optimiser = torch.optim.AdamW(_groups(module, schedule), weight_decay=0.0)
    steps = schedule.epochs * -(-len(data) // schedule.batch)
    rates = [group["lr"] for group in optimiser.param_groups]
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rates, total_steps=steps, pct_start=schedule.warm_up
    )
    for step, (images, labels) in enumerate(_batches(data, schedule)):
        tell("tuning", step, steps)
        logits, excess = module(images, schedule.comfortable)
        loss = functional.cross_entropy(logits, labels, label_smoothing=schedule.smoothing)
        loss = loss + schedule.penalty * torch.log1p(excess).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimiser.step()
        cycle.step()
    tell("tuning", 1, 1)
    return read_onnx(to_onnx(module.network()))


def _groups(module: Module, schedule: Schedule) -> list[dict[str, object]]:
    """Each tensor at a rate by its own size; one of zeros as if it were of about one."""
    sizes = [(p, p.detach().square().mean().sqrt().item()) for p in module.parameters()]
    return [{"params": [p], "lr": schedule.rate * (size or 1.0)} for p, size in sizes]


def _batches(data: Examples, schedule: Schedule) -> Iterator[tuple[Tensor, Tensor]]:
    generator = Generator().manual_seed(schedule.seed)
    labels = torch.from_numpy(np.asarray(data.labels))
    for _ in range(schedule.epochs):
        order = torch.randperm(len(data), generator=generator)
        for index in order.split(schedule.batch):
            yield torch.from_numpy(data.inputs(index.numpy())), labels[index]


class Module(nn.Module):  # type: ignore[misc]
    """The layers of a network, with parameters."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.source = network
        self.layers = nn.ModuleList(_Layer(layer, network) for layer in arithmetic(network))

    def forward(self, x: Tensor, comfortable: float) -> tuple[Tensor, Tensor]:
        """Images to outputs, and to the summed excess of each image over the ranges."""
        values = {self.source.input: x}
        excess = x.new_zeros(len(x))
        for layer, module in zip(self.source.layers, self.layers, strict=True):
            inputs = [values[name] for name in layer.inputs]
            bound = self.source.bounds.get(layer.inputs[0])
            if isinstance(layer, Polynomial) and layer.degree > 1 and bound is not None:
                over = functional.relu(inputs[0].abs() / bound - comfortable)
                excess = excess + over.flatten(1).sum(1)
                inputs = [inputs[0].clamp(-bound, bound)]
            values[layer.output] = module(*inputs)
        return values[self.source.output], excess

    def network(self) -> Network:
        """The layers with the values that the parameters have now."""
        return replace(self.source, layers=tuple(module.read() for module in self.layers))


class _Layer(nn.Module):  # type: ignore[misc]
    """One layer. Maps of degree 1 have no parameters: they bring values to their ranges."""

    def __init__(self, layer: Arithmetic, network: Network) -> None:
        super().__init__()
        self.layer = layer
        self.bound = network.bounds.get(layer.inputs[0], 1.0)
        if isinstance(layer, Convolution | Linear):
            self.weight = nn.Parameter(torch.from_numpy(layer.weight).float())
            self.bias = nn.Parameter(torch.from_numpy(layer.bias).float())
            self.register_buffer("mask", (self.weight != 0).float())
        elif isinstance(layer, Polynomial):
            series = torch.from_numpy(composed(layer.series, self.bound)).float()
            self.series = nn.Parameter(series, requires_grad=layer.degree > 1)

    def forward(self, x: Tensor, *others: Tensor) -> Tensor:
        layer = self.layer
        match layer:
            case Convolution():
                padded = _padded(x, layer.padding)
                weight = self.weight * self.mask
                return functional.conv2d(
                    padded, weight, self.bias, layer.stride, groups=layer.groups
                )
            case Linear():
                return functional.linear(x, self.weight * self.mask, self.bias)
            case AveragePool():
                return _pooled(x, layer)
            case Flatten():
                return x.flatten(1)
            case Add():
                return x + others[0]
            case Polynomial():
                return _series(self.series, x / self.bound)

    def read(self) -> Arithmetic:
        """The layer as it is now."""
        layer = self.layer
        if isinstance(layer, Convolution | Linear):
            weight = (self.weight * self.mask).detach().double().numpy()
            return replace(layer, weight=weight, bias=self.bias.detach().double().numpy())
        if isinstance(layer, Polynomial) and layer.degree > 1:
            series = self.series.detach().double().numpy()
            return replace(layer, series=composed(series, 1 / self.bound))
        return layer


def _padded(x: Tensor, padding: tuple[int, int, int, int]) -> Tensor:
    top, left, bottom, right = padding
    return functional.pad(x, (left, right, top, bottom)) if any(padding) else x


def _pooled(x: Tensor, layer: AveragePool) -> Tensor:
    mean = functional.avg_pool2d(_padded(x, layer.padding), layer.kernel, layer.stride)
    if layer.count_padding or not any(layer.padding):
        return mean
    inside = _padded(torch.ones_like(x[:1, :1]), layer.padding)
    return mean / functional.avg_pool2d(inside, layer.kernel, layer.stride)


def _series(series: Tensor, t: Tensor) -> Tensor:
    """Clenshaw's recurrence; coefficients (degree + 1, channels or 1), t (n, channels, ...)."""
    columns = series.reshape(len(series), -1, *[1] * (t.ndim - 2))
    one, two = torch.zeros_like(t), torch.zeros_like(t)
    for column in columns.flip(0)[:-1]:
        one, two = column + 2 * t * one - two, one
    return columns[0] + t * one - two
