"""Training of networks of ReLU and max pools on a handful of images; needs the extra `torch`.

Their files are run by ONNX Runtime itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

torch = pytest.importorskip("torch")

from hushwork.networks.train import relu  # noqa: E402
from hushwork.networks.train.export import sequential_onnx  # noqa: E402
from hushwork.networks.train.norm import Norm  # noqa: E402
from hushwork.networks.train.relu_models import Standard, banks  # noqa: E402
from hushwork.networks.train.trainer import Split  # noqa: E402

LABELS = tuple("0123456789")
SHAPES = {"lenet5-mnist": (1, 28, 28), "vgg9-relu-cifar-10": (3, 32, 32)}
WEIGHTS = {"lenet5-mnist": 44_426, "vgg9-relu-cifar-10": 1_544_778}


@pytest.fixture(params=SHAPES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def data(name: str) -> Split:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(40) % 10
    images = torch.rand(40, *SHAPES[name], generator=generator) * 0.5
    return Split(images + labels.view(-1, 1, 1, 1) / 20, labels)


def trainer(name: str, data: Split) -> relu.Trainer:
    recipe = replace(relu.RECIPES[name], epochs=2, batch=20)
    return relu.Trainer(recipe, data, 0, fused=False)


def trained(name: str, data: Split, epochs: int) -> relu.Trainer:
    made = trainer(name, data)
    for _ in range(epochs):
        made.epoch(data)
        made.history.append(made.measure(data))
    return made


def exported(made: relu.Trainer, name: str) -> bytes:
    return sequential_onnx(made.finished(), SHAPES[name], name, LABELS)


def test_export_computes_what_the_model_computes(name: str, data: Split) -> None:
    made = trained(name, data, 1)
    session = onnxruntime.InferenceSession(exported(made, name))
    (got,) = session.run(None, {"image": data.images.numpy()})
    with torch.no_grad():
        expected = made.finished()(data.images).numpy()
    np.testing.assert_allclose(got, expected, atol=1e-4 * np.abs(expected).max())


def test_norms_and_pixel_means_are_folded_into_the_weights(name: str, data: Split) -> None:
    model = onnx.load_model_from_string(exported(trained(name, data, 1), name))
    counts = Counter(node.op_type for node in model.graph.node)
    convolutions = {"lenet5-mnist": 2, "vgg9-relu-cifar-10": 6}[name]
    assert counts == {
        "Conv": convolutions, "Gemm": 3, "Relu": convolutions + 2, "MaxPool": 2, "Flatten": 1,
    }  # fmt: skip
    sizes = [np.prod(tensor.dims) for tensor in model.graph.initializer]
    assert sum(sizes) == WEIGHTS[name]


def test_resumed_training_ends_where_it_would_have_ended(
    name: str, data: Split, tmp_path: Path
) -> None:
    trained(name, data, 1).save(tmp_path / "one.pt")
    resumed = trainer(name, data)
    resumed.resume(tmp_path / "one.pt")
    resumed.epoch(data)
    whole = trained(name, data, 2)
    for got, expected in zip(resumed.models, whole.models, strict=True):
        for one, other in zip(got.parameters(), expected.parameters(), strict=True):
            torch.testing.assert_close(one, other)


def test_muon_trains_all_but_the_last_layer_s_matrices(name: str) -> None:
    model = relu.RECIPES[name].model()
    matrices = [value for value in model.parameters() if value.dim() > 1]
    assert [id(value) for value in banks(model)] == [id(value) for value in matrices[:-1]]
    for weight in banks(model):
        assert float(weight.detach().norm()) == pytest.approx(len(weight) ** 0.5, rel=1e-4)


def test_pixels_become_deviations_from_their_mean() -> None:
    x = torch.tensor([0.5, 0.1]).view(1, 2, 1, 1)
    got = Standard((0.1, 0.1), (0.2, 0.4))(x)
    torch.testing.assert_close(got.flatten(), torch.tensor([2.0, 0.0]))


def test_a_norm_takes_values_of_any_shape() -> None:
    for shape in ((4, 3), (4, 3, 5, 5)):
        y = Norm(3, affine=True)(torch.rand(shape)).transpose(0, 1).flatten(1)
        torch.testing.assert_close(y.mean(1), torch.zeros(3), atol=1e-5, rtol=0)
