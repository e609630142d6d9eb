"""What a stranger's folder may hold: nothing but a HushworkError comes of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from tokenizers import Tokenizer, processors

from hushwork.errors import (
    HushworkError,
    InvalidNetwork,
    MalformedBytes,
    NotFound,
    TooLarge,
)
from hushwork.networks.models import Generator, description, open_model, tokens
from tests.networks.open_models.making import (
    FLOAT,
    INT64,
    TALES,
    encoded,
    generator_folder,
    two_by_two,
    word_tokenizer,
    written,
)

GOOD = 'kind = "generator"\nname = "pairs"\ncontext = 8\nend_tokens = ["[END]"]\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD + "more = 1\n",
        GOOD.replace("generator", "oracle"),
        GOOD.replace("8", "0"),
        GOOD.replace("8", "1.5"),
        GOOD.replace("8", "9999999999"),
        GOOD.replace('["[END]"]', '"[END]"'),
        GOOD.replace("context = 8\n", ""),
        GOOD + GOOD,
        GOOD.replace("pairs", "\udcff"),
        "kind = " + "[" * 5000,
        'kind = "embedding"\nname = "x"\npooling = "max"\nnormalise = true\nmost_tokens = 1',
    ],
)
def test_other_descriptions(text: str, tmp_path: Path) -> None:
    folder = generator_folder(tmp_path)
    (folder / "model.toml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(MalformedBytes, match=r"model\.toml"):
        open_model(folder)


@pytest.mark.parametrize("name", ["", "x" * 300, "a\\u0007b"])
def test_other_names(name: str, tmp_path: Path) -> None:
    folder = generator_folder(tmp_path)
    (folder / "model.toml").write_text(GOOD.replace("pairs", name))
    with pytest.raises(InvalidNetwork):
        open_model(folder)


def test_too_large_a_description(tmp_path: Path) -> None:
    folder = generator_folder(tmp_path)
    (folder / "model.toml").write_text(GOOD + "#" * description.DESCRIPTION_LIMIT)
    with pytest.raises(TooLarge):
        open_model(folder)


def test_an_end_that_is_no_token(tmp_path: Path) -> None:
    folder = generator_folder(tmp_path)
    (folder / "model.toml").write_text(GOOD.replace("[END]", "[STOP]"))
    with pytest.raises(InvalidNetwork, match="end_tokens"):
        open_model(folder)


def test_too_large_a_tokenizer(tmp_path: Path) -> None:
    folder = generator_folder(tmp_path)
    with (folder / "tokenizer.json").open("wb") as file:
        file.truncate(tokens.TOKENIZER_LIMIT + 1)
    with pytest.raises(TooLarge):
        open_model(folder)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"model": {}}'])
def test_other_tokenizers(data: bytes, tmp_path: Path) -> None:
    folder = generator_folder(tmp_path)
    (folder / "tokenizer.json").write_bytes(data)
    with pytest.raises(MalformedBytes, match=r"tokenizer\.json"):
        open_model(folder)


TOKENIZERS = [word_tokenizer().encode(), (TALES / "tokenizer.json").read_bytes()]


@settings(max_examples=200)
@given(data=st.data())
def test_a_changed_tokenizer(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(TOKENIZERS))
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.binary(min_size=1, max_size=3))
    try:
        read = tokens.Tokens(whole[:place] + byte + whole[place + 1 :])
        read.decode(read.encode("The cat sat. \N{SNOWMAN}"))
    except HushworkError:
        pass


class PanicException(BaseException):
    """As a panic in Rust reaches Python."""


@pytest.mark.parametrize(
    ("raised", "seen"),
    [(PanicException, MalformedBytes), (ValueError, MalformedBytes), (SystemExit, SystemExit)],
)
def test_a_panic_is_a_bad_file(
    raised: type[BaseException], seen: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise raised("at the disco")

    monkeypatch.setattr(tokens, "_opened", fail)
    with pytest.raises(seen):
        tokens.Tokens(b"")


@pytest.mark.parametrize("most", [1, 2])
def test_a_limit_that_leaves_no_token_of_a_text(most: int) -> None:
    tokenizer = Tokenizer.from_str(word_tokenizer())
    ends = [("[END]", 2), ("[PAD]", 0)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[END] $A [PAD]", special_tokens=ends
    )
    data = tokenizer.to_str().encode()
    assert tokens.Tokens(data, 3).encode("red green blue") == [2, 3, 0]
    with pytest.raises(InvalidNetwork, match="most_tokens"):
        tokens.Tokens(data, most)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        open_model(tmp_path / "none")
    with pytest.raises(NotFound):
        open_model(tmp_path)
    for name in ("no such name", "", "a\0b", "x" * 5000):
        with pytest.raises(NotFound):
            open_model(name)
    folder = generator_folder(tmp_path)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(NotFound, match=r"tokenizer\.json"):
        open_model(folder)


def test_a_decoder_of_other_inputs(tmp_path: Path) -> None:
    folder = generator_folder(tmp_path)
    written(folder / "model.onnx", two_by_two())
    with pytest.raises(InvalidNetwork, match="decoder"):
        open_model(folder)


def spoilt(how: str) -> onnx.ModelProto:
    """The tiny decoder with another name or shape somewhere."""
    model = onnx.load(TALES / "model.onnx")
    past = next(value for value in model.graph.input if value.name == "past_key_values.0.key")
    if how == "an input more":
        model.graph.input.append(helper.make_tensor_value_info("extra", FLOAT, (1,)))
    elif how == "a cache less":
        gone = next(value for value in model.graph.output if value.name == "present.1.value")
        model.graph.output.remove(gone)
    elif how == "no logits":
        del model.graph.output[0]
    elif how == "a cache of one length":
        past.type.tensor_type.shape.dim[2].dim_value = 5
    elif how == "a cache of any width":
        past.type.tensor_type.shape.dim[3].dim_param = "width"
    return model


@pytest.mark.parametrize(
    ("how", "match"),
    [
        ("an input more", r"unknown=\['extra'\]"),
        ("a cache less", r"missing=\['present\.1\.value'\]"),
        ("no logits", r"missing=\['logits'\]"),
        ("a cache of one length", "free, width"),
        ("a cache of any width", "free, width"),
    ],
)
def test_a_decoder_of_another_kind(how: str, match: str, tmp_path: Path) -> None:
    shutil.copytree(TALES, tmp_path / "model")
    written(tmp_path / "model" / "model.onnx", spoilt(how))
    with pytest.raises(InvalidNetwork, match=match):
        open_model(tmp_path / "model")


@pytest.mark.parametrize("shape", [(), (1,), (1, 2, 3, 4)])
def test_a_decoder_of_other_logits(shape: tuple[int, ...], tmp_path: Path) -> None:
    folder = generator_folder(tmp_path)
    node = helper.make_node("ConstantOfShape", ["shape"], ["logits"])
    made = encoded(
        [node],
        [("input_ids", INT64, (1, "n"))],
        [("logits", FLOAT, shape)],
        {"shape": np.array(shape, np.int64)},
    )
    written(folder / "model.onnx", made)
    with pytest.raises(InvalidNetwork, match="logits"):
        open_model(folder)


def test_a_folder_that_is_right(tmp_path: Path) -> None:
    assert isinstance(open_model(generator_folder(tmp_path)), Generator)
