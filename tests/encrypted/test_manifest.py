"""A client refuses whatever is insecure, inconsistent or absurd in a manifest."""

import msgspec
import numpy as np
import pytest

from hushwork import _native
from hushwork.encrypted import guarantee
from hushwork.encrypted.manifest import Body
from hushwork.errors import (
    HushworkError,
    InsecureParameters,
    InvalidBytes,
    InvalidParameters,
    MalformedBytes,
    RefusedManifest,
    UnsupportedVersion,
)
from hushwork.guarantee import Manifest


def changed(manifest, **fields):
    """The manifest with other fields in its body."""
    body = msgspec.msgpack.decode(manifest.body, type=Body)
    body = msgspec.structs.replace(body, **fields)
    return msgspec.structs.replace(manifest, body=msgspec.msgpack.encode(body))


def table(manifest, field, slot, value):
    """A table of the body with one entry replaced."""
    entries = np.frombuffer(getattr(body(manifest), field), "<i4").copy()
    entries[slot] = value
    return {field: entries.tobytes()}


def body(manifest):
    return msgspec.msgpack.decode(manifest.body, type=Body)


@pytest.fixture
def manifest(worker):
    return worker.manifest


def refused(manifest, error=RefusedManifest):
    with pytest.raises(error):
        guarantee.client(manifest)


def test_the_worker_s_own_manifest_is_accepted(manifest):
    client = guarantee.client(manifest)
    assert client.manifest == manifest
    assert len(client.hello()) == manifest.hello_limit


def test_a_manifest_is_the_same_every_time(network, manifest):
    assert guarantee.worker(network).manifest.digest == manifest.digest


def test_another_guarantee(manifest):
    refused(msgspec.structs.replace(manifest, guarantee="proved"))


def test_another_version(manifest):
    refused(changed(manifest, version=1), UnsupportedVersion)
    refused(changed(manifest, version=2), UnsupportedVersion)
    refused(changed(manifest, version=3), UnsupportedVersion)
    refused(changed(manifest, version=5), UnsupportedVersion)


@pytest.mark.parametrize("cut", [0, 1, 1000, -1])
def test_a_truncated_body(manifest, cut):
    refused(msgspec.structs.replace(manifest, body=manifest.body[:cut]), MalformedBytes)


def test_names_that_are_no_text(manifest):
    damaged = manifest.body.replace(b"request_scale", b"request_scal\xc4")
    refused(msgspec.structs.replace(manifest, body=damaged), MalformedBytes)
    whole = manifest.to_bytes().replace(b"network_digest", b"network_diges\xc4")
    with pytest.raises(MalformedBytes):
        Manifest.from_bytes(whole)


def test_unknown_fields(manifest):
    fields = msgspec.msgpack.decode(manifest.body, strict=False)
    fields["more"] = 1
    refused(msgspec.structs.replace(manifest, body=msgspec.msgpack.encode(fields)), MalformedBytes)


def test_insecure_parameters(manifest):
    primes = _native.find_primes(10, [50, 36, 36, 36, 50, 50])
    weak = _native.Parameters.insecure(10, primes[:4], primes[4:], [(4, 2, len(primes) - 4)])
    refused(changed(manifest, parameters=weak.to_bytes()), InsecureParameters)


@pytest.mark.parametrize(
    ("log_n", "reason"), [(12, r"got N = 2\^12"), (13, "at most 214 bits of QP, got 274.0")]
)
def test_insecure_parameters_that_pose_as_secure_ones(manifest, log_n, reason):
    primes = _native.find_primes(log_n, [46, 36, 32, 36, 32, 46, 46])
    weak = _native.Parameters.insecure(log_n, primes[:5], primes[5:], [(5, 2, 2)])
    posing = bytearray(weak.to_bytes())
    posing[6] = 0
    with pytest.raises(InsecureParameters, match=reason):
        guarantee.client(changed(manifest, parameters=bytes(posing)))


@pytest.mark.parametrize("bound", [0.0, -1.0, float("nan"), float("inf")])
def test_bounds_that_are_none(manifest, bound):
    refused(msgspec.structs.replace(manifest, bounds={"x": bound}), RefusedManifest)


def test_parameters_that_are_none(manifest):
    refused(changed(manifest, parameters=b"none"), (InvalidBytes, InvalidParameters))


@pytest.mark.parametrize(
    "fields",
    [
        {"request_limbs": 0},
        {"request_limbs": 99},
        {"request_scale": float("nan")},
        {"request_scale": 0.0},
        {"request_scale": 2.0**70},
        {"response_scale": float("inf")},
        {"response_scale": -1.0},
        {"output_shape": ()},
        {"output_shape": (3, 2)},
        {"output_shape": (3, -1, -1)},
        {"output_shape": (4,)},
        {"factor": 0.0},
        {"factor": float("nan")},
        {"output_range": -1.0},
        {"output_range": 1e30},
        {"precision": float("inf")},
        {"rotations": {0: [1]}},
        {"rotations": {-1: [1]}},
        {"rotations": {1 << 20: [1]}},
        {"rotations": {1: [0]}},
        {"rotations": {1: [99]}},
        {"rotations": dict.fromkeys(range(1, 1026), (2,))},
        {"rotations": dict.fromkeys(range(1, 1000), (5,))},
        {"rotations": {1: (2,) * 1025}},
        {"relinearisation": [-1]},
        {"relinearisation": [99]},
        {"request_period": 0},
        {"request_period": -1024},
        {"request_period": 512},
        {"request_period": 1000},
        {"request_period": 2048},
        {"request_period": 1 << 14},
        {"request_period": 1 << 15},
        {"request_period": 1 << 62},
        {"gather": b""},
        {"gather": bytes(10)},
        {"gather": bytes(4 * 1024 * 65)},
        {"gather": bytes(4 * 1024 * 2)},
        {"scatter": b""},
        {"scatter": bytes(10)},
        {"scatter": bytes(4 * 32)},
        {"scatter": b"\xff" * 4 * 32},
        {"scatter": bytes(4 * 32 * 65)},
        {"response_period": 0},
        {"response_period": -32},
        {"response_period": 16},
        {"response_period": 24},
        {"response_period": 64},
        {"response_period": 1 << 14},
        {"response_period": 1 << 15},
        {"response_period": 1 << 62},
    ],
    ids=lambda fields: " ".join(f"{key} {str(value)[:12]}" for key, value in fields.items()),
)
def test_absurd_fields(manifest, fields):
    assert body(manifest).request_period == 1024
    refused(changed(manifest, **fields))


@pytest.mark.parametrize("field", ["gather", "scatter"])
@pytest.mark.parametrize("value", [-3, 1 << 30])
def test_tables_out_of_range(manifest, field, value):
    refused(changed(manifest, **table(manifest, field, 7, value)))


@pytest.mark.parametrize("shape", [(), (0,), (1, 9, 8), (-81, -1, 1), (1 << 40, 1 << 40)])
def test_input_shapes_that_do_not_match(manifest, shape):
    refused(msgspec.structs.replace(manifest, input_shape=shape))


@pytest.mark.parametrize("labels", [(), ("a",), ("a",) * 4])
def test_labels_that_do_not_match(manifest, labels):
    refused(msgspec.structs.replace(manifest, labels=labels))


@pytest.mark.parametrize("field", ["hello_limit", "request_limit", "response_limit"])
def test_size_limits_that_do_not_match(manifest, field):
    lower = getattr(manifest, field) - 1
    refused(msgspec.structs.replace(manifest, **{field: lower}))


def test_no_flipped_bit_breaks_the_client(manifest):
    random = np.random.default_rng(0)
    for place in random.integers(0, len(manifest.body), 60):
        damaged = bytearray(manifest.body)
        damaged[place] ^= 1 << int(random.integers(8))
        try:
            guarantee.client(msgspec.structs.replace(manifest, body=bytes(damaged)))
        except HushworkError:
            continue
