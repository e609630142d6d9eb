"""Bytes of both halves of a network, and what is refused of a stranger's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hushwork.errors import (
    DoesNotFit,
    HushworkError,
    InvalidNetwork,
    MalformedBytes,
    TooLarge,
    UnsupportedVersion,
)
from hushwork.networks.integers import (
    Architecture,
    Fixed,
    IntegerNetwork,
    Maximum,
    Parameters,
    Requantise,
    Sum,
    Weighted,
    Window,
    architecture,
    geometry,
    network,
    run,
)
from tests.networks.integers.random_networks import images, networks

PACK, UNPACK = msgspec.msgpack.encode, msgspec.msgpack.decode
POINT = Window((1, 1))


def small(**changes: Any) -> Architecture:
    """An image 4 x 4 of two channels; a convolution, a maximum, a sum with a table, an output."""
    convolution = Requantise((Weighted(0, Window((3, 3)), 3),), True, 7, False, None)
    pool = Maximum(1, Window((2, 2)))
    table = tuple(range(-128, 128))
    residual = Requantise((Fixed(2, POINT, 5), Fixed(2, POINT, -1)), False, 2, True, table)
    fields: dict[str, Any] = {
        "version": 1,
        "name": "small",
        "shape": (4, 4, 2),
        "low": 0,
        "high": 255,
        "input_scale": 1 / 255,
        "layers": (convolution, pool, residual),
        "output": Sum((Weighted(3, POINT, 2),), True),
        "output_scale": 0.125,
        "labels": ("cat", "dog"),
    }
    return Architecture(**fields | changes)


def whole() -> IntegerNetwork:
    random = np.random.default_rng(0)

    def drawn(*shape: int) -> Parameters:
        weight = random.integers(-128, 128, shape).astype(np.int8)
        return Parameters((weight,), np.arange(shape[3], dtype=np.int32))

    return IntegerNetwork(
        small(), (drawn(3, 3, 2, 3), Parameters(), Parameters(), drawn(1, 1, 3, 2))
    )


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_what_was_encoded_is_decoded(made: IntegerNetwork) -> None:
    halves = made.architecture.to_bytes(), made.parameters_to_bytes()
    read = IntegerNetwork.from_bytes(*halves)
    assert read.architecture == made.architecture
    assert (read.architecture.to_bytes(), read.parameters_to_bytes()) == halves
    x = images(made, 2)
    np.testing.assert_array_equal(run(read, x), run(made, x))


def test_the_schema_is_as_it_is_written_down() -> None:
    fields = UNPACK(small().to_bytes())
    assert fields == [
        1,
        "small",
        [4, 4, 2],
        0,
        255,
        1 / 255,
        [
            [0, [[0, 0, [[3, 3], [1, 1], [0, 0, 0, 0]], 3]], True, 7, False, None],
            [1, 1, [[2, 2], [1, 1], [0, 0, 0, 0]]],
            [
                0,
                [
                    [1, 2, [[1, 1], [1, 1], [0, 0, 0, 0]], 5],
                    [1, 2, [[1, 1], [1, 1], [0, 0, 0, 0]], -1],
                ],
                False,
                2,
                True,
                list(range(-128, 128)),
            ],
        ],
        [[[0, 3, [[1, 1], [1, 1], [0, 0, 0, 0]], 2]], True],
        0.125,
        ["cat", "dog"],
    ]


def test_parameters_lie_layer_by_layer() -> None:
    made = whole()
    parts = UNPACK(made.parameters_to_bytes())
    first, last = made.parameters[0], made.parameters[3]
    assert first.bias is not None
    assert parts[0] == first.weights[0].tobytes()
    assert parts[1] == bytes([0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0])
    assert parts[2] == last.weights[0].tobytes()
    assert len(parts) == 4


def test_every_cut_of_an_architecture_is_refused() -> None:
    data = small().to_bytes()
    for length in range(len(data)):
        with pytest.raises(MalformedBytes):
            Architecture.from_bytes(data[:length])
    with pytest.raises(MalformedBytes):
        Architecture.from_bytes(data + b"\0")


def test_every_cut_of_parameters_is_refused() -> None:
    made = whole()
    public, secret = made.architecture.to_bytes(), made.parameters_to_bytes()
    for length in range(len(secret)):
        with pytest.raises(MalformedBytes):
            IntegerNetwork.from_bytes(public, secret[:length])
    with pytest.raises(MalformedBytes):
        IntegerNetwork.from_bytes(public, secret + b"\0")


def changed(*path: int, to: object) -> bytes:
    """The small architecture with one element replaced."""
    fields = UNPACK(small().to_bytes())
    inner = fields
    for index in path[:-1]:
        inner = inner[index]
    inner[path[-1]] = to
    return PACK(fields)


LAYERS, TERMS, WINDOW = 6, 1, 2


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (changed(0, to=2), UnsupportedVersion),
        (changed(1, to=""), MalformedBytes),
        (changed(1, to="x" * 257), MalformedBytes),
        (changed(1, to="\x1b[31m"), "printable"),
        (changed(2, to=[4, 4, 0]), MalformedBytes),
        (changed(2, to=[4, 4]), MalformedBytes),
        (changed(2, to=[1 << 16, 1 << 16, 2]), TooLarge),
        (changed(3, to=-256), MalformedBytes),
        (changed(4, to=256), MalformedBytes),
        (changed(4, to=0), "low < high"),
        (changed(5, to=0.0), "above 0"),
        (changed(5, to=-1.0), "above 0"),
        (changed(8, to=float("inf")), "above 0"),
        (changed(8, to=float("nan")), "above 0"),
        (changed(8, to=1), MalformedBytes),
        (changed(9, to=["cat"]), "1 labels"),
        (changed(9, to=["cat", "\n"]), "printable"),
        (changed(LAYERS, to=[]), "values before"),
        (changed(LAYERS, 0, 0, to=2), MalformedBytes),
        (changed(LAYERS, 0, TERMS, to=[]), MalformedBytes),
        (changed(LAYERS, 0, TERMS, 0, 1, to=1), "values before"),
        (changed(LAYERS, 0, TERMS, 0, 1, to=3), "values before"),
        (changed(LAYERS, 0, TERMS, 0, 1, to=-1), MalformedBytes),
        (changed(LAYERS, 0, TERMS, 0, 3, to=0), MalformedBytes),
        (changed(LAYERS, 0, TERMS, 0, 3, to=True), MalformedBytes),
        (changed(LAYERS, 0, TERMS, 0, 3, to="3"), MalformedBytes),
        (changed(LAYERS, 0, TERMS, 0, WINDOW, 0, to=[5, 3]), "a kernel within"),
        (changed(LAYERS, 0, TERMS, 0, WINDOW, 0, to=[0, 3]), MalformedBytes),
        (changed(LAYERS, 0, TERMS, 0, WINDOW, 1, to=[1, 0]), MalformedBytes),
        (changed(LAYERS, 0, TERMS, 0, WINDOW, 2, to=[3, 0, 0, 0]), "padding below"),
        (changed(LAYERS, 0, TERMS, 0, WINDOW, 2, to=[0, 0, 0, -1]), MalformedBytes),
        (changed(LAYERS, 0, 2, to=1), MalformedBytes),
        (changed(LAYERS, 0, 3, to=16), MalformedBytes),
        (changed(LAYERS, 0, 3, to=-1), MalformedBytes),
        (changed(LAYERS, 1, 1, to=2), "values before"),
        (changed(LAYERS, 1, 1, to=0), "read by a later layer"),
        (changed(LAYERS, 2, TERMS, 0, 3, to=0), "factor"),
        (changed(LAYERS, 2, TERMS, 0, 3, to=1 << 14), MalformedBytes),
        (changed(LAYERS, 2, TERMS, 0, 1, to=1), "of one shape"),
        (changed(LAYERS, 2, 2, to=True), "bias"),
        (changed(LAYERS, 2, 5, to=[0] * 255), MalformedBytes),
        (changed(LAYERS, 2, 5, to=[0] * 255 + [256]), MalformedBytes),
        (changed(LAYERS, 2, 5, to=[0] * 255 + [-129]), MalformedBytes),
        (changed(LAYERS, 2, 5, to=[-1] * 255 + [128]), "table"),
        (changed(7, 0, 0, 1, to=4), "values before"),
        (changed(7, 0, 0, 1, to=2), "read by a later layer"),
        (changed(7, 0, 0, 3, to=3), "2 labels"),
        (PACK([*UNPACK(small().to_bytes()), 0]), MalformedBytes),
        (PACK(UNPACK(small().to_bytes())[:-1]), MalformedBytes),
        (PACK({"version": 1}), MalformedBytes),
        (b"\x91" * 5000, MalformedBytes),
    ],
)  # fmt: skip
def test_an_architecture_that_is_none_is_refused(data: bytes, error: type[Exception] | str) -> None:
    """A text is part of what an InvalidNetwork says."""
    kind, said = (InvalidNetwork, error) if isinstance(error, str) else (error, None)
    with pytest.raises(kind, match=said) as caught:
        Architecture.from_bytes(data)
    assert caught.value.expected is not None
    assert caught.value.got is not None


def test_an_integer_in_a_longer_form_is_refused() -> None:
    data = small().to_bytes()
    assert data[1] == 1
    for longer in (b"\xcc\x01", b"\xcd\x00\x01"):
        with pytest.raises(MalformedBytes, match="one encoding"):
            Architecture.from_bytes(data[:1] + longer + data[2:])


@pytest.mark.parametrize("default", [[[3, 3]], [[3, 3], [1, 1]]])
def test_a_window_in_a_shorter_form_is_refused(default: list) -> None:
    data = changed(LAYERS, 0, TERMS, 0, WINDOW, to=default)
    with pytest.raises(MalformedBytes, match="one encoding"):
        Architecture.from_bytes(data)


def with_parts(change: Callable[[list[bytes]], object]) -> bytes:
    parts = UNPACK(whole().parameters_to_bytes())
    change(parts)
    return PACK(parts)


def too_large_a_bias(parts: list[bytes]) -> None:
    most = geometry.bias_reach(small().output.terms, small().values)
    parts[3] = np.array([0, most + 1], "<i4").tobytes()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (with_parts(lambda parts: parts.pop()), MalformedBytes),
        (with_parts(lambda parts: parts.append(b"")), MalformedBytes),
        (with_parts(lambda parts: parts.reverse()), MalformedBytes),
        (with_parts(lambda parts: parts.insert(0, parts[0][1:])), MalformedBytes),
        (with_parts(too_large_a_bias), InvalidNetwork),
        (PACK(["x"]), MalformedBytes),
        (PACK(None), MalformedBytes),
    ],
)
def test_parameters_that_do_not_fit_are_refused(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        IntegerNetwork.from_bytes(small().to_bytes(), data)


def test_the_largest_bias_is_read() -> None:
    most = geometry.bias_reach(small().output.terms, small().values)

    def change(parts: list[bytes]) -> None:
        parts[3] = np.array([-most, most], "<i4").tobytes()

    read = IntegerNetwork.from_bytes(small().to_bytes(), with_parts(change))
    np.testing.assert_array_equal(read.parameters[3].bias, [-most, most])


def test_a_byte_string_in_a_longer_form_is_refused() -> None:
    data = whole().parameters_to_bytes()
    assert data[1:3] == b"\xc4\x36"
    with pytest.raises(MalformedBytes, match="one encoding"):
        IntegerNetwork.from_bytes(small().to_bytes(), data[:1] + b"\xc5\x00\x36" + data[3:])


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    public, secret = small().to_bytes(), whole().parameters_to_bytes()
    for module, limit in (
        (architecture, "ARCHITECTURE_LIMIT"),
        (network, "PARAMETERS_LIMIT"),
        (geometry, "ELEMENTS"),
        (geometry, "WEIGHTS"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, limit, 10)
            with pytest.raises(TooLarge):
                IntegerNetwork.from_bytes(public, secret)


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": (1, 1, (1 << 16) + 1)},
        {"layers": (Maximum(0, Window((1, 1), (1, (1 << 16) + 1))),)},
        {"layers": (Maximum(0, Window(((1 << 16) + 1, 1))),)},
        {"layers": tuple(Maximum(number, POINT) for number in range(4097))},
    ],
)
def test_what_could_not_be_read_back_is_not_constructed(changes: dict[str, Any]) -> None:
    with pytest.raises(TooLarge):
        small(**changes)


def dense(features: int) -> Architecture:
    layer = Requantise((Weighted(0, POINT, 2),), True, 0, True, None)
    output = Sum((Weighted(1, POINT, 2),), True)
    return small(shape=(1, 1, features), layers=(layer,), output=output)


def test_no_accumulator_may_overflow() -> None:
    """128 * 255 * 8223 and a bias of 2^28 are just below 2^29 - 2^15."""
    largest = dense(8223)
    assert geometry.acc_reach("", largest.layers[0], largest.values) == 536_834_176
    with pytest.raises(DoesNotFit, match="layer 0") as caught:
        dense(8224)
    assert caught.value.expected == "sums of a magnitude below 536838144"


def test_bounds_of_sums() -> None:
    values = small().values
    first, _, residual = small().layers
    assert geometry.terms_reach(first.terms, values) == 128 * 255 * 9 * 2
    assert geometry.bias_reach(first.terms, values) == 1 << 20
    assert geometry.terms_reach(residual.terms, values) == 6 * 255
    assert geometry.bias_reach(residual.terms, values) == 0
    assert geometry.terms_reach(small().output.terms, values) == 128 * 128 * 3


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_bytes_give_typed_errors(data: st.DataObject) -> None:
    halves = [bytearray(small().to_bytes()), bytearray(whole().parameters_to_bytes())]
    half = data.draw(st.sampled_from(halves))
    for _ in range(data.draw(st.integers(1, 3))):
        half[data.draw(st.integers(0, len(half) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(HushworkError):
        made = IntegerNetwork.from_bytes(*map(bytes, halves))
        assert made.architecture.to_bytes() == bytes(halves[0])
        run(made, images(made, 1))
