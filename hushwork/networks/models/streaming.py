"""A text that grows token by token."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_UNFINISHED = "\N{REPLACEMENT CHARACTER}"


class Streamed:
    """Turns tokens into pieces of text that together are the text of all tokens.

    What later tokens may still change is kept back: a character whose last bytes are to come, and
    what may be the beginning of a stop.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str], stop: Sequence[str] = ()) -> None:
        """Of tokens that `decode` turns into text, up to where one of the stops begins."""
        self._decode, self._stop = decode, stop
        self._tokens: list[int] = []
        self._given = ""
        self.stopped = False
        """Whether a stop was met: no later token changes the text."""

    def push(self, token: int) -> str:
        """The text that is certain now and was not before."""
        self._tokens.append(token)
        text = self._cut(self._decode(self._tokens))
        if self.stopped:
            return self._give(text)
        text = text.rstrip(_UNFINISHED)
        return self._give(text[: len(text) - _kept_back(text, self._stop)])

    def finish(self) -> str:
        """What was kept back and will not change any more."""
        return self._give(self._cut(self._decode(self._tokens)))

    def _cut(self, text: str) -> str:
        found = [place for stop in self._stop if (place := text.find(stop)) >= 0]
        self.stopped = bool(found)
        return text[: min(found)] if found else text

    def _give(self, text: str) -> str:
        # A decoder may show finished text as unfinished for a while.
        if not text.startswith(self._given):
            return ""
        piece = text[len(self._given) :]
        self._given = text
        return piece


def _kept_back(text: str, stop: Sequence[str]) -> int:
    """Characters at the end of a text that are the beginning of a stop."""
    lengths = (
        length for one in stop for length in range(1, len(one)) if text.endswith(one[:length])
    )
    return max(lengths, default=0)
