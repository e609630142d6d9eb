"""The reference of tests/reference and Lattigo read each other's ciphertexts."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.interop.oracle import Lattigo, Message
from tests.reference import ckks, ring

LOG_N, SCALE = 6, 2.0**40
MODULI = ring.primes(1 << LOG_N, 50, 3)


@pytest.fixture(scope="module")
def rng() -> Random:
    return Random(1)


@pytest.fixture(scope="module")
def peer(lattigo: Path, rng: Random) -> Lattigo:
    return Lattigo(lattigo, LOG_N, MODULI, [rng.choice((-1, 0, 1)) for _ in range(1 << LOG_N)])


def test_lattigo_reads_the_reference(peer: Lattigo, rng: Random) -> None:
    values = [rng.uniform(-1, 1) for _ in range(1 << LOG_N)]
    message = [round(x) for x in ckks.encode(values, SCALE, 1 << LOG_N)]
    ciphertext = ckks.encrypt(message, SCALE, peer.secret, MODULI, rng)
    assert peer.decrypt([ciphertext])[0] == pytest.approx(values, abs=1e-9)


def test_the_reference_reads_lattigo(peer: Lattigo, rng: Random) -> None:
    values = [rng.uniform(-1, 1) for _ in range(1 << LOG_N)]
    (ciphertext,) = peer.encrypt([Message(values, SCALE, 2)])
    decoded = ckks.decode(ciphertext.decrypt(peer.secret), SCALE)
    assert decoded == pytest.approx(values, abs=1e-9)


def test_another_key_reads_nothing(peer: Lattigo) -> None:
    (ciphertext,) = peer.encrypt([Message([0.5] * (1 << LOG_N), SCALE, 2)])
    wrong = [-x for x in peer.secret]
    assert max(map(abs, ckks.decode(ciphertext.decrypt(wrong), SCALE))) > 1e3
