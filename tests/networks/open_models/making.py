"""Small models to open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

from hushwork.networks import zoo

TALES = zoo.folder_of(zoo.GENERATOR)
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
WORDS = ("[PAD]", "[UNK]", "[END]", "red", "green", "blue", "cat", "dog")

Value = tuple[str, int, Sequence[int | str] | None]


def encoded(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[Value],
    outputs: Sequence[Value],
    tensors: Mapping[str, np.ndarray] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*value) for value in outputs],
        [numpy_helper.from_array(array, name) for name, array in (tensors or {}).items()],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    helper.set_model_props(model, dict(metadata or {}))
    return model


def written(path: Path, model: onnx.ModelProto) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path


def two_by_two(**said: Any) -> onnx.ModelProto:
    """total = 2 a + cast(count), first = a[0]."""
    nodes = [
        helper.make_node("Mul", ["a", "two"], ["double"]),
        helper.make_node("Cast", ["count"], ["number"], to=FLOAT),
        helper.make_node("Add", ["double", "number"], ["total"]),
        helper.make_node("Gather", ["a", "zero"], ["first"], axis=0),
    ]
    return encoded(
        nodes,
        [("a", FLOAT, ("n", 3)), ("count", INT64, ())],
        [("total", FLOAT, ("n", 3)), ("first", FLOAT, (3,))],
        {"two": np.array(2, np.float32), "zero": np.array(0)},
        said,
    )


def with_external(location: str, size: int = 12) -> onnx.ModelProto:
    """y = x + weight, where the weight (3,) lies in another file."""
    model = encoded(
        [helper.make_node("Add", ["x", "weight"], ["y"])],
        [("x", FLOAT, ("n", 3))],
        [("y", FLOAT, ("n", 3))],
    )
    tensor = model.graph.initializer.add(name="weight", data_type=FLOAT, dims=[3])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(size))):
        tensor.external_data.add(key=key, value=value)
    return model


def word_tokenizer() -> str:
    numbers = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(["[PAD]", "[END]"])
    text: str = tokenizer.to_str()
    return text


def bigram(*, masked: bool = False) -> onnx.ModelProto:
    """Without a cache: red -> green -> blue -> [END], cat -> cat, dog nearly as likely."""
    table = np.zeros((len(WORDS), len(WORDS)), np.float32)
    for before, after in ((3, 4), (4, 5), (5, 2), (6, 6), (0, 3), (1, 6), (2, 3), (7, 6)):
        table[before, after] = 5.0
    table[6, 7] = 4.999
    inputs: list[Value] = [("input_ids", INT64, (1, "n"))]
    inputs += [("attention_mask", INT64, (1, "n"))] if masked else []
    node = helper.make_node("Gather", ["table", "input_ids"], ["logits"])
    return encoded([node], inputs, [("logits", FLOAT, (1, "n", len(WORDS)))], {"table": table})


def table_of_words() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(len(WORDS), 4)).astype(np.float32)


def embedding() -> onnx.ModelProto:
    """Vectors of words, (n, sequence, 4); and the first of each text, (n, 4)."""
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["vectors"]),
        helper.make_node("Gather", ["vectors", "zero"], ["sentence"], axis=1),
    ]
    names = ("input_ids", "attention_mask")
    return encoded(
        nodes,
        [(name, INT64, ("n", "s")) for name in names],
        [("vectors", FLOAT, ("n", "s", 4)), ("sentence", FLOAT, ("n", 4))],
        {"table": table_of_words(), "zero": np.array(0)},
    )


def folder(path: Path, model: onnx.ModelProto, description: str) -> Path:
    written(path / "model.onnx", model)
    (path / "model.toml").write_text(description)
    (path / "tokenizer.json").write_text(word_tokenizer())
    return path


def embedder_folder(path: Path, pooling: str = "mean", *, normalise: bool = False) -> Path:
    description = (
        f'kind = "embedding"\nname = "words"\npooling = "{pooling}"\n'
        f"normalise = {str(normalise).lower()}\nmost_tokens = 4\n"
    )
    return folder(path, embedding(), description)


def generator_folder(path: Path, *, masked: bool = False) -> Path:
    description = 'kind = "generator"\nname = "pairs"\ncontext = 8\nend_tokens = ["[END]"]\n'
    return folder(path, bigram(masked=masked), description)
