"""The formats are what they were: files of an earlier day are read and written the same.

Where one of these fails, a format, the expansion of a seed or the order of a transform has
changed, and stored keys and ciphertexts are lost.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from hushwork import _native
from tests.reference import ckks, wire
from tests.reference.subject import recover_secret
from tests.reference.vectors import make


def load(name: str) -> bytes:
    return (make.FOLDER / name).read_bytes()


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(load("facts.json"))
    return found


@pytest.fixture(scope="module")
def parameters() -> _native.Parameters:
    return make.toy_parameters()


@pytest.fixture(scope="module")
def key(parameters: _native.Parameters) -> _native.SecretKey:
    return _native.SecretKey.insecure_from_seed(parameters, make.SEED)


@pytest.fixture(scope="module")
def evaluator(parameters: _native.Parameters) -> _native.Evaluator:
    keys = _native.EvaluationKeys.from_bytes(parameters, load("evaluation_keys.bin"))
    assert keys.rotations == {1: [3, 1], 5: [2]}
    assert keys.relinearisation == [3, 2]
    return _native.Evaluator(parameters, keys)


def test_parameters() -> None:
    secure = make.secure_parameters()
    assert secure.to_bytes() == load("parameters.bin")
    assert _native.Parameters.from_bytes(load("parameters.bin")) == secure
    assert make.toy_parameters().to_bytes() == load("insecure_parameters.bin")


def test_seeded_secret(
    parameters: _native.Parameters, key: _native.SecretKey, facts: dict[str, Any]
) -> None:
    assert recover_secret(parameters, key) == facts["secret"]


def test_ciphertexts(
    parameters: _native.Parameters, evaluator: _native.Evaluator, facts: dict[str, Any]
) -> None:
    seeded, whole = load("seeded_ciphertext.bin"), load("ciphertext.bin")
    assert evaluator.add_plain(seeded, np.zeros(1)) == whole
    parsed = wire.parse(parameters, whole)
    assert wire.write(parameters, parsed) == whole
    decoded = ckks.decode(parsed.decrypt(facts["secret"]), make.SCALE)
    assert decoded == pytest.approx(facts["values"], abs=1e-8)


def test_a_projected_ciphertext(
    parameters: _native.Parameters,
    key: _native.SecretKey,
    evaluator: _native.Evaluator,
    facts: dict[str, Any],
) -> None:
    projected = load("projected_ciphertext.bin")
    assert evaluator.project(load("seeded_ciphertext.bin"), make.PERIOD) == projected
    parsed = wire.parse_projected(parameters, projected)
    assert wire.write_projected(parameters, parsed) == projected
    means = np.reshape(facts["values"], (-1, make.PERIOD)).mean(axis=0)
    decoded = ckks.decode(parsed.decrypt(facts["secret"]), make.SCALE)
    assert decoded == pytest.approx(means, abs=1e-8)
    assert key.decrypt_projected(projected) == pytest.approx(means, abs=1e-8)


def test_a_fresh_projected_ciphertext(
    parameters: _native.Parameters, key: _native.SecretKey, facts: dict[str, Any]
) -> None:
    fresh, values = load("fresh_projected_ciphertext.bin"), facts["values"][: make.PERIOD]
    parsed = wire.parse_projected(parameters, fresh)
    decoded = ckks.decode(parsed.decrypt(facts["secret"]), make.SCALE)
    assert decoded == pytest.approx(values, abs=1e-8)
    assert key.decrypt_projected(fresh) == pytest.approx(values, abs=1e-8)


def test_keys(
    parameters: _native.Parameters,
    key: _native.SecretKey,
    evaluator: _native.Evaluator,
    facts: dict[str, Any],
) -> None:
    public = _native.PublicKey.from_bytes(parameters, load("public_key.bin"))
    assert public.to_bytes() == load("public_key.bin")
    values = np.array(facts["values"])
    data = public.encrypt(values, make.SCALE)
    shallow = evaluator.drop(data, 2)
    assert key.decrypt(evaluator.rotate(data, 1)) == pytest.approx(np.roll(values, -1), abs=1e-7)
    assert key.decrypt(evaluator.rotate(shallow, 5)) == pytest.approx(np.roll(values, -5), abs=1e-7)
    lowest = evaluator.drop(data, 1)
    assert key.decrypt(evaluator.rotate(lowest, 1)) == pytest.approx(np.roll(values, -1), abs=1e-7)
    assert key.decrypt(evaluator.multiply(data, data)) == pytest.approx(values**2, abs=1e-7)
