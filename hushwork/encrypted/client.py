"""The client's half: it owns the secret key of one session."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from hushwork._native import Evaluator, SecretKey
from hushwork.encrypted.manifest import ZERO, Terms, join, parted, read, with_digest
from hushwork.errors import BadAnswer, InvalidInput, MalformedBytes, QuotaExceeded
from hushwork.guarantee import Answer, Manifest

Array = NDArray[np.float64]

ANSWERS = 4096
"""Most answers opened under one key: CKKS promises less with every decryption that is shown."""
INPUT_RANGE = 8.0
"""Largest magnitude of an input element."""
TOLERANCE = 1e-2
"""Largest disagreement of copies of an output, relative to the largest output."""


class EncryptedClient:
    """A manifest accepted, and a fresh secret key."""

    def __init__(self, manifest: Manifest) -> None:
        """Raises RefusedManifest, InvalidBytes or InvalidParameters."""
        self._manifest = manifest
        self._terms: Terms = read(manifest)
        self._secret = SecretKey(self._terms.parameters)
        self._opened = 0
        self._lock = threading.Lock()

    @property
    def manifest(self) -> Manifest:
        """What was accepted."""
        return self._manifest

    def hello(self) -> bytes:
        """Evaluation keys: they compute, they do not decrypt."""
        body = self._terms.body
        keys = self._secret.evaluation_keys(body.rotations, body.relinearisation)
        return with_digest(self._manifest, keys)

    def welcome(self, reply: bytes) -> None:
        """There is nothing to say in reply to keys."""
        if reply:
            raise MalformedBytes("welcome", expected="no bytes", got=len(reply))

    def seal(self, x: Array) -> bytes:
        """Encrypt one input. Raises InvalidInput."""
        body, encrypt = self._terms.body, self._secret.encrypt_projected
        flat = np.append(self._checked(x).reshape(-1), 0.0) / self._terms.copies
        vectors = flat[self._terms.gather]
        return join([encrypt(v, body.request_scale, body.request_limbs) for v in vectors])

    def _checked(self, x: Array) -> Array:
        shape = tuple(self._manifest.input_shape)
        try:
            values = np.asarray(x, dtype=np.float64)
        except (TypeError, ValueError):
            raise InvalidInput("input", expected="an array of numbers", got=type(x)) from None
        if values.shape != shape:
            raise InvalidInput("shape of the input", expected=shape, got=values.shape)
        if not np.isfinite(values).all() or np.abs(values).max() > INPUT_RANGE:
            got = f"{values.min():g} to {values.max():g}"
            raise InvalidInput("input", expected=f"numbers within {INPUT_RANGE}", got=got)
        return values

    def open(self, response: bytes) -> Answer:
        """Decrypt one answer. Raises BadAnswer, InvalidBytes or QuotaExceeded."""
        terms = self._terms
        limit = self._manifest.response_limit
        ciphertexts = parted("answer", response, len(terms.scatter), limit)
        evaluator = Evaluator(terms.parameters)
        expected = (1, terms.body.response_scale, terms.body.response_period)
        for ciphertext in ciphertexts:
            got = evaluator.describe_projected(ciphertext)
            if got != expected:
                raise BadAnswer("limbs, scale and period of an answer", expected=expected, got=got)
        self._count()
        slots = np.stack([self._secret.decrypt_projected(one) for one in ciphertexts])
        return Answer(output=self._read(slots))

    def _count(self) -> None:
        with self._lock:
            if self._opened >= ANSWERS:
                raise QuotaExceeded("answers under this key", expected=ANSWERS, got=ANSWERS + 1)
            self._opened += 1

    def _read(self, slots: Array) -> Array:
        """The outputs, if their copies agree and the empty slots are empty."""
        body, scatter = self._terms.body, self._terms.scatter
        held = scatter >= 0
        element, found = scatter[held], slots[held]
        output: Array = np.bincount(element, found) / np.bincount(element)
        largest = float(np.abs(output).max())
        if not largest <= body.output_range * body.factor:
            expected = f"at most {body.output_range:g}"
            raise BadAnswer("outputs out of range", expected=expected, got=largest / body.factor)
        strays = np.concatenate([found - output[element], slots[scatter == ZERO]])
        if not np.abs(strays).max(initial=0.0) <= TOLERANCE * max(1.0, largest):
            raise BadAnswer("slots of an answer disagree", expected="copies", got="an overflow")
        return output.reshape(body.output_shape) / body.factor

    def close(self) -> None:
        """Destroy the secret key."""
        self._secret.destroy()
