"""What a stranger's files may hold: nothing but a HushworkError comes of it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from hushwork.errors import (
    HushworkError,
    InvalidNetwork,
    MalformedBytes,
    NotFound,
    TooLarge,
)
from hushwork.networks.models import OnnxModel, files, open_model
from tests.networks.open_models.making import (
    FLOAT,
    encoded,
    two_by_two,
    with_external,
    written,
)

ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
SUMS = two_by_two().SerializeToString()


@ONE_FOLDER
@given(data=st.binary(max_size=200))
def test_random_bytes(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "random.onnx"
    path.write_bytes(data)
    with pytest.raises(HushworkError):
        open_model(path)


@ONE_FOLDER
@given(length=st.integers(0, len(SUMS) - 1))
def test_a_truncated_file(length: int, tmp_path: Path) -> None:
    path = tmp_path / "short.onnx"
    path.write_bytes(SUMS[:length])
    try:
        open_model(path)
    except HushworkError:
        return
    # What is cut off may have been the end of the metadata or of the versions alone.
    assert length > len(SUMS) - 40


@ONE_FOLDER
@given(place=st.integers(0, len(SUMS) - 1), byte=st.integers(0, 255))
def test_a_changed_byte(place: int, byte: int, tmp_path: Path) -> None:
    path = tmp_path / "changed.onnx"
    path.write_bytes(SUMS[:place] + bytes([byte]) + SUMS[place + 1 :])
    with contextlib.suppress(HushworkError):
        assert isinstance(open_model(path), OnnxModel)


@pytest.mark.parametrize("name", [b"total", b"count", b"hushwork.name", b"text"])
def test_names_that_are_no_text(name: bytes, tmp_path: Path) -> None:
    data = two_by_two(**{"hushwork.name": "text"}).SerializeToString()
    path = tmp_path / "names.onnx"
    path.write_bytes(data.replace(name, b"\x80" * len(name)))
    with pytest.raises(HushworkError):
        open_model(path)


def test_an_unknown_operator(tmp_path: Path) -> None:
    made = encoded(
        [helper.make_node("Conjure", ["x"], ["y"])], [("x", FLOAT, (1,))], [("y", FLOAT, (1,))]
    )
    with pytest.raises(InvalidNetwork, match="does not load"):
        open_model(written(tmp_path / "magic.onnx", made))


def test_too_large_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FILE_LIMIT", 100)
    with pytest.raises(TooLarge):
        open_model(written(tmp_path / "large.onnx", two_by_two()))


def test_too_many_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "NODE_LIMIT", 3)
    with pytest.raises(TooLarge):
        open_model(written(tmp_path / "large.onnx", two_by_two()))


def test_tensors_beside_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "model.onnx", with_external("parts/weights.bin"))
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "weights.bin").write_bytes(np.array([1, 2, 3], "<f4").tobytes())
    model = open_model(tmp_path)
    assert isinstance(model, OnnxModel)
    assert model.name == tmp_path.name
    assert set(model.files) == {"model.onnx", "parts/weights.bin"}
    listed = json.dumps(sorted(model.files.items()), separators=(",", ":"))
    assert model.digest == files.digest_of(model.files) != model.files["model.onnx"]
    assert listed.startswith('[["model.onnx","')
    found = model.run({"x": np.zeros((1, 3), np.float32)})["y"]
    np.testing.assert_array_equal(found, [[1, 2, 3]])
    (tmp_path / "parts" / "weights.bin").write_bytes(np.array([1, 2, 4], "<f4").tobytes())
    assert OnnxModel(path).digest != model.digest


@pytest.mark.parametrize(
    "location",
    [
        "../secret.bin",
        "parts/../../secret.bin",
        "./../secret.bin",
        "/etc/hostname",
        "",
        ".hidden",
        "a\0b",
        "*/_ORT_MEM_ADDR_/*",
        "parts\\..\\secret.bin",
        "x" * 5000,
        "é" * 200,
        b"\x80.bin",
    ],
)
def test_tensors_outside_the_folder(location: str | bytes, tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(12))
    is_bytes = isinstance(location, bytes)
    path = written(
        tmp_path / "inner" / "model.onnx", with_external("PLACE" if is_bytes else location)
    )
    if isinstance(location, bytes):
        path.write_bytes(path.read_bytes().replace(b"PLACE", location))
    with pytest.raises(MalformedBytes, match="plain relative name"):
        open_model(path)


def test_a_link_that_leaves_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(12))
    path = written(tmp_path / "inner" / "model.onnx", with_external("weights.bin"))
    (tmp_path / "inner" / "weights.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(InvalidNetwork, match="inside the folder"):
        open_model(path)


def test_tensors_that_are_not_there(tmp_path: Path) -> None:
    path = written(tmp_path / "model.onnx", with_external("weights.bin"))
    with pytest.raises(NotFound):
        open_model(path)
    (tmp_path / "weights.bin").write_bytes(bytes(4))
    with pytest.raises(InvalidNetwork):
        open_model(path)


def test_a_tensor_that_no_machine_holds(tmp_path: Path) -> None:
    node = helper.make_node("ConstantOfShape", ["shape"], ["y"])
    made = encoded([node], [], [("y", FLOAT, None)], {"shape": np.array([1 << 20] * 3)})
    path = written(tmp_path / "huge.onnx", made)
    with pytest.raises(HushworkError):
        OnnxModel(path).run({})


def test_tensors_without_a_name(tmp_path: Path) -> None:
    model = with_external("weights.bin")
    del model.graph.initializer[0].external_data[:]
    with pytest.raises(MalformedBytes):
        open_model(written(tmp_path / "model.onnx", model))


def hidden(model: onnx.ModelProto, where: str) -> onnx.ModelProto:
    """The same model, its outside tensor in an attribute, in an inner graph or in a function."""
    tensor = model.graph.initializer.pop()
    constant = helper.make_node("Constant", [], ["weight"], value=tensor)
    if where == "attribute":
        model.graph.node.insert(0, constant)
    elif where == "graph":
        value = helper.make_tensor_value_info("weight", FLOAT, (3,))
        inner = helper.make_graph([constant], "inner", [], [value])
        always = helper.make_node("If", ["yes"], ["weight"], then_branch=inner, else_branch=inner)
        model.graph.node.insert(0, always)
        model.graph.initializer.append(helper.make_tensor("yes", TensorProto.BOOL, (), [True]))
    else:
        opset = helper.make_opsetid("", 17)
        model.functions.append(
            helper.make_function("own", "Weight", [], ["weight"], [constant], [opset])
        )
        model.graph.node.insert(0, helper.make_node("Weight", [], ["weight"], domain="own"))
    return model


@pytest.mark.parametrize("where", ["attribute", "graph", "function"])
def test_hidden_tensors_are_found(where: str, tmp_path: Path) -> None:
    path = written(tmp_path / "model.onnx", hidden(with_external("../secret.bin"), where))
    with pytest.raises(MalformedBytes, match="plain relative name"):
        open_model(path)
