from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hushwork.cli import tasks
from hushwork.cli.published import worker_for
from hushwork.cli.tasks import (
    default_model,
    fields,
    images_for,
    make_task,
    own_images,
    promises_for,
    shares_for,
)
from hushwork.errors import InvalidInput, MalformedBytes, NotFound
from hushwork.guarantee import Progress, load
from hushwork.networks import Network, data, read_onnx, zoo
from hushwork.networks.data import LABELS
from hushwork.networks.integers import quantise
from hushwork.proved import publish
from hushwork.proved.owner import silent
from hushwork.subnet.draws import Draws
from tests.insecure_plain import InsecureJudge, InsecurePlain
from tests.networks.models import Model
from tests.subnet.town import SHAPE, tiny_network


def saved(folder: Path, images: object) -> Path:
    np.save(folder / "images.npy", images, allow_pickle=True)  # type: ignore[arg-type]
    return folder / "images.npy"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of data sets, empty."""
    monkeypatch.setenv("HUSHWORK_CACHE", str(tmp_path))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """Stands for `load`: what was asked of it; "other" is not CIFAR-10."""
    asked = []

    def load(name: str, source: str | None) -> SimpleNamespace:
        asked.append((name, source))
        if (name, source) == ("cifar-10", "other"):
            raise MalformedBytes("cifar-10: part 0 differs from the official file")
        return SimpleNamespace(test_images=np.full((3, 2, 2, 2), 255, np.uint8))

    monkeypatch.setattr(tasks, "load", load)
    return asked


def labelled(name: str) -> Network:
    """A network that has the labels of a data set, and is otherwise of no use."""
    return dataclasses.replace(tiny_network(), labels=LABELS[name])


def test_ten_outputs_without_labels_are_no_digits() -> None:
    """Networks are labelled 0 to 9 who have ten outputs and say nothing."""
    model = Model(3, 4, 4)
    model.node("Flatten", "x")
    model.node("Gemm", model.last, model.tensor(np.ones((48, 10))))
    assert images_for(read_onnx(model.encoded(), "ten"), None).shape[1:] == (3, 4, 4)


@pytest.mark.usefixtures("cache")
def test_the_shipped_samples_serve_where_there_is_no_data_set() -> None:
    assert images_for(labelled("fashion-mnist"), None).shape == (256, 1, 28, 28)
    assert images_for(labelled("cifar-10"), None).shape == (100, 3, 32, 32)


@pytest.mark.parametrize("name", ["fashion-mnist", "cifar-10"])
def test_a_data_set_at_hand_comes_before_its_sample(
    cache: Path, loaded: list[tuple[str, str | None]], name: str
) -> None:
    (cache / f"{name}.npz").touch()
    np.testing.assert_array_equal(images_for(labelled(name), None), np.ones((3, 2, 2, 2)))
    images_for(labelled(name), "folder")
    assert loaded == [(name, None), (name, "folder")]


def test_vgg_9_is_the_default_where_cifar_10_is_cached(cache: Path) -> None:
    model, reason = default_model(None)
    assert (model, reason) == ("lenet-fashion-mnist", f"CIFAR-10 is not in {cache}")
    (cache / "cifar-10.npz").touch()
    model, reason = default_model(None)
    assert (model, reason) == ("vgg9-cifar-10", f"CIFAR-10 is in {cache}")


@pytest.mark.usefixtures("cache", "loaded")
def test_vgg_9_is_the_default_where_cifar_10_is_named() -> None:
    assert default_model("folder") == ("vgg9-cifar-10", "folder is CIFAR-10")
    model, reason = default_model("other")
    assert model == "lenet-fashion-mnist"
    assert "part 0 differs" in reason


def test_what_is_scored_by_default_is_shipped_with_a_sample() -> None:
    assert set(tasks.SCORED) <= set(zoo.NAMES)
    assert {name.partition("-")[2] for name in tasks.SCORED} == set(data.SAMPLES)


@pytest.mark.parametrize(("kind", "unit"), [(np.uint8, 255), (np.float32, 1)])
def test_a_network_of_one_s_own_takes_one_s_own_images(
    tmp_path: Path, kind: type, unit: int
) -> None:
    images = (np.random.default_rng(0).random((3, *SHAPE)) * unit).astype(kind)
    found = images_for(tiny_network(), str(saved(tmp_path, images)))
    np.testing.assert_array_equal(found, images / np.float64(unit))


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 8, 8)),
        np.zeros((0, *SHAPE)),
        np.full((1, *SHAPE), 1.5),
        np.full((1, *SHAPE), np.nan),
        np.array([{"a": 1}]),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, images: object) -> None:
    with pytest.raises(InvalidInput, match="images"):
        own_images(saved(tmp_path, images), SHAPE)


def test_other_files_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "several.npz", a=np.zeros(3))
    (tmp_path / "text").write_text("not an array")
    for name in ("several.npz", "text", "nowhere"):
        with pytest.raises(InvalidInput, match=r"an \.npy array"):
            own_images(tmp_path / name, SHAPE)


def test_without_images_inputs_are_made_anew() -> None:
    assert images_for(tiny_network(), None).shape[1:] == SHAPE
    for shape in ((3, 5, 7), (6,)):
        one, other = fields(shape), fields(shape)
        assert one.shape[1:] == shape
        assert one.min() >= 0
        assert one.max() <= 1
        assert not (one == other).any(axis=0).all()


def test_guarantees_are_one_for_all_or_one_for_each_model() -> None:
    def names(models: list[str], given: list[str]) -> list[str]:
        return [promise.name for promise in promises_for(models, given)]

    assert names(["a", "b"], []) == ["encrypted", "encrypted"]
    assert names(["a", "b"], ["proved"]) == ["proved", "proved"]
    assert names(["a", "b"], ["encrypted", "proved"]) == ["encrypted", "proved"]
    with pytest.raises(InvalidInput, match="one for each --model"):
        promises_for(["a"], ["encrypted", "proved"])


def test_a_published_model_names_itself(tmp_path: Path) -> None:
    """A miner has its vault, a validator its publication, and nobody the network."""
    weights = np.random.default_rng(0).normal(size=(3, 64)) / 8
    model = Model(1, 8, 8)
    model.node("Flatten", "x")
    model.node("Gemm", model.last, model.tensor(weights), transB=1)
    images = np.random.default_rng(1).uniform(size=(16, 1, 8, 8))
    whole = quantise(read_onnx(model.encoded(), "hidden"), images)
    owner = publish(whole, tmp_path / "hidden.vault", log_domain=14)
    (tmp_path / "hidden.model").write_bytes(owner.publication.to_bytes())
    vault, publication = (str(tmp_path / f"hidden.{suffix}") for suffix in ("vault", "model"))
    (promise,) = promises_for([vault], [])
    assert promise.name == "proved"
    worker = worker_for(vault, promise, silent, "5a", vault=None, shared=None)
    np.save(tmp_path / "images.npy", images)
    task = make_task(publication, promise, str(tmp_path / "images.npy"), silent)
    assert task.manifest == worker.manifest
    assert task.reference is None
    drawn = Draws(task, np.random.default_rng(0)).draw(5)
    assert len({one.input.tobytes() for one in drawn}) == 5
    with pytest.raises(InvalidInput, match=r"by a file X\.model"):
        make_task(vault, promise, None, silent)
    with pytest.raises(InvalidInput, match="got encrypted"):
        make_task(publication, load("encrypted"), None, silent)
    with pytest.raises(NotFound, match="No such file"):
        make_task(str(tmp_path / "none.model"), promise, None, silent)


def test_shares_are_equal_or_one_for_each_model() -> None:
    assert shares_for(["a", "b"], []) == [1.0, 1.0]
    assert shares_for(["a", "b"], [0.75, 0.25]) == [0.75, 0.25]
    for bad in ([1.0], [1.0, -0.5], [0.0, 0.0], [np.inf, 1.0], [np.nan, 1.0]):
        with pytest.raises(InvalidInput, match="shares"):
            shares_for(["a", "b"], bad)


class Strict(InsecurePlain):
    """Lets no bright image through."""

    def judge(
        self, network: Network, progress: Progress | None = None, shared: Path | None = None
    ) -> InsecureJudge:
        judge = super().judge(network, progress, shared)
        judge.within = lambda images: images.max(axis=(1, 2, 3)) < 0.5  # type: ignore[method-assign]
        return judge


def test_a_task_draws_what_the_judge_lets_through() -> None:
    task = make_task("lenet-fashion-mnist", Strict(), None, lambda *_: None)
    images = np.stack([np.full((1, 28, 28), light) for light in (0.2, 0.8)])
    assert task.within(images).tolist() == [True, False]
    assert task.manifest.network == "lenet-fashion-mnist"
