"""The client's half: it owns the secret key of one session."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from hushwork._native import Evaluator, SecretKey
from hushwork.encrypted.interleave import unwoven, woven
from hushwork.encrypted.manifest import ZERO, Terms, join, parted, read, with_digest
from hushwork.errors import BadAnswer, InvalidInput, MalformedBytes, QuotaExceeded
from hushwork.guarantee import Answer, Input, Manifest

Array = NDArray[np.float64]
Index = NDArray[np.int64]

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

    def welcome(self, reply: bytes) -> EncryptedClient:
        """There is nothing to say in reply to keys, which serve with every worker."""
        if reply:
            raise MalformedBytes("welcome", expected="no bytes", got=len(reply))
        return self

    def seal(self, x: Input) -> bytes:
        """Encrypt one input, or a batch of them, over again in the places that are left.

        Raises InvalidInput.
        """
        body, flat = self._terms.body, self._filled(x) / self._terms.copies

        def encrypt(elements: Index) -> bytes:
            vector = woven(flat[:, elements])
            return self._secret.encrypt_projected(vector, body.request_scale, body.request_limbs)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return join(list(pool.map(encrypt, self._terms.gather)))

    def _filled(self, x: Input) -> Array:
        """(images, elements and a zero): an input for each place of the batch."""
        values = self._checked(x)
        flat = values.reshape(len(values), -1)
        places = np.arange(self._terms.images) % len(flat)
        return np.pad(flat, ((0, 0), (0, 1)))[places]

    def _checked(self, x: Input) -> Array:
        """(inputs, *input shape)"""
        shape, most = tuple(self._manifest.input_shape), self._terms.images
        try:
            values = np.asarray(x, dtype=np.float64)
        except (TypeError, ValueError):
            raise InvalidInput("input", expected="an array of numbers", got=type(x)) from None
        if values.shape == shape:
            values = values[None]
        if values.shape[1:] != shape or not 1 <= len(values) <= most:
            expected = shape if most == 1 else (shape, (f"1 to {most}", *shape))
            raise InvalidInput("shape of the input", expected=expected, got=values.shape)
        if not np.isfinite(values).all() or np.abs(values).max() > INPUT_RANGE:
            got = f"{values.min():g} to {values.max():g}"
            raise InvalidInput("input", expected=f"numbers within {INPUT_RANGE}", got=got)
        return values

    def open(self, response: bytes) -> Answer:
        """Decrypt one answer. Raises BadAnswer, InvalidBytes or QuotaExceeded.

        One bad place spoils a batch: an overflow leaves no slot of its ciphertext as it was.
        """
        terms = self._terms
        limit = self._manifest.response_limit
        ciphertexts = parted("answer", response, len(terms.scatter), limit)
        evaluator = Evaluator(terms.parameters)
        expected = (1, terms.body.response_scale, terms.response_period)
        for ciphertext in ciphertexts:
            got = evaluator.describe_projected(ciphertext)
            if got != expected:
                raise BadAnswer("limbs, scale and period of an answer", expected=expected, got=got)
        self._count()
        slots = np.stack([self._secret.decrypt_projected(one) for one in ciphertexts])
        output = self._read(unwoven(slots, terms.images).swapaxes(0, 1))
        return Answer(output=output if terms.images > 1 else output[0])

    def _count(self) -> None:
        with self._lock:
            if self._opened >= ANSWERS:
                raise QuotaExceeded("answers under this key", expected=ANSWERS, got=ANSWERS + 1)
            self._opened += 1

    def _read(self, slots: Array) -> Array:
        """The outputs (images, *output shape) in slots (images, ciphertexts, period), if copies
        agree and empty slots are empty."""
        body, scatter = self._terms.body, self._terms.scatter
        held = scatter >= 0
        element, found = scatter[held], slots[:, held]
        output = _means(found, element)
        largest = float(np.abs(output).max())
        if not largest <= body.output_range * body.factor:
            expected = f"at most {body.output_range:g}"
            raise BadAnswer("outputs out of range", expected=expected, got=largest / body.factor)
        strays = (found - output[:, element], slots[:, scatter == ZERO])
        stray = max(float(np.abs(some).max(initial=0.0)) for some in strays)
        if not stray <= TOLERANCE * max(1.0, largest):
            raise BadAnswer("slots of an answer disagree", expected="copies", got="an overflow")
        return output.reshape(-1, *body.output_shape) / body.factor

    def close(self) -> None:
        """Destroy the secret key."""
        self._secret.destroy()


def _means(found: Array, element: Index) -> Array:
    """(images, elements): the mean of what was found of each, (images, copies)."""
    order = np.argsort(element, kind="stable")
    counts = np.bincount(element)
    sums: Array = np.add.reduceat(found[:, order], np.cumsum(counts) - counts, axis=1)
    return sums / counts
