"""BERT's encoder as an ONNX graph (Devlin et al., arXiv 1810.04805)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from hushwork.networks.models.writing import Writer

_FAR = -10_000.0
"""Added to what a masked token would weigh: its share is then 0 in float32."""


@dataclass(frozen=True, kw_only=True)
class EncoderSizes:
    """Of an encoder."""

    vocabulary: int
    positions: int
    layers: int
    width: int
    heads: int
    inner: int
    epsilon: float


def encoder_onnx(
    name: str, weights: Mapping[str, NDArray[np.float32]], sizes: EncoderSizes
) -> bytes:
    """The file: input_ids, attention_mask, token_type_ids (batch, sequence) int64 to
    last_hidden_state (batch, sequence, width) float32.

    The weights are named as in Hugging Face's BertModel. Raises InvalidNetwork.
    """
    writer = Writer(weights)
    x = _embedded(writer, sizes)
    mask = _mask(writer)
    for index in range(sizes.layers):
        x = _layer(writer, x, mask, f"encoder.layer.{index}", sizes)
    writer.apply("Identity", x, name="last_hidden_state")
    tokens = (TensorProto.INT64, ("batch", "sequence"))
    return writer.encode(
        name,
        dict.fromkeys(("input_ids", "attention_mask", "token_type_ids"), tokens),
        {"last_hidden_state": (TensorProto.FLOAT, ("batch", "sequence", sizes.width))},
    )


def _embedded(writer: Writer, sizes: EncoderSizes) -> str:
    def table(name: str, rows: int) -> str:
        return writer.weight(f"embeddings.{name}_embeddings.weight", (rows, sizes.width))

    words = writer.apply("Gather", table("word", sizes.vocabulary), "input_ids")
    kinds = writer.apply("Gather", table("token_type", 2), "token_type_ids")
    zero, one = writer.constant("start", [0], np.int64), writer.constant("step", [1], np.int64)
    length = writer.apply("Shape", "input_ids", start=1, end=2)
    places = writer.apply("Slice", table("position", sizes.positions), zero, length, zero, one)
    summed = writer.apply("Add", writer.apply("Add", words, kinds), places)
    return writer.norm(summed, "embeddings.LayerNorm", sizes.width, sizes.epsilon)


def _mask(writer: Writer) -> str:
    """0 for a token to be read and _FAR for another, (batch, 1, 1, sequence)."""
    outer = writer.apply("Unsqueeze", "attention_mask", writer.constant("axis 1", [1], np.int64))
    around = writer.apply("Unsqueeze", outer, writer.constant("axis 2", [2], np.int64))
    read = writer.apply("Cast", around, to=TensorProto.FLOAT)
    left = writer.apply("Sub", writer.constant("one", 1.0, np.float32), read)
    return writer.apply("Mul", left, writer.constant("far", _FAR, np.float32))


def _layer(writer: Writer, x: str, mask: str, name: str, sizes: EncoderSizes) -> str:
    attended = _attention(writer, x, mask, f"{name}.attention", sizes)
    dense = writer.linear(attended, f"{name}.attention.output.dense", sizes.width, sizes.width)
    x = writer.norm(
        writer.apply("Add", dense, x),
        f"{name}.attention.output.LayerNorm",
        sizes.width,
        sizes.epsilon,
    )
    inner = writer.gelu(writer.linear(x, f"{name}.intermediate.dense", sizes.width, sizes.inner))
    outer = writer.linear(inner, f"{name}.output.dense", sizes.inner, sizes.width)
    return writer.norm(
        writer.apply("Add", outer, x), f"{name}.output.LayerNorm", sizes.width, sizes.epsilon
    )


def _attention(writer: Writer, x: str, mask: str, name: str, sizes: EncoderSizes) -> str:
    def part(which: str, *order: int) -> str:
        linear = writer.linear(x, f"{name}.self.{which}", sizes.width, sizes.width)
        return writer.heads(linear, sizes.heads, width, order)

    width = sizes.width // sizes.heads
    query, key, value = (
        part("query", 0, 2, 1, 3),
        part("key", 0, 2, 3, 1),
        part("value", 0, 2, 1, 3),
    )
    scores = writer.apply(
        "Div",
        writer.apply("MatMul", query, key),
        writer.constant("root of the width", width**0.5, np.float32),
    )
    shares = writer.apply("Softmax", writer.apply("Add", scores, mask), axis=-1)
    return writer.joined(writer.apply("MatMul", shares, value), sizes.width)
