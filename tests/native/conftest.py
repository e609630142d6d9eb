from __future__ import annotations

import pytest

from hushwork import _native as native
from tests.native.helpers import LOG_N, SEED, small_parameters


@pytest.fixture(scope="session")
def parameters() -> native.Parameters:
    return small_parameters(LOG_N)


@pytest.fixture(scope="session")
def secret(parameters: native.Parameters) -> native.SecretKey:
    return native.SecretKey.insecure_from_seed(parameters, SEED)


@pytest.fixture(scope="session")
def key_bytes(secret: native.SecretKey) -> bytes:
    return secret.evaluation_keys({1: [4], 5: [4], 16: [3]}, relinearisation=[4])


@pytest.fixture(scope="session")
def keys(parameters: native.Parameters, key_bytes: bytes) -> native.EvaluationKeys:
    return native.EvaluationKeys.from_bytes(parameters, key_bytes)


@pytest.fixture(scope="session")
def evaluator(parameters: native.Parameters, keys: native.EvaluationKeys) -> native.Evaluator:
    return native.Evaluator(parameters, keys)
