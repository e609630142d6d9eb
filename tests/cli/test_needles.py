"""The search finds what is planted, wherever it lies, and nothing in noise."""

from __future__ import annotations

import numpy as np
import pytest

from hushwork import _native
from tests.cli.needles import (
    PIECE,
    Needle,
    Search,
    first_evaluations,
    image_needles,
    pack,
    recover,
    secret_needles,
)

GENERATOR = np.random.default_rng(7)
IMAGE = GENERATOR.integers(0, 256, (28, 28), dtype=np.uint8)
SECRET = GENERATOR.integers(-1, 2, 1 << 10)
PRIMES = [12289, 1073692673]


@pytest.fixture(scope="module")
def noise() -> bytes:
    return GENERATOR.bytes(3 * PIECE)


def plant(noise: bytes, needle: Needle, at: int) -> bytes:
    return noise[:at] + needle.data + noise[at + len(needle.data) :]


@pytest.mark.parametrize("kind", ["image", "secret"])
def test_every_needle_is_found_where_it_is_planted(noise: bytes, kind: str) -> None:
    needles = image_needles(IMAGE) if kind == "image" else secret_needles(SECRET, PRIMES)
    assert len(needles) > 500
    search = Search(needles)
    spaced = b"".join(noise[index : index + 3] + n.data for index, n in enumerate(needles))
    assert search.find(spaced) == {needle.name for needle in needles}


def test_noise_holds_nothing(noise: bytes) -> None:
    search = Search(image_needles(IMAGE) + secret_needles(SECRET, PRIMES))
    assert search.find(noise) == set()


def test_a_needle_across_two_pieces_is_found(noise: bytes) -> None:
    needle = image_needles(IMAGE)[0]
    search = Search([needle])
    for at in (0, PIECE - 5, 2 * PIECE - len(needle.data), len(noise) - len(needle.data)):
        assert search.find(plant(noise, needle, at)) == {needle.name}


def test_one_wrong_byte_is_no_find(noise: bytes) -> None:
    needle = image_needles(IMAGE)[0]
    planted = bytearray(plant(noise, needle, 1000))
    planted[1000 + len(needle.data) - 1] ^= 1
    assert Search([needle]).find(planted) == set()


def test_packing_puts_low_bits_first() -> None:
    assert pack([1, 2, 3, 0], 4) == bytes([0b00111001])


def test_evaluations_are_those_of_the_ring() -> None:
    x = pow(next(b for b in range(2, 99) if pow(b, 6144, 12289) == 12288), 12288 // 32, 12289)
    small = np.array([1, 0, -1, 1, 0, 0, 0, 0])
    inverse = pow(x, -1, 12289)
    by_hand = (1 - (x**2 + inverse**2) + x**3 + inverse**3) % 12289
    assert first_evaluations(small, 12289, 1) == [by_hand]


def test_a_key_is_recovered_from_what_zero_and_one_decrypt_to() -> None:
    low, special = _native.find_primes(10, [27, 36])
    parameters = _native.Parameters.insecure(10, [low], [special], [(1, 1, 1)])
    key = _native.SecretKey.insecure_from_seed(parameters, bytes(32))
    secret = recover(key, parameters)
    message = np.zeros(parameters.slots)
    noise = key.decrypt_coefficients(key.encrypt_coefficients(message, 1.0))
    assert len(secret) == 1024
    assert abs(noise).max() < 30
    assert 250 < np.count_nonzero(secret == 1) < 430
