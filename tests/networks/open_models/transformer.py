"""Transformers in float64 numpy, written apart from those in ONNX."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

Weights = dict[str, np.ndarray]
_erf = np.frompyfunc(math.erf, 1, 1)


def weights_of(path: Path) -> Weights:
    """The tensors of an ONNX file, matrices of linear maps as (inner, outer)."""
    model = onnx.load(path)
    return {
        tensor.name: numpy_helper.to_array(tensor).astype(np.float64)
        for tensor in model.graph.initializer
    }


def linear(weights: Weights, name: str, x: np.ndarray) -> np.ndarray:
    return np.einsum("...i,io->...o", x, weights[f"{name}.weight"]) + weights[f"{name}.bias"]


def norm(weights: Weights, name: str, x: np.ndarray, epsilon: float) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
    return centred / deviation * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def gelu(x: np.ndarray) -> np.ndarray:
    return x * 0.5 * (1 + _erf(x / math.sqrt(2)).astype(np.float64))


def attention(
    query: np.ndarray, key: np.ndarray, value: np.ndarray, heads: int, *, causal: bool
) -> np.ndarray:
    """(sequence, width) each, of one text, to (sequence, width)."""
    parts = []
    for one in np.split(np.arange(query.shape[1]), heads):
        scores = query[:, one] @ key[:, one].T / math.sqrt(len(one))
        if causal:
            scores = np.where(np.tri(len(scores), dtype=bool), scores, -np.inf)
        shares = np.exp(scores - scores.max(1, keepdims=True))
        parts.append(shares / shares.sum(1, keepdims=True) @ value[:, one])
    return np.concatenate(parts, axis=1)


def bert(weights: Weights, tokens: list[int], layers: int, heads: int) -> np.ndarray:
    """Hidden states (sequence, width) of one text."""
    tables = [weights[f"embeddings.{name}_embeddings.weight"] for name in
              ("word", "position", "token_type")]  # fmt: skip
    x = tables[0][tokens] + tables[1][: len(tokens)] + tables[2][0]
    x = norm(weights, "embeddings.LayerNorm", x, 1e-12)
    for index in range(layers):
        at = f"encoder.layer.{index}"
        parts = [
            linear(weights, f"{at}.attention.self.{part}", x) for part in ("query", "key", "value")
        ]
        attended = attention(*parts, heads, causal=False)
        x = x + linear(weights, f"{at}.attention.output.dense", attended)
        x = norm(weights, f"{at}.attention.output.LayerNorm", x, 1e-12)
        inner = gelu(linear(weights, f"{at}.intermediate.dense", x))
        x = x + linear(weights, f"{at}.output.dense", inner)
        x = norm(weights, f"{at}.output.LayerNorm", x, 1e-12)
    return x


def decoder(weights: Weights, tokens: list[int], layers: int, heads: int) -> np.ndarray:
    """Logits (sequence, vocabulary) of one text."""
    x = weights["tokens.weight"][tokens] + weights["places.weight"][: len(tokens)]
    for index in range(layers):
        at = f"layers.{index}"
        normal = norm(weights, f"{at}.first", x, 1e-5)
        parts = [linear(weights, f"{at}.{part}", normal) for part in ("query", "key", "value")]
        x = x + linear(weights, f"{at}.joined", attention(*parts, heads, causal=True))
        normal = norm(weights, f"{at}.second", x, 1e-5)
        x = x + linear(weights, f"{at}.outer", gelu(linear(weights, f"{at}.inner", normal)))
    return norm(weights, "last", x, 1e-5) @ weights["tokens.weight"].T
