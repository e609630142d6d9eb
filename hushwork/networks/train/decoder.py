"""The decoder of `hushwork.networks.models.decoder`, in PyTorch, without a cache."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hushwork.networks.models.decoder import EPSILON, DecoderSizes


class Layer(nn.Module):  # type: ignore[misc]
    """Attention to what came before, then two linear maps around a GELU."""

    def __init__(self, sizes: DecoderSizes) -> None:
        super().__init__()
        width = sizes.width
        self.heads = sizes.heads
        self.first, self.second = (nn.LayerNorm(width, EPSILON) for _ in range(2))
        self.query, self.key, self.value, self.joined = (nn.Linear(width, width) for _ in range(4))
        self.inner, self.outer = nn.Linear(width, sizes.inner), nn.Linear(sizes.inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, sequence, width) to the same."""
        normal = self.first(x)
        parts = [
            linear(normal).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for linear in (self.query, self.key, self.value)
        ]
        attended = functional.scaled_dot_product_attention(*parts, is_causal=True)
        x = x + self.joined(attended.transpose(1, 2).flatten(2))
        return x + self.outer(functional.gelu(self.inner(self.second(x))))


class Decoder(nn.Module):  # type: ignore[misc]
    """Tokens (batch, sequence) to logits (batch, sequence, vocabulary)."""

    def __init__(self, sizes: DecoderSizes) -> None:
        super().__init__()
        self.tokens = nn.Embedding(sizes.vocabulary, sizes.width)
        self.places = nn.Embedding(sizes.context, sizes.width)
        self.layers = nn.ModuleList(Layer(sizes) for _ in range(sizes.layers))
        self.last = nn.LayerNorm(sizes.width, EPSILON)
        for table in (self.tokens, self.places):
            nn.init.normal_(table.weight, std=0.02)
        for layer in self.layers:
            for linear in (layer.joined, layer.outer):
                linear.weight.data.div_((2 * sizes.layers) ** 0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of what follows each token."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.tokens(tokens) + self.places(places)
        for layer in self.layers:
            x = layer(x)
        return functional.linear(self.last(x), self.tokens.weight)
