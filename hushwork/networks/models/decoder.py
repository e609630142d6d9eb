"""A small causal decoder with a cache as an ONNX graph, named as Hugging Face's optimum names it.

Norms before each part, learned places, GELU, and the table of tokens read backwards at the end
(Radford et al. 2019, GPT-2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from hushwork.networks.models.writing import Shape, Writer

EPSILON = 1e-5
"""Of the norms."""
_FAR = -10_000.0

Value = tuple[int, Shape]


@dataclass(frozen=True, kw_only=True)
class DecoderSizes:
    """Of a decoder."""

    vocabulary: int
    context: int
    layers: int
    width: int
    heads: int
    inner: int


def decoder_onnx(
    name: str, weights: Mapping[str, NDArray[np.float32]], sizes: DecoderSizes
) -> bytes:
    """The file: input_ids, attention_mask, position_ids and past_key_values to logits and present.

    Weights: `tokens.weight`, `places.weight`, and by layer `layers.N.` with `first`, `query`,
    `key`, `value`, `joined`, `second`, `inner`, `outer`; `last` (norms: first, second, last).
    Raises InvalidNetwork.
    """
    writer = Writer(weights)
    tokens = writer.weight("tokens.weight", (sizes.vocabulary, sizes.width))
    places = writer.weight("places.weight", (sizes.context, sizes.width))
    x = writer.apply(
        "Add",
        writer.apply("Gather", tokens, "input_ids"),
        writer.apply("Gather", places, "position_ids"),
    )
    mask = _mask(writer)
    for index in range(sizes.layers):
        x = _layer(writer, x, mask, index, sizes)
    x = writer.norm(x, "last", sizes.width, EPSILON)
    writer.apply("MatMul", x, writer.apply("Transpose", tokens, perm=(1, 0)), name="logits")
    return writer.encode(name, _inputs(sizes), _outputs(sizes))


def _inputs(sizes: DecoderSizes) -> dict[str, Value]:
    new: Value = (TensorProto.INT64, ("batch", "sequence"))
    whole: Value = (TensorProto.INT64, ("batch", "past + sequence"))
    return {
        "input_ids": new,
        "attention_mask": whole,
        "position_ids": new,
        **_cache("past_key_values", "past", sizes),
    }


def _outputs(sizes: DecoderSizes) -> dict[str, Value]:
    shape = ("batch", "sequence", sizes.vocabulary)
    return {
        "logits": (TensorProto.FLOAT, shape),
        **_cache("present", "past + sequence", sizes),
    }


def _cache(prefix: str, length: str, sizes: DecoderSizes) -> dict[str, Value]:
    shape = ("batch", sizes.heads, length, sizes.width // sizes.heads)
    return {
        f"{prefix}.{index}.{part}": (TensorProto.FLOAT, shape)
        for index in range(sizes.layers)
        for part in ("key", "value")
    }


def _mask(writer: Writer) -> str:
    """0 where a token may be read and _FAR elsewhere, (batch, 1, sequence, past + sequence)."""
    zero, one = writer.constant("zero", 0, np.int64), writer.constant("step", 1, np.int64)
    first, second = (writer.constant(f"axis {n}", [n], np.int64) for n in (0, 1))
    total = writer.apply("Squeeze", writer.apply("Shape", "attention_mask", start=1, end=2))
    new = writer.apply("Squeeze", writer.apply("Shape", "input_ids", start=1, end=2))
    keys = writer.apply("Range", zero, total, one)
    queries = writer.apply("Range", writer.apply("Sub", total, new), total, one)
    before = writer.apply(
        "LessOrEqual",
        writer.apply("Unsqueeze", keys, first),
        writer.apply("Unsqueeze", queries, second),
    )
    both = writer.constant("axes 1 and 2", [1, 2], np.int64)
    whole = writer.apply("Unsqueeze", "attention_mask", both)
    allowed = writer.apply("And", before, writer.apply("Cast", whole, to=TensorProto.BOOL))
    near, far = (writer.constant(*value, np.float32) for value in (("near", 0.0), ("far", _FAR)))
    return writer.apply("Where", allowed, near, far)


def _layer(writer: Writer, x: str, mask: str, index: int, sizes: DecoderSizes) -> str:
    name = f"layers.{index}"
    normal = writer.norm(x, f"{name}.first", sizes.width, EPSILON)
    attended = _attention(writer, normal, mask, index, sizes)
    x = writer.apply("Add", x, writer.linear(attended, f"{name}.joined", sizes.width, sizes.width))
    normal = writer.norm(x, f"{name}.second", sizes.width, EPSILON)
    inner = writer.gelu(writer.linear(normal, f"{name}.inner", sizes.width, sizes.inner))
    return writer.apply("Add", x, writer.linear(inner, f"{name}.outer", sizes.inner, sizes.width))


def _attention(writer: Writer, x: str, mask: str, index: int, sizes: DecoderSizes) -> str:
    width = sizes.width // sizes.heads

    def part(which: str) -> str:
        linear = writer.linear(x, f"layers.{index}.{which}", sizes.width, sizes.width)
        return writer.heads(linear, sizes.heads, width)

    def whole(which: str) -> str:
        past, present = (f"{end}.{index}.{which}" for end in ("past_key_values", "present"))
        return writer.apply("Concat", past, part(which), name=present, axis=2)

    key = writer.apply("Transpose", whole("key"), perm=(0, 1, 3, 2))
    scores = writer.apply(
        "Div",
        writer.apply("MatMul", part("query"), key),
        writer.constant("root of the width", width**0.5, np.float32),
    )
    shares = writer.apply("Softmax", writer.apply("Add", scores, mask), axis=-1)
    return writer.joined(writer.apply("MatMul", shares, whole("value")), sizes.width)
