from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import accuracy, figures
from benchmarks.figures import Figure, saved
from benchmarks.growing import NETWORKS
from hushwork.errors import NotFound
from hushwork.networks import sample
from hushwork.networks.data import LABELS, Dataset
from hushwork.networks.train.evaluate import right


def test_parts_are_kept_beside_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "RESULTS", tmp_path)
    accuracy.keep((Figure("a_plain", 0.5, 0.5, 10_000),))
    accuracy.keep((Figure("a_labels", 1.0, 1.0, 200),))
    accuracy.keep((Figure("a_plain", 0.9, 0.9, 10_000),))
    kept = {figure.name: figure.median for figure in saved(accuracy.WHO).figures}
    assert kept == {"a_labels": 1.0, "a_plain": 0.9}


def test_counts_are_said() -> None:
    assert (
        accuracy.text(Figure("a_plain", 0.9221, 0.9221, 10_000))
        == "a_plain: 9,221 of 10,000 (92.21%)"
    )
    assert "1.0e-05 of the range" in accuracy.text(Figure("a_error", 1e-5, 1e-5, 200))


def test_the_largest_logit_is_the_label() -> None:
    assert (
        right(np.array([[0.0, 1.0], [3.0, 2.0], [0.0, -1.0]]), np.array([1, 1, 0], np.uint8)) == 2
    )


def test_the_plain_share_is_of_the_whole_test_set(monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = sample()
    wrong = (labels[200:] + 1) % 10
    labels = np.concatenate([labels[:200], wrong.astype(np.uint8)])
    made = Dataset("fashion-mnist", LABELS["fashion-mnist"], images, labels, images, labels)
    monkeypatch.setattr(accuracy, "load", lambda *_: made)
    (figure,) = accuracy.plain("lenet-fashion-mnist", None)
    assert (figure.name, figure.runs) == ("lenet-fashion-mnist_plain", 256)
    assert 0.68 < figure.median < 200 / 256


def test_a_network_of_no_data_set_is_refused() -> None:
    with pytest.raises(NotFound, match="classes"):
        accuracy.data_set(replace(NETWORKS["mlp"](), labels=("a", "b")))
