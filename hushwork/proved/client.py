"""The client's half: it accepts a publication, asks with fresh nonces, and verifies every proof."""

from __future__ import annotations

import secrets
import threading

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import (
    BadAnswer,
    BudgetSpent,
    HushworkError,
    InvalidInput,
    MalformedBytes,
    RefusedManifest,
)
from hushwork.guarantee import Answer, Input, Manifest
from hushwork.networks.integers import quantise_input
from hushwork.proved.evidence import Epoch, Evidence, Numbers
from hushwork.proved.messages import NONCE, Request, Response, offer
from hushwork.proved.publication import Publication, decode

Array = NDArray[np.float64]

PENDING = 4096
"""Most requests that wait for an answer."""


class ProvedClient:
    """A published model accepted. There is no secret in it. Thread-safe."""

    def __init__(self, manifest: Manifest) -> None:
        """Verify the publication. Raises RefusedManifest."""
        try:
            self._publication = Publication.from_bytes(manifest.body)
            self._model = self._publication.check()
        except HushworkError as error:
            expected = "a published model that verifies"
            raise RefusedManifest("manifest", expected=expected, got=error) from error
        if manifest != (own := offer(self._model)):
            raise RefusedManifest("manifest", expected=f"that of {own.network_digest}", got="other")
        self._manifest = manifest
        self._lock = threading.Lock()
        self._pending: dict[bytes, Numbers] = {}
        self._epochs: dict[bytes, Epoch] = {}
        self._openings: set[tuple[bytes, int]] = set()

    @property
    def manifest(self) -> Manifest:
        """What was accepted."""
        return self._manifest

    def hello(self) -> bytes:
        """Something to begin with; nonces come with the requests."""
        return secrets.token_bytes(NONCE)

    def welcome(self, reply: bytes) -> ProvedClient:
        """There is nothing to say in reply to a nonce."""
        if reply:
            raise MalformedBytes("welcome", expected="no bytes", got=len(reply))
        return self

    def seal(self, x: Input) -> bytes:
        """One input, in the model's integers, with a nonce of its own. Raises InvalidInput."""
        shape = tuple(self._manifest.input_shape)
        try:
            values = np.asarray(x, np.float64)
        except (TypeError, ValueError):
            raise InvalidInput("input", expected="an array of numbers", got=type(x)) from None
        if values.shape != shape or not np.isfinite(values).all():
            raise InvalidInput(
                "input", expected=f"finite numbers of shape {shape}", got=values.shape
            )
        whole = quantise_input(self._model.architecture, values[None])[0]
        numbers, nonce = Numbers.of(whole.astype(np.int32)), secrets.token_bytes(NONCE)
        with self._lock:
            if len(self._pending) >= PENDING:
                self._pending.pop(next(iter(self._pending)))
            self._pending[nonce] = numbers
        return Request(nonce, numbers).to_bytes()

    def open(self, response: bytes) -> Answer:
        """Verify one answer. Raises BadAnswer, InvalidProof, BudgetSpent or InvalidBytes."""
        answer = decode("answer", Response, response, self._manifest.response_limit)
        claim = answer.claim
        with self._lock:
            asked = self._pending.pop(claim.bound.nonce, None)
        if asked is None or claim.input != asked or not isinstance(claim.outcome, Numbers):
            raise BadAnswer("an answer", expected="to what was asked", got="to something else")
        epoch = self._epoch(answer)
        claim.check(self._model, answer.commitment)
        self._note(answer)
        scale = self._model.architecture.output_scale
        output = claim.outcome.array.astype(np.float64) * scale
        evidence = Evidence.of(self._publication, epoch, claim)
        return Answer(output, write=lambda _: evidence.to_bytes(), worker=claim.bound.hotkey)

    def _epoch(self, answer: Response) -> Epoch | None:
        """The epoch that a claim opens, its link verified once."""
        if answer.commitment is None:
            return None
        with self._lock:
            known = self._epochs.get(answer.commitment)
        if known is not None:
            return known
        epoch = answer.epoch
        if epoch is None or epoch.commitment != answer.commitment:
            raise BadAnswer("an answer", expected="the link of its epoch", got="none")
        epoch.check(self._model)
        with self._lock:
            self._epochs[epoch.commitment] = epoch
        return epoch

    def _note(self, answer: Response) -> None:
        """Refuse a second use of an opening: it would give away what hides the weights."""
        if answer.commitment is None:
            return
        opening = answer.commitment, answer.claim.bound.opening
        with self._lock:
            if opening in self._openings:
                raise BudgetSpent("opening of an epoch", expected="one use", got="another")
            self._openings.add(opening)

    def close(self) -> None:
        """Forget what was asked."""
        with self._lock:
            self._pending.clear()
