"""Strangers' bytes: whatever they are, a typed error or a value, never a crash."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hushwork import _native as native
from hushwork.errors import (
    HushworkError,
    InvalidBytes,
    InvalidParameters,
    ParameterMismatch,
    UnsupportedVersion,
)
from tests.native.helpers import LOG_N, SCALE, SEED, small_parameters, vector

PARAMETERS = small_parameters(LOG_N)
SECRET = native.SecretKey.insecure_from_seed(PARAMETERS, SEED)
SEALED = SECRET.encrypt(vector(1 << LOG_N), SCALE, 2)
EVALUATOR = native.Evaluator(PARAMETERS)
PRIMES = native.find_primes(13, [40, 47])

VERSION_OFFSET = 5

Read = Callable[[bytes], object]

FORMATS: dict[str, tuple[bytes, Read]] = {
    "seeded ciphertext": (SEALED, EVALUATOR.describe),
    "computed ciphertext": (EVALUATOR.add(SEALED, SEALED), EVALUATOR.describe),
    "projected": (EVALUATOR.project(SEALED, 8), EVALUATOR.describe_projected),
    "fresh projected": (
        SECRET.encrypt_projected(vector(8), SCALE, 2),
        EVALUATOR.describe_projected,
    ),
    "public key": (
        SECRET.public_key().to_bytes(),
        lambda data: native.PublicKey.from_bytes(PARAMETERS, data),
    ),
    "evaluation keys": (
        SECRET.evaluation_keys({1: [2], 9: [1]}, [2]),
        lambda data: native.EvaluationKeys.from_bytes(PARAMETERS, data),
    ),
    "parameters": (
        native.Parameters(13, PRIMES[:1], PRIMES[1:], [(1, 1, len(PRIMES) - 1)]).to_bytes(),
        native.Parameters.from_bytes,
    ),
}

formats = pytest.mark.parametrize("name", FORMATS)


@formats
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_truncated(name: str, data: st.DataObject) -> None:
    good, read = FORMATS[name]
    with pytest.raises(InvalidBytes) as caught:
        read(good[: data.draw(st.integers(0, len(good) - 1))])
    assert caught.value.expected is not None
    assert caught.value.got is not None


@formats
def test_trailing_bytes(name: str) -> None:
    good, read = FORMATS[name]
    for extra in (b"\0", b"\xff" * 1000, good):
        with pytest.raises(InvalidBytes):
            read(good + extra)


@formats
@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_flipped_bits(name: str, data: st.DataObject) -> None:
    good, read = FORMATS[name]
    place = data.draw(
        st.integers(0, 8 * min(len(good), 120) - 1) | st.integers(0, 8 * len(good) - 1)
    )
    bad = bytearray(good)
    bad[place // 8] ^= 1 << place % 8
    try:
        read(bytes(bad))
    except HushworkError as error:
        assert isinstance(error, InvalidBytes | InvalidParameters)  # noqa: PT017


@formats
@settings(deadline=None, max_examples=100)
@given(noise=st.binary(max_size=400))
def test_noise(name: str, noise: bytes) -> None:
    with pytest.raises(InvalidBytes):
        FORMATS[name][1](noise)


@formats
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_noise_after_a_good_start(name: str, data: st.DataObject) -> None:
    good, read = FORMATS[name]
    start = data.draw(st.integers(0, min(len(good), 120)))
    noise = data.draw(st.binary(min_size=1, max_size=100))
    try:
        read(good[:start] + noise)
    except HushworkError as error:
        assert isinstance(error, InvalidBytes | InvalidParameters)  # noqa: PT017


@formats
def test_another_format_is_not_mistaken(name: str) -> None:
    read = FORMATS[name][1]
    for other, (data, _) in FORMATS.items():
        if other.split()[-1] != name.rsplit(maxsplit=1)[-1]:
            with pytest.raises(InvalidBytes):
                read(data)


@formats
def test_the_next_version(name: str) -> None:
    good, read = FORMATS[name]
    bad = bytearray(good)
    bad[VERSION_OFFSET] += 1
    with pytest.raises(UnsupportedVersion) as caught:
        read(bytes(bad))
    assert caught.value.code == "unsupported_version"


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "parameters"])
def test_other_parameters(name: str) -> None:
    other = small_parameters(LOG_N, (50, 36, 36, 35))
    readers: dict[str, Read] = {
        "ciphertext": native.Evaluator(other).describe,
        "projected": native.Evaluator(other).describe_projected,
        "key": lambda data: native.PublicKey.from_bytes(other, data),
        "keys": lambda data: native.EvaluationKeys.from_bytes(other, data),
    }
    with pytest.raises(ParameterMismatch):
        readers[name.rsplit(maxsplit=1)[-1]](FORMATS[name][0])
