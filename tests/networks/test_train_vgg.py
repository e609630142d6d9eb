"""Training of VGG-9 on a handful of images; needs the extra `torch`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hushwork.networks import PlainRun, Polynomial, read_onnx

torch = pytest.importorskip("torch")

from hushwork.networks.train import augment, muon, vgg  # noqa: E402
from hushwork.networks.train.export import vgg9_onnx  # noqa: E402
from hushwork.networks.train.norm import Norm, calibrate  # noqa: E402
from hushwork.networks.train.trainer import Split  # noqa: E402
from hushwork.networks.train.vgg_model import POOLED_BEFORE, VGG9, averaged  # noqa: E402

LABELS = tuple("0123456789")
RECIPE = replace(vgg.Recipe(), batch=20, around=4, stressed=2)
LEARNING = vgg.Phase(2, 0.025, 0.05, penalty=0.05, free=0.5, frozen=False)
SETTLING = vgg.Phase(2, 0.005, 0.01, penalty=0.1, free=0.0, frozen=True)


@pytest.fixture
def data() -> Split:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(40, 3, 32, 32, generator=generator) * 0.5
    labels = torch.arange(40) % 10
    return Split(images + labels.view(-1, 1, 1, 1) / 20, labels)


def trainer(data: Split, phase: vgg.Phase, model: VGG9 | None = None) -> vgg.Trainer:
    torch.manual_seed(0)
    return vgg.Trainer(model or VGG9(), RECIPE, phase, data, 0, fused=False)


def trained(data: Split, epochs: int, phase: vgg.Phase = LEARNING) -> vgg.Trainer:
    model = None if phase is LEARNING else trained(data, 1).finished()
    made = trainer(data, phase, model)
    for _ in range(epochs):
        made.epoch(data)
        made.history.append(made.measure(data))
    return made


def test_export_computes_what_the_model_computes(data: Split) -> None:
    model = trained(data, 1).finished()
    network = read_onnx(vgg9_onnx(model, "vgg", LABELS))
    with torch.no_grad():
        expected, _ = model(data.images)
    spread = float(expected.abs().max())
    got = PlainRun(network)(data.images.numpy())
    np.testing.assert_allclose(got, expected.numpy(), atol=1e-4 * spread)


def test_the_file_bounds_what_every_parabola_reads(data: Split) -> None:
    model = trained(data, 1).finished()
    network = read_onnx(vgg9_onnx(model, "vgg", LABELS))
    parabolas = [layer for layer in network.layers if isinstance(layer, Polynomial)]
    assert network.bounds.keys() == {layer.inputs[0] for layer in parabolas}
    for layer, norm in zip(parabolas, model.activations, strict=True):
        mean, deviation = norm.first.running_mean, norm.first.running_var.sqrt()
        most = float((mean.abs() + 32 * deviation).max())
        assert network.bounds[layer.inputs[0]] == pytest.approx(most, rel=1e-3)


def test_the_whole_grid_holds_what_the_image_gives(data: Split) -> None:
    model = trained(data, 1).finished()
    with torch.no_grad():
        logits, inner = model(data.images)
        around, grid = model(data.images, around=True)
    torch.testing.assert_close(around, logits, rtol=1e-3, atol=1e-3 * float(logits.abs().max()))
    sizes = [32, 16 if 1 in POOLED_BEFORE else 32, 16, 8 if 3 in POOLED_BEFORE else 16, 8, 1]
    assert [value.shape[-1] for value in grid[:6]] == sizes
    for part, whole in zip(inner[:5], grid[:5], strict=True):
        size = part.shape[-1]
        torch.testing.assert_close(whole[..., :size, :size], part, rtol=1e-3, atol=1e-2)


def test_a_convolution_and_the_average_after_it_are_one() -> None:
    convolution, x = torch.nn.Conv2d(3, 5, 3, bias=False), torch.rand(2, 3, 12, 14)
    expected = torch.nn.functional.avg_pool2d(convolution(x), 2)
    torch.testing.assert_close(averaged(convolution, x), expected)


def test_calibrated_norms_are_those_of_the_batches(data: Split) -> None:
    model = trained(data, 1).model
    for norm in model.modules():
        if isinstance(norm, Norm):
            norm.running_var.fill_(1e6)
    calibrate(model, [data.images], clamp=True)
    with torch.no_grad():
        x = model.convolutions[0]((data.images - model.mean) / model.deviation)
    first = model.activations[0].first
    torch.testing.assert_close(first.running_mean, x.mean((0, 2, 3)), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(first.running_var, x.var((0, 2, 3)), rtol=1e-3, atol=1e-4)
    assert first.momentum == 0.1


def test_settling_leaves_the_norms_alone(data: Split) -> None:
    before = trained(data, 1).finished()
    norms = {key: value.clone() for key, value in before.named_buffers()}
    after = trained(data, 2, SETTLING).finished()
    for key, value in after.named_buffers():
        torch.testing.assert_close(value, norms[key])
    moved = after.convolutions[0].weight - before.convolutions[0].weight
    assert float(moved.abs().max()) > 0


def test_the_mean_of_settled_models_has_their_norms(data: Split) -> None:
    one, other = (trained(data, epochs, SETTLING).finished() for epochs in (1, 2))
    made = vgg.mean([one, other])
    parameters = zip(made.parameters(), one.parameters(), other.parameters(), strict=True)
    for got, a, b in parameters:
        torch.testing.assert_close(got, (a + b) / 2)
    assert float((one.last.weight - other.last.weight).abs().max()) > 0
    for got, expected in zip(made.buffers(), one.buffers(), strict=True):
        torch.testing.assert_close(got, expected)
    figures = trainer(data, SETTLING, one).measured(made, data)
    assert figures["accuracy"] == pytest.approx(right(made, data), abs=1e-6)


def right(model: VGG9, data: Split) -> float:
    with torch.no_grad():
        return float((model(data.images)[0].argmax(1) == data.labels).float().mean())


@pytest.mark.parametrize("phase", [LEARNING, SETTLING])
def test_resumed_training_ends_where_it_would_have_ended(
    data: Split, tmp_path: Path, phase: vgg.Phase
) -> None:
    trained(data, 1, phase).save(tmp_path / "one.pt")
    resumed = trainer(data, phase)
    resumed.resume(tmp_path / "one.pt")
    resumed.epoch(data)
    whole = trained(data, 2, phase)
    for got, expected in zip(resumed.models, whole.models, strict=True):
        for one, other in zip(got.parameters(), expected.parameters(), strict=True):
            torch.testing.assert_close(one, other)


def test_muon_brings_singular_values_near_one() -> None:
    matrix = torch.randn(16, 40, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(muon.orthogonal(matrix).float())
    assert values.min() > 0.4
    assert values.max() < 1.4


def test_crops_move_and_mirror_whole_images() -> None:
    x = torch.arange(2 * 3 * 8 * 8).float().view(2, 3, 8, 8)
    generator = torch.Generator().manual_seed(0)
    still = augment.crop(x, generator, 0, torch.tensor([False, True]))
    torch.testing.assert_close(still[0], x[0])
    torch.testing.assert_close(still[1], x[1].flip(-1))
    moved = augment.crop(x, generator, 2, torch.tensor([False, False]))
    padded = torch.nn.functional.pad(x, [2] * 4, mode="reflect")
    places = [(y, z) for y in range(5) for z in range(5)]
    for image, wide in zip(moved, padded, strict=True):
        assert any(torch.equal(image, wide[:, y : y + 8, z : z + 8]) for y, z in places)


def test_cut_mix_takes_targets_by_area() -> None:
    x = torch.arange(4).float().view(4, 1, 1, 1).expand(4, 3, 8, 8)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        mixed, targets = augment.cut_mix(x, torch.eye(4), generator)
        for image, target in zip(mixed, targets, strict=True):
            shares = [(image[0] == label).float().mean() for label in range(4)]
            torch.testing.assert_close(target, torch.stack(shares))
        assert (mixed == mixed[:, :1]).all()
