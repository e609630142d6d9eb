"""Any ONNX file as a function of named tensors."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from hushwork.errors import InvalidInput, InvalidNetwork, TooLarge, UnsupportedOperator
from hushwork.networks import PlainRun, open_network, sample, zoo
from hushwork.networks.data import to_input
from hushwork.networks.models import OnnxModel, Tensor, open_model, tensors
from tests.networks.open_models.making import FLOAT, INT64, encoded, two_by_two, written

A = np.arange(6, dtype=np.float32).reshape(2, 3)
COUNT = np.array(4)


@pytest.fixture
def model(tmp_path: Path) -> OnnxModel:
    return OnnxModel(written(tmp_path / "sums.onnx", two_by_two()), threads=1)


def test_inputs_and_outputs_are_described(model: OnnxModel) -> None:
    assert model.inputs == (
        Tensor("a", np.dtype(np.float32), (None, 3)),
        Tensor("count", np.dtype(np.int64), ()),
    )
    assert [(entry.name, entry.shape) for entry in model.outputs] == [
        ("total", (None, 3)),
        ("first", (3,)),
    ]
    assert (model.kind, model.name, model.labels) == ("tensors", "sums", ())


def test_all_outputs_are_computed(model: OnnxModel) -> None:
    found = model.run({"a": A, "count": COUNT})
    np.testing.assert_array_equal(found["total"], 2 * A + 4)
    np.testing.assert_array_equal(found["first"], A[0])


def test_the_digest_of_a_file_is_its_own(model: OnnxModel, tmp_path: Path) -> None:
    data = (tmp_path / "sums.onnx").read_bytes()
    assert model.digest == hashlib.sha256(data).hexdigest() == model.files["sums.onnx"]


@pytest.mark.parametrize(
    "feeds",
    [
        {"a": A},
        {"a": A, "count": COUNT, "more": COUNT},
        {"a": A.astype(np.float64), "count": COUNT},
        {"a": A.astype(">f4"), "count": COUNT},
        {"a": A[0], "count": COUNT},
        {"a": A[:, :2], "count": COUNT},
        {"a": A[None], "count": COUNT},
        {"a": A, "count": COUNT[None]},
        {"a": A.tolist(), "count": COUNT},
        {"a": A[:0], "count": COUNT},
    ],
)
def test_other_inputs_are_refused(model: OnnxModel, feeds: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        model.run(feeds)


def test_too_many_elements_are_refused(model: OnnxModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensors, "ELEMENT_LIMIT", 7)
    model.run({"a": A, "count": COUNT})
    with pytest.raises(TooLarge):
        model.run({"a": np.concatenate([A, A]), "count": COUNT})


def test_threads_may_share_a_model(model: OnnxModel) -> None:
    def total(count: int) -> float:
        return float(model.run({"a": A, "count": np.array(count)})["total"][0, 0])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(total, range(200))) == list(range(200))


@pytest.mark.parametrize(
    "kind", ["FLOAT16", "DOUBLE", "INT8", "UINT8", "INT16", "INT32", "UINT32", "UINT64", "BOOL"]
)
def test_numbers_of_every_kind(kind: str, tmp_path: Path) -> None:
    number = TensorProto.DataType.Value(kind)
    node = helper.make_node("Identity", ["x"], ["y"])
    made = encoded([node], [("x", number, None)], [("y", number, None)])
    model = OnnxModel(written(tmp_path / "same.onnx", made))
    assert model.inputs[0].shape is None
    x = np.ones((2, 1, 3), model.inputs[0].dtype)
    np.testing.assert_array_equal(model.run({"x": x})["y"], x)


@pytest.mark.parametrize("kind", [TensorProto.STRING, TensorProto.BFLOAT16])
def test_what_is_no_number_is_refused(kind: int, tmp_path: Path) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    made = encoded([node], [("x", kind, (1,))], [("y", kind, (1,))])
    with pytest.raises(UnsupportedOperator, match="tensor of numbers"):
        OnnxModel(written(tmp_path / "words.onnx", made))


def test_name_and_labels_come_from_the_file(tmp_path: Path) -> None:
    said = {"hushwork.name": "sums of sums", "hushwork.labels": '["x", "y", "z"]'}
    model = OnnxModel(written(tmp_path / "file.onnx", two_by_two(**said)))
    assert (model.name, model.labels) == ("sums of sums", ("x", "y", "z"))


@pytest.mark.parametrize("labels", ['["x"]', "[1, 2, 3]", "{", '["x", "y", "\\u0000"]'])
def test_other_labels_are_refused(labels: str, tmp_path: Path) -> None:
    path = written(tmp_path / "file.onnx", two_by_two(**{"hushwork.labels": labels}))
    with pytest.raises(InvalidNetwork):
        OnnxModel(path)


def test_a_shipped_network_is_the_same_as_everywhere() -> None:
    network, model = open_network("lenet5-mnist"), open_model("lenet5", threads=1)
    assert isinstance(model, OnnxModel)
    assert (model.name, model.digest) == (network.name, network.digest)
    assert model.labels == network.labels
    x = to_input(sample()[0][:1])
    found = model.run({model.inputs[0].name: x.astype(np.float32)})[model.outputs[0].name]
    np.testing.assert_allclose(found, PlainRun(network)(x), atol=1e-4)


@pytest.mark.parametrize("name", zoo.NAMES)
def test_every_shipped_network_opens(name: str) -> None:
    assert open_model(name, threads=1).name == name


def test_a_value_on_which_the_model_fails(tmp_path: Path) -> None:
    node = helper.make_node("Gather", ["table", "x"], ["y"])
    made = encoded([node], [("x", INT64, ("n",))], [("y", FLOAT, ("n",))], {"table": A[0]})
    model = OnnxModel(written(tmp_path / "table.onnx", made))
    with pytest.raises(InvalidInput, match="fails on this input"):
        model.run({"x": np.array([99])})
