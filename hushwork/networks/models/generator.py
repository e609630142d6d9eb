"""Language models that continue a text, and how to judge a continuation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import InvalidInput, InvalidNetwork, TooLarge
from hushwork.networks.models.description import Generating
from hushwork.networks.models.reading import Logits, Reading, layout
from hushwork.networks.models.streaming import Streamed
from hushwork.networks.models.tensors import OnnxModel
from hushwork.networks.models.tokens import Tokens, check_texts

STOP_LIMIT = 16
"""Most stops."""
STOP_LENGTH = 256
"""Most characters of a stop."""
HOTTEST = 100.0
"""The highest temperature."""

Choice = Callable[[Logits], int]


@dataclass(frozen=True)
class Piece:
    """One token of a continuation, and the text that became certain with it."""

    token: int
    text: str


class Generator:
    """A causal language model. May be shared between threads."""

    kind: ClassVar[str] = "generator"

    def __init__(
        self, model: OnnxModel, tokens: Tokens, description: Generating, digest: str
    ) -> None:
        """Of a decoder, with a cache or without one. Raises InvalidNetwork."""
        self.name, self.digest = description.name, digest
        self.context = description.context
        self._model, self._tokens, self._layout = model, tokens, layout(model)
        ends = {token: tokens.id_of(token) for token in description.end_tokens}
        if missing := [token for token, number in ends.items() if number is None]:
            raise InvalidNetwork("end_tokens", expected="tokens of the tokenizer", got=missing)
        self.end_tokens = frozenset(number for number in ends.values() if number is not None)
        self.vocabulary = self._vocabulary()

    def generate(
        self,
        prompt: str,
        *,
        most_tokens: int,
        temperature: float = 0.0,
        seed: int | None = None,
        stop: Sequence[str] = (),
    ) -> Iterator[Piece]:
        """Continue a prompt, token by token.

        At temperature 0 every token is the likeliest one; above it they are drawn, and the same
        seed draws the same ones. It ends after `most_tokens`, with the context, after an end token
        (which is given, without text) or with a stop; neither that nor what follows is given as
        text. The pieces' texts together are the text of the tokens. Raises InvalidInput or
        TooLarge.
        """
        if most_tokens < 1:
            raise InvalidInput("most_tokens", expected="at least 1", got=most_tokens)
        _check_stops(stop)
        choice = _choice(temperature, seed)
        read = self._encoded(prompt, 1)
        most = min(most_tokens, self.context - len(read))
        return self._pieces(read, most, choice, Streamed(self._tokens.decode, tuple(stop)))

    def margins(self, prompt: str, tokens: Sequence[int]) -> NDArray[np.float32]:
        """By how much the logit of each token after a prompt falls below the largest, (n,).

        All are 0 for a greedy continuation; one made on another machine may choose otherwise where
        two logits are nearly the same. Raises InvalidInput or TooLarge.
        """
        if not tokens or not self._are_tokens(tokens):
            expected = f"numbers below {self.vocabulary}"
            raise InvalidInput("tokens", expected=expected, got=list(tokens[:8]))
        reading = Reading(self._model, self._layout)
        first = _last(reading, self._encoded(prompt, len(tokens)))
        parts, done = [], 0
        for logits in chain([first[None]], reading.through(tokens[:-1])):
            chosen = tokens[done : done + len(logits)]
            parts.append(_below(logits, chosen))
            done += len(logits)
        return np.concatenate(parts)

    def follows(self, prompt: str, tokens: Sequence[int], tolerance: float) -> bool:
        """Whether tokens are a greedy continuation of a prompt, near-ties aside.

        None may fall below the largest logit by more than `tolerance`, and nothing may follow an
        end token. Whether there are as many tokens as were asked for is the caller's to compare.
        Raises InvalidInput or TooLarge for the prompt.
        """
        prompted = self._encoded(prompt, 1)
        fits = 0 < len(tokens) <= self.context - len(prompted)
        if not fits or not self._are_tokens(tokens) or self.end_tokens & set(tokens[:-1]):
            return False
        return bool((self.margins(prompt, tokens) <= tolerance).all())

    def _pieces(
        self, read: list[int], most: int, choice: Choice, text: Streamed
    ) -> Iterator[Piece]:
        reading = Reading(self._model, self._layout)
        last = _last(reading, read)
        for left in range(most - 1, -1, -1):
            token = choice(last)
            ends = token in self.end_tokens
            piece = "" if ends else text.push(token)
            if ends or text.stopped or not left:
                yield Piece(token, piece + text.finish())
                return
            yield Piece(token, piece)
            last = reading.read([token])[-1]

    def fits(self, prompt: str, most_tokens: int) -> bool:
        """Whether a prompt and so many tokens after it are within the context."""
        try:
            return bool(self._encoded(prompt, most_tokens))
        except (InvalidInput, TooLarge):
            return False

    def _encoded(self, prompt: str, room: int) -> list[int]:
        check_texts([prompt])
        tokens = self._tokens.encode(prompt)
        if len(tokens) + room > self.context:
            expected = f"at most {self.context} tokens with the continuation"
            raise TooLarge("prompt", expected=expected, got=len(tokens) + room)
        return tokens

    def _are_tokens(self, tokens: Sequence[int]) -> bool:
        return all(
            isinstance(token, int | np.integer) and 0 <= token < self.vocabulary for token in tokens
        )

    def _vocabulary(self) -> int:
        shape = next(entry.shape for entry in self._model.outputs if entry.name == "logits")
        if shape is not None and len(shape) != 3:
            raise InvalidNetwork("logits", expected="(1, sequence, vocabulary)", got=shape)
        return len(self._tokens) if shape is None or shape[-1] is None else shape[-1]


def _last(reading: Reading, tokens: list[int]) -> Logits:
    """Logits of what follows the last of some tokens, (vocabulary,)."""
    for logits in reading.through(tokens):
        last: Logits = logits[-1]
    return last


def _below(logits: Logits, tokens: Sequence[int]) -> NDArray[np.float32]:
    width = logits.shape[1]
    if max(tokens) >= width:
        raise InvalidInput("tokens", expected=f"numbers below {width}", got=max(tokens))
    chosen = logits[np.arange(len(tokens)), np.array(tokens)]
    found: NDArray[np.float32] = logits.max(axis=1) - chosen
    return found


def _check_stops(stop: Sequence[str]) -> None:
    fits = not isinstance(stop, str) and len(stop) <= STOP_LIMIT
    if not fits or not all(0 < len(one) <= STOP_LENGTH for one in stop):
        expected = f"at most {STOP_LIMIT} texts of 1 to {STOP_LENGTH} characters"
        raise InvalidInput("stop", expected=expected, got=repr(stop)[:40])


def _choice(temperature: float, seed: int | None) -> Choice:
    if not 0 <= temperature <= HOTTEST:
        raise InvalidInput("temperature", expected=f"0 to {HOTTEST}", got=temperature)
    if seed is not None and seed < 0:
        raise InvalidInput("seed", expected="at least 0", got=seed)
    if temperature == 0:
        return lambda logits: int(logits.argmax())
    generator = np.random.default_rng(seed)

    def drawn(logits: Logits) -> int:
        with np.errstate(over="ignore"):  # far below the largest is nothing at all
            scaled = (logits.astype(np.float64) - logits.max()) / temperature
        reached = np.cumsum(np.exp(scaled))
        place = np.searchsorted(reached, generator.random() * reached[-1], side="right")
        return min(int(place), len(reached) - 1)

    return drawn
