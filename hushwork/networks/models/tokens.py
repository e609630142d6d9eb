"""Texts as tokens, by a file `tokenizer.json` of Hugging Face's `tokenizers`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hushwork.errors import (
    HushworkError,
    InvalidInput,
    InvalidNetwork,
    MalformedBytes,
    NotFound,
    TooLarge,
)

TOKENIZER_LIMIT = 64 << 20
"""Most bytes of the file."""
TEXT_LIMIT = 1 << 20
"""Most bytes, in UTF-8, of the texts of one call together."""


class Tokens:
    """A tokenizer. May be shared between threads."""

    def __init__(self, data: bytes, most: int | None = None) -> None:
        """Read it; texts are cut after so many tokens.

        What the file itself says of padding and cutting is left aside. Raises MalformedBytes,
        InvalidNetwork or NotFound.
        """
        self._tokenizer = _guarded(
            lambda: _opened(data, most), MalformedBytes, "tokenizer.json", "a tokenizer"
        )

    def __len__(self) -> int:
        """How many tokens there are."""
        return int(self._tokenizer.get_vocab_size(with_added_tokens=True))

    def id_of(self, token: str) -> int | None:
        """A token's number; None if there is no such token."""
        found: int | None = self._tokenizer.token_to_id(token)
        return found

    def encode(self, text: str) -> list[int]:
        """A text's tokens, those included that the tokenizer adds to any. Raises InvalidInput."""
        tokens: list[int] = _guarded(
            lambda: self._tokenizer.encode(text).ids, InvalidInput, "text", "text with tokens"
        )
        if not tokens:
            raise InvalidInput("text", expected="at least one token", got="none")
        return tokens

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens, without special ones."""
        text: str = self._tokenizer.decode(list(tokens), skip_special_tokens=True)
        return text


def check_texts(texts: Sequence[str]) -> None:
    """Raises InvalidInput for what is no Unicode text, TooLarge for more than TEXT_LIMIT bytes."""
    total = 0
    for text in texts:
        if not isinstance(text, str):
            raise InvalidInput("text", expected="text", got=type(text).__name__)
        if (total := total + len(text)) <= TEXT_LIMIT:
            total += _size(text) - len(text)
        if total > TEXT_LIMIT:
            raise TooLarge("texts", expected=f"at most {TEXT_LIMIT} bytes", got="more")


def _size(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidInput("text", expected="Unicode", got=error.reason) from None


def _opened(data: bytes, most: int | None) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise NotFound("tokenizers is missing: pip install 'hushwork[text]'") from None
    tokenizer = Tokenizer.from_str(data.decode())
    added = tokenizer.num_special_tokens_to_add(False)
    if most is not None and most <= added:  # tokenizers would then cut nothing
        raise InvalidNetwork("most_tokens", expected=f"more than {added}", got=most)
    tokenizer.no_padding()
    if most is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(most)
    return tokenizer


def _guarded(work: Callable[[], Any], kind: type[HushworkError], what: str, expected: str) -> Any:
    """What `work` returns. Whatever tokenizers raises becomes the given error."""
    try:
        return work()
    except HushworkError:
        raise
    except BaseException as error:
        # A panic in Rust is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise kind(what, expected=expected, got=str(error)[:200]) from None
