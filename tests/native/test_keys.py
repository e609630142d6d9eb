from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest

from hushwork import _native as native
from hushwork.errors import MissingKey, ParameterMismatch
from tests.native.helpers import LOG_N, SCALE, SEED, small_parameters, vector

N = 1 << LOG_N


@pytest.mark.parametrize("period", [1, 8, N])
def test_slots_survive_encryption(secret: native.SecretKey, period: int) -> None:
    values = vector(period)
    opened = secret.decrypt(secret.encrypt(values, SCALE))
    assert opened.dtype == np.float64
    np.testing.assert_allclose(opened, np.tile(values, N // period), atol=1e-6)


def test_coefficients_survive_encryption(secret: native.SecretKey) -> None:
    values = vector(N)
    opened = secret.decrypt_coefficients(secret.encrypt_coefficients(values, SCALE, 2))
    np.testing.assert_allclose(opened, values, atol=1e-6)


@pytest.mark.parametrize("period", [1, 8, N])
def test_one_period_survives_projection(
    parameters: native.Parameters, secret: native.SecretKey, period: int
) -> None:
    evaluator = native.Evaluator(parameters)
    projected = evaluator.project(secret.encrypt(vector(period), SCALE, 2), period)
    assert evaluator.describe_projected(projected) == (2, SCALE, period)
    assert len(projected) == native.projected_bytes(parameters, 2, period, seeded=False)
    np.testing.assert_allclose(secret.decrypt_projected(projected), vector(period), atol=1e-6)


@pytest.mark.parametrize("period", [1, 8, N])
def test_a_fresh_projected_ciphertext_carries_a_seed(
    parameters: native.Parameters, secret: native.SecretKey, period: int
) -> None:
    sealed = secret.encrypt_projected(vector(period), SCALE, 2)
    assert native.Evaluator(parameters).describe_projected(sealed) == (2, SCALE, period)
    assert len(sealed) == native.projected_bytes(parameters, 2, period, seeded=True)
    assert sealed != secret.encrypt_projected(vector(period), SCALE, 2)
    np.testing.assert_allclose(secret.decrypt_projected(sealed), vector(period), atol=1e-6)


@pytest.mark.parametrize("period", [0, 3, 24, 2 * N, 1 << 40])
def test_a_period_that_is_none_is_misuse(
    parameters: native.Parameters, secret: native.SecretKey, period: int
) -> None:
    sealed = secret.encrypt(vector(1), SCALE)
    with pytest.raises(ValueError, match="power of two"):
        native.Evaluator(parameters).project(sealed, period)
    with pytest.raises(ValueError, match="power of two"):
        native.projected_bytes(parameters, 1, period, seeded=True)
    with pytest.raises(ValueError, match="power of two"):
        native.Program(parameters, [(2, SCALE)], [], [0], period)


def test_strided_arrays_are_read_as_they_look(secret: native.SecretKey) -> None:
    values = vector(2 * N)[::-2]
    np.testing.assert_allclose(secret.decrypt(secret.encrypt(values, SCALE)), values, atol=1e-6)


def test_the_public_key_encrypts_for_the_secret_one(
    parameters: native.Parameters, secret: native.SecretKey
) -> None:
    public = native.PublicKey.from_bytes(parameters, secret.public_key().to_bytes())
    values = vector(N)
    np.testing.assert_allclose(secret.decrypt(public.encrypt(values, SCALE, 3)), values, atol=1e-6)


def test_two_encryptions_differ(secret: native.SecretKey) -> None:
    assert secret.encrypt(vector(N), SCALE) != secret.encrypt(vector(N), SCALE)


def test_fresh_secrets_differ_and_seeded_ones_agree(
    parameters: native.Parameters, secret: native.SecretKey
) -> None:
    sealed = secret.encrypt(vector(N), SCALE)
    again = native.SecretKey.insecure_from_seed(parameters, SEED)
    np.testing.assert_array_equal(again.decrypt(sealed), secret.decrypt(sealed))
    stranger = native.SecretKey(parameters)
    assert np.abs(stranger.decrypt(sealed) - vector(N)).max() > 1


def test_seeded_secrets_are_refused_under_secure_parameters() -> None:
    primes = native.find_primes(13, [40, 47])
    secure = native.Parameters(13, primes[:1], primes[1:], [(1, 1, len(primes) - 1)])
    with pytest.raises(ValueError, match="expected"):
        native.SecretKey.insecure_from_seed(secure, SEED)


def test_a_seed_has_32_bytes(parameters: native.Parameters) -> None:
    with pytest.raises(ValueError, match="32"):
        native.SecretKey.insecure_from_seed(parameters, b"short")


def test_sizes_are_known_before(
    parameters: native.Parameters, secret: native.SecretKey, key_bytes: bytes
) -> None:
    sealed = secret.encrypt(vector(N), SCALE, 3)
    assert native.ciphertext_bytes(parameters, 3, seeded=True) == len(sealed)
    computed = native.Evaluator(parameters).add(sealed, sealed)
    assert native.ciphertext_bytes(parameters, 3, seeded=False) == len(computed)
    rotations = {1: [4], 5: [4], 16: [3]}
    assert native.evaluation_keys_bytes(parameters, rotations, [4]) == len(key_bytes)
    for limbs in (0, 5):
        with pytest.raises(ValueError, match="limbs"):
            native.ciphertext_bytes(parameters, limbs, seeded=True)
        with pytest.raises(ValueError, match="depth"):
            native.evaluation_keys_bytes(parameters, {1: [limbs]})
    for step in (0, N):
        with pytest.raises(ValueError, match="step"):
            native.evaluation_keys_bytes(parameters, {step: [1]})


def test_keys_say_what_they_hold(
    parameters: native.Parameters, secret: native.SecretKey, keys: native.EvaluationKeys
) -> None:
    assert (keys.rotations, keys.relinearisation) == ({1: [4], 5: [4], 16: [3]}, [4])
    made = secret.evaluation_keys({-1: [2], N - 1: [3, 1]})
    assert native.EvaluationKeys.from_bytes(parameters, made).rotations == {N - 1: [3]}


def test_keys_are_read_from_any_buffer(parameters: native.Parameters, key_bytes: bytes) -> None:
    around = b"x" + key_bytes + b"y"
    writable = bytearray(key_bytes)
    buffers = [
        memoryview(around)[1:-1],
        memoryview(around[::-1])[-2:0:-1],
        memoryview(writable),
        memoryview(writable).toreadonly(),
        writable,
    ]
    for buffer in buffers:
        keys = native.EvaluationKeys.from_bytes(parameters, buffer)
        assert keys.relinearisation == [4]
    with pytest.raises(TypeError):
        native.EvaluationKeys.from_bytes(parameters, "keys")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rotations", "deep"),
    [({1: [5]}, []), ({1: [0]}, []), ({0: [1]}, []), ({}, [5]), ({}, [0])],
)
def test_keys_that_cannot_be_made(
    secret: native.SecretKey, rotations: dict[int, list[int]], deep: list[int]
) -> None:
    with pytest.raises(ValueError, match="expected"):
        secret.evaluation_keys(rotations, deep)


@pytest.mark.parametrize(
    ("values", "scale", "limbs"),
    [
        (vector(3), SCALE, None),
        (vector(2 * N), SCALE, None),
        (vector(0), SCALE, None),
        (np.array([np.nan]), SCALE, None),
        (np.array([np.inf]), SCALE, None),
        (vector(N), 0.0, None),
        (vector(N), np.nan, None),
        (vector(N), 2.0**80, None),
        (vector(N), SCALE, 0),
        (vector(N), SCALE, 5),
    ],
)
def test_values_that_cannot_be_encrypted(
    secret: native.SecretKey, values: native.Array, scale: float, limbs: int | None
) -> None:
    for encrypt in (secret.encrypt, secret.encrypt_coefficients, secret.public_key().encrypt):
        with pytest.raises(ValueError, match="expected"):
            encrypt(values, scale, limbs)


def test_arrays_of_another_type_are_refused(secret: native.SecretKey) -> None:
    for values in (vector(N).astype(np.float32), vector(N).reshape(8, 8), [1.0]):
        with pytest.raises(TypeError):
            secret.encrypt(values, SCALE)  # type: ignore[arg-type]


def test_a_destroyed_secret_does_nothing(parameters: native.Parameters) -> None:
    secret = native.SecretKey(parameters)
    sealed = secret.encrypt(vector(N), SCALE)
    secret.destroy()
    secret.destroy()
    uses = [
        lambda: secret.encrypt(vector(N), SCALE),
        lambda: secret.decrypt(sealed),
        lambda: secret.decrypt_coefficients(sealed),
        secret.public_key,
        lambda: secret.evaluation_keys({1: [1]}),
    ]
    for use in uses:
        with pytest.raises(ValueError, match="destroyed"):
            use()


def test_evaluation(secret: native.SecretKey, evaluator: native.Evaluator) -> None:
    a, b = vector(N, 1), vector(N, 2)
    x, y = secret.encrypt(a, SCALE), secret.encrypt(b, SCALE)
    plain = vector(8, 3)
    tiled = np.tile(plain, N // 8)
    expected = {
        evaluator.add(x, y): a + b,
        evaluator.subtract(x, y): a - b,
        evaluator.add_plain(x, plain): a + tiled,
        evaluator.rescale(evaluator.multiply_plain(x, plain, SCALE)): a * tiled,
        evaluator.rescale(evaluator.multiply(x, y)): a * b,
        evaluator.rotate(x, 5): np.roll(a, -5),
        evaluator.rotate(x, 1 - N): np.roll(a, -1),
        evaluator.rotate(x, 0): a,
        evaluator.drop(x, 1): a,
    }
    for ciphertext, values in expected.items():
        np.testing.assert_allclose(secret.decrypt(ciphertext), values, atol=1e-6)


def test_limbs_and_scale_follow_the_operations(
    parameters: native.Parameters, secret: native.SecretKey, evaluator: native.Evaluator
) -> None:
    x = secret.encrypt(vector(N), SCALE)
    assert evaluator.describe(x) == (4, SCALE)
    product = evaluator.multiply(x, x)
    assert evaluator.describe(product) == (4, SCALE**2)
    limbs, scale = evaluator.describe(evaluator.rescale(product))
    assert limbs == 3
    assert scale == pytest.approx(SCALE**2 / parameters.moduli[3])
    assert evaluator.describe(evaluator.drop(x, 2)) == (2, SCALE)


def test_missing_keys_are_named(
    parameters: native.Parameters, secret: native.SecretKey, evaluator: native.Evaluator
) -> None:
    x = secret.encrypt(vector(N), SCALE)
    with pytest.raises(MissingKey, match="2"):
        evaluator.rotate(x, 2)
    with pytest.raises(MissingKey):
        evaluator.rotate(x, 16)
    np.testing.assert_allclose(
        secret.decrypt(evaluator.rotate(evaluator.drop(x, 3), 16)),
        np.roll(vector(N), -16),
        atol=1e-6,
    )
    bare = native.Evaluator(parameters)
    for use in (lambda: bare.rotate(x, 1), lambda: bare.multiply(x, x)):
        with pytest.raises(MissingKey):
            use()


def test_operands_that_do_not_fit_are_a_bug(
    secret: native.SecretKey, evaluator: native.Evaluator
) -> None:
    x = secret.encrypt(vector(N), SCALE)
    low = evaluator.drop(x, 2)
    bottom = evaluator.drop(x, 1)
    uses = [
        lambda: evaluator.add(x, low),
        lambda: evaluator.multiply(x, low),
        lambda: evaluator.add(x, secret.encrypt(vector(N), SCALE * 2)),
        lambda: evaluator.drop(low, 3),
        lambda: evaluator.drop(low, 0),
        lambda: evaluator.rescale(bottom),
        lambda: evaluator.add_plain(x, vector(7)),
    ]
    for use in uses:
        with pytest.raises(ValueError, match="expected"):
            use()


def test_other_parameters_are_a_mismatch(
    keys: native.EvaluationKeys, secret: native.SecretKey
) -> None:
    other = small_parameters(LOG_N, (50, 36, 36))
    with pytest.raises(ParameterMismatch):
        native.Evaluator(other, keys)
    with pytest.raises(ParameterMismatch):
        native.SecretKey(other).decrypt(secret.encrypt(vector(N), SCALE))
    with pytest.raises(ParameterMismatch):
        native.PublicKey.from_bytes(other, secret.public_key().to_bytes())


def test_integers_out_of_range_are_value_errors(
    parameters: native.Parameters, secret: native.SecretKey, evaluator: native.Evaluator
) -> None:
    x = secret.encrypt(vector(N), SCALE)
    uses = [
        lambda: native.find_primes(-1, [30]),
        lambda: native.Parameters.insecure(LOG_N, [2**70], parameters.special, [(1, 1, 2)]),
        lambda: secret.encrypt(vector(N), SCALE, -1),
        lambda: secret.evaluation_keys({1: [-1]}),
        lambda: secret.evaluation_keys({2**70: [1]}),
        lambda: evaluator.rotate(x, 2**70),
        lambda: evaluator.drop(x, -1),
    ]
    for use in uses:
        with pytest.raises(ValueError, match="int"):
            use()


def test_any_mapping_of_rotations_will_do(
    parameters: native.Parameters, secret: native.SecretKey
) -> None:
    made = secret.evaluation_keys(MappingProxyType({3: (2,)}))
    assert native.EvaluationKeys.from_bytes(parameters, made).rotations == {3: [2]}
    with pytest.raises(TypeError):
        secret.evaluation_keys([(3, [2])])  # type: ignore[arg-type]
