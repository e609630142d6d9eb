"""Files that the reader refuses, each with a typed error that names the place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from hushwork.errors import (
    HushworkError,
    InvalidNetwork,
    MalformedBytes,
    NotFound,
    TooLarge,
    UnsupportedOperator,
)
from hushwork.networks import graph, read_onnx, reader
from tests.networks.models import Model

ONES = np.ones
Build = Callable[[Model], object]


def image(*steps: Build) -> bytes:
    model = Model(2, 6, 6)
    for step in steps:
        step(model)
    model.node("Flatten")
    return model.encoded()


def node(operator: str, *tensors: object, **attributes: object) -> Build:
    return lambda m: m.node(operator, m.last, *(m.tensor(t) for t in tensors), **attributes)


def shaped(operator: str, *integers: int, **attributes: object) -> Build:
    return lambda m: m.node(operator, m.last, m.integers(*integers), **attributes)


def twice(operator: str) -> Build:
    return lambda m: m.node(operator, m.last, m.last)


def indexed(model: Model) -> None:
    """A MaxPool that also says where the maxima are."""
    node("MaxPool", kernel_shape=[2, 2])(model)
    model.nodes[-1].output.append("where")


KERNEL = ONES((2, 2, 3, 3))
convolved = node("Conv", KERNEL)
padded = shaped("Pad", 0, 0, 1, 1, 0, 0, 1, 1)


@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ([node("HardSwish")], "HardSwish"),
        ([node("MaxPool", kernel_shape=[2, 2], dilations=[2, 1])], "no dilation"),
        ([indexed], "no indices"),
        ([node("MaxPool", kernel_shape=[2, 2], pads=[0, 2, 0, 0])], "below the kernel"),
        ([node("Flatten"), node("MaxPool", kernel_shape=[2, 2])], "3 axes"),
        ([node("Clip", ONES(2))], "one number"),
        ([lambda m: m.node("Clip", m.last, m.last)], "a constant"),
        ([padded, node("Relu")], "after Pad"),
        ([padded, node("MaxPool", kernel_shape=[2, 2])], "after Pad"),
        ([node("Softmax")], "Softmax"),
        ([node("Identity", domain="com.example")], "com.example"),
        ([node("Pow", 0.5)], "whole exponent"),
        ([node("Pow", -1.0)], "whole exponent"),
        ([node("Pow", 128.0)], "whole exponent"),
        ([node("Pow", 40.0), node("Pow", 4.0)], "degree"),
        ([node("Mul", ONES((6, 6)))], "of each channel"),
        ([node("Mul", ONES((3, 1, 1)))], "of each channel"),
        ([node("Mul", ONES((1, 1, 2, 1, 1)))], "of each channel"),
        ([twice("Div")], "not constant"),
        ([lambda m: m.node("Mul", "x", convolved(m))], "computed from one value"),
        ([lambda m: m.node("Add", "x", convolved(m))], "of one shape"),
        ([lambda m: m.node("Conv", m.last, m.last)], "a constant"),
        ([lambda m: m.node("Add", m.tensor(1.0), m.tensor(1.0))], "two constants"),
        ([node("Conv", ONES((2, 2, 3)))], "4 axes"),
        ([node("Conv", KERNEL, pads=[-1, 0, 0, 0])], "at least 0"),
        ([node("AveragePool", kernel_shape=[2, 2], ceil_mode=1)], "ceil_mode"),
        ([node("AveragePool", kernel_shape=[2, 2], pads=[2, 0, 0, 0])], "below the kernel"),
        ([node("BatchNormalization", *[ONES(2)] * 4, training_mode=1)], "inference"),
        ([padded, twice("Mul")], "after Pad"),
        ([shaped("Pad", 0, 0, 1, 1, 0, 0, 1, 1, mode="reflect")], "reflect"),
        ([shaped("Pad", 0, 1, 0, 0, 0, 0, 0, 0)], "height and width"),
        ([shaped("Pad", 0, 0, -1, 0, 0, 0, 0, 0)], "from 0"),
        ([shaped("Reshape", 1, 72)], "(batch, 72)"),
        ([shaped("Reshape", 0, 3, 24)], "(batch, 72)"),
        ([shaped("Reshape", -1, -1)], "(batch, 72)"),
        ([shaped("Reshape", 0, 2, 6, 6, 1)], "(batch, 72)"),
        ([shaped("Reshape")], "(batch, 72)"),
        ([shaped("Squeeze", 2, 3)], "one pixel"),
        ([shaped("ReduceMean", 1, 2)], "axes 2 and 3"),
        ([node("Flatten", axis=2)], "axis = 1"),
        ([node("Gemm", ONES((72, 3)))], "1 axes"),
        ([node("Flatten"), node("Gemm", ONES((72, 3)), transA=1)], "transA"),
    ],
)  # fmt: skip
def test_unsupported_use(steps: list[Build], named: str) -> None:
    with pytest.raises(UnsupportedOperator, match=r"node n\d+") as caught:
        read_onnx(image(*steps))
    assert named in str(caught.value)
    assert caught.value.expected is not None
    assert caught.value.got is not None


@pytest.mark.parametrize(
    "steps",
    [
        [node("Conv", ONES((2, 3, 3, 3)))],
        [node("Conv", KERNEL, group=2)],
        [node("Conv", KERNEL, ONES(3))],
        [node("Conv", KERNEL, strides=[0, 1])],
        [node("Conv", KERNEL, dilations=[1 << 40, 1])],
        [node("Conv", KERNEL, kernel_shape=[5, 5])],
        [node("Conv", KERNEL, strides=2)],
        [node("Conv", KERNEL, auto_pad="SOME")],
        [node("Conv", ONES((2, 2, 7, 7)))],
        [node("Flatten"), node("Gemm", ONES((71, 3)))],
        [node("BatchNormalization", *[ONES(3)] * 4)],
        [node("MaxPool", kernel_shape=[7, 7])],
        [node("MaxPool", kernel_shape=[8, 8], ceil_mode=1)],
        [node("Clip", 1.0, 0.0)],
        [node("LeakyRelu", alpha=np.inf)],
        [node("Mul", [np.nan])],
        [node("Div", 0.0)],
        [node("BatchNormalization", ONES(2), ONES(2), ONES(2), -ONES(2))],
        [lambda m: m.node("Mul", m.last, "nowhere")],
        [lambda m: m.node("Mul", m.last)],
        [lambda m: m.nodes.append(helper.make_node("Identity", ["x"], ["x"]))],
    ],
)
def test_invalid_network(steps: list[Build]) -> None:
    with pytest.raises(InvalidNetwork) as caught:
        read_onnx(image(*steps))
    assert not isinstance(caught.value, UnsupportedOperator)


def changed(change: Callable[[onnx.ModelProto], object]) -> bytes:
    model = Model(2, 6, 6)
    model.node("Flatten")
    proto = model.proto()
    change(proto)
    data: bytes = proto.SerializeToString()
    return data


def dimension(index: int, value: int | str) -> Callable[[onnx.ModelProto], None]:
    def change(proto: onnx.ModelProto) -> None:
        size = proto.graph.input[0].type.tensor_type.shape.dim[index]
        setattr(size, "dim_param" if isinstance(value, str) else "dim_value", value)

    return change


def entry_type(proto: onnx.ModelProto) -> None:
    proto.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE


@pytest.mark.parametrize(
    "change",
    [
        lambda proto: proto.opset_import[0].ClearField("version"),
        lambda proto: setattr(proto.opset_import[0], "version", 99),
        lambda proto: proto.graph.input.add(name="second"),
        lambda proto: proto.graph.ClearField("input"),
        lambda proto: proto.graph.output.add(name="v0"),
        lambda proto: setattr(proto.graph.output[0], "name", "x"),
        lambda proto: setattr(proto.graph.output[0], "name", "nothing"),
        lambda proto: proto.functions.add(name="f"),
        lambda proto: helper.set_model_props(proto, {"hushwork.labels": '["a"]'}),
        lambda proto: helper.set_model_props(proto, {"hushwork.labels": "{"}),
        lambda proto: helper.set_model_props(proto, {"hushwork.name": "\x1b[31m"}),
        dimension(0, 3),
        dimension(1, "channels"),
        dimension(2, 0),
        entry_type,
    ],
)
def test_invalid_file(change: Callable[[onnx.ModelProto], object]) -> None:
    with pytest.raises(InvalidNetwork):
        read_onnx(changed(change))


def test_external_data() -> None:
    def change(proto: onnx.ModelProto) -> None:
        tensor = proto.graph.initializer.add(name="t", data_type=TensorProto.FLOAT, dims=[2])
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="/etc/passwd")

    with pytest.raises(InvalidNetwork, match="external"):
        read_onnx(changed(change))


def test_tensor_shorter_than_its_shape() -> None:
    def change(proto: onnx.ModelProto) -> None:
        proto.graph.initializer.add(
            name="t", data_type=TensorProto.FLOAT, dims=[1 << 40], raw_data=b"1234"
        )

    with pytest.raises(MalformedBytes):
        read_onnx(changed(change))


def test_output_that_is_not_a_vector() -> None:
    model = Model(2, 6, 6)
    model.node("Identity")
    with pytest.raises(InvalidNetwork, match="classes"):
        read_onnx(model.encoded())


def test_not_a_file(tmp_path: object) -> None:
    with pytest.raises(NotFound):
        read_onnx(f"{tmp_path}/absent.onnx")


@pytest.mark.parametrize("data", [b"", b"not onnx", b"\x0a\xff\xff\xff\xff"])
def test_bytes_that_are_not_onnx(data: bytes) -> None:
    with pytest.raises((MalformedBytes, InvalidNetwork)):
        read_onnx(data)


@pytest.mark.parametrize(
    ("module", "limit", "value"),
    [
        (reader, "FILE_LIMIT", 100),
        (reader, "NODE_LIMIT", 1),
        (reader, "VALUE_LIMIT", 71),
        (graph, "VALUE_LIMIT", 31),
        (graph, "WEIGHT_LIMIT", 35),
    ],
)
def test_limits(monkeypatch: pytest.MonkeyPatch, module: object, limit: str, value: int) -> None:
    data = image(convolved)
    read_onnx(data)
    monkeypatch.setattr(module, limit, value)
    with pytest.raises(TooLarge):
        read_onnx(data)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_files_give_typed_errors(data: st.DataObject) -> None:
    steps = [convolved, twice("Mul"), node("AveragePool", kernel_shape=[2, 2])]
    good = image(*steps, shaped("Reshape", 0, -1), node("Gemm", ONES((8, 3))))
    damaged = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(good) - 1))
        damaged[position] = data.draw(st.integers(0, 255))
    length = data.draw(st.integers(len(good) // 2, len(good)))
    with contextlib.suppress(HushworkError):
        read_onnx(bytes(damaged[:length]))
