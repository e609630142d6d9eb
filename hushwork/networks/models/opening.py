"""Opens a model by its name, its file or its folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from hushwork.errors import MalformedBytes, NotFound
from hushwork.networks import zoo
from hushwork.networks.disk import read_file
from hushwork.networks.models import description, files, minilm
from hushwork.networks.models.description import Embedding
from hushwork.networks.models.embedder import Embedder
from hushwork.networks.models.generator import Generator
from hushwork.networks.models.tensors import OnnxModel
from hushwork.networks.models.tokens import TOKENIZER_LIMIT, Tokens

Model = OnnxModel | Embedder | Generator

NAMES = ("minilm", zoo.GENERATOR, *zoo.NAMES)
"""The models that can be opened by name. Only "minilm" is fetched, the first time."""

_MODEL, _TOKENIZER, _DESCRIPTION = "model.onnx", "tokenizer.json", "model.toml"


def open_model(source: str | Path, threads: int = 0) -> Model:
    """Open a model by one of `NAMES`, an ONNX file by path, or a folder.

    A folder holds `model.onnx`; if it holds `model.toml` too, that says what the model does with
    texts, and `tokenizer.json` how they become tokens. `threads` 0 means one for each core. Raises
    NotFound, Unreachable, TooLarge, MalformedBytes, InvalidNetwork or UnsupportedOperator.
    """
    if source == "minilm":
        return _minilm(threads)
    if source == zoo.GENERATOR:
        return _open_folder(zoo.folder_of(zoo.GENERATOR), threads)
    if isinstance(source, str) and (shipped := zoo.path_of(source)):
        return OnnxModel(shipped, threads=threads)
    path = Path(source)
    if os.path.isdir(path):  # which takes a name that is too long for none
        return _open_folder(path, threads)
    if not os.path.isfile(path):
        raise NotFound("model", expected=f"a file, a folder, or one of {list(NAMES)}", got=source)
    return OnnxModel(path, threads=threads)


def _minilm(threads: int) -> Model:
    folder = minilm.folder()
    model = _open_folder(folder, threads)
    if model.digest != minilm.DIGEST:
        message = f"minilm is damaged: remove {folder}"
        raise MalformedBytes(message, expected=minilm.DIGEST, got=model.digest)
    return model


def _open_folder(folder: Path, threads: int) -> Model:
    if not (folder / _DESCRIPTION).exists():
        return OnnxModel(folder / _MODEL, threads=threads)
    described = read_file(folder / _DESCRIPTION, description.DESCRIPTION_LIMIT)
    tokenizer = read_file(folder / _TOKENIZER, TOKENIZER_LIMIT)
    said = description.read(described)
    model = OnnxModel(folder / _MODEL, said.name, threads)
    digest = files.digest_of(
        {
            **model.files,
            _DESCRIPTION: hashlib.sha256(described).hexdigest(),
            _TOKENIZER: hashlib.sha256(tokenizer).hexdigest(),
        }
    )
    if isinstance(said, Embedding):
        return Embedder(model, Tokens(tokenizer, said.most_tokens), said, digest)
    return Generator(model, Tokens(tokenizer), said, digest)
