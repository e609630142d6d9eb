"""Training of the staking advisor on a few tables; needs the extra `torch`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")

from hushwork.networks.train import staking  # noqa: E402
from hushwork.networks.train.export import sequential_onnx  # noqa: E402
from hushwork.networks.train.trainer import Split  # noqa: E402

RECIPE = replace(staking.Recipe(), tables=400, epochs=2, batch=100)


@pytest.fixture(scope="module")
def data() -> Split:
    return staking.simulated(RECIPE.tables, 0, 0)


def trained(data: Split, epochs: int) -> staking.Trainer:
    made = staking.Trainer(RECIPE, 0, RECIPE.tables)
    for _ in range(epochs):
        made.epoch(data)
        made.history.append(made.measure(data))
    return made


def test_export_computes_what_the_model_computes(data: Split) -> None:
    model = trained(data, 1).model
    encoded = sequential_onnx(model, (8, 16, 1), staking.NAME, staking.LABELS)
    (got,) = onnxruntime.InferenceSession(encoded).run(None, {"image": data.images.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(got, model(data.images).numpy(), atol=1e-5)


def test_advice_follows_the_validators_wherever_they_stand(data: Split) -> None:
    model, order = trained(data, 1).model, torch.randperm(16)
    with torch.no_grad():
        there = model(data.images[:, :, order])
        torch.testing.assert_close(there, model(data.images)[:, order])


def test_resumed_training_ends_where_it_would_have_ended(data: Split, tmp_path: Path) -> None:
    trained(data, 1).save(tmp_path / "one.pt")
    resumed = staking.Trainer(RECIPE, 0, RECIPE.tables)
    resumed.resume(tmp_path / "one.pt")
    resumed.epoch(data)
    whole = trained(data, 2).model
    for got, expected in zip(resumed.model.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(got, expected)


def test_parts_of_a_seed_differ(data: Split) -> None:
    assert not torch.equal(staking.simulated(400, 0, 1).images, data.images)
    torch.testing.assert_close(staking.simulated(400, 0, 0).labels, data.labels)
