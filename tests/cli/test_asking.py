"""`hush infer` of models that take other things than pictures, from an enclave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from hushwork.attested import AttestedWorker
from hushwork.attested.platforms import DevelopmentPlatform
from hushwork.cli.app import app
from hushwork.cli.platforms import POLICY, development_platform
from hushwork.errors import HushworkError, InvalidInput, InvalidPolicy
from hushwork.networks.models import Model, open_model
from tests.attested.parties import several
from tests.subnet.town import Town, open_town


class Place:
    """A town with enclaves, and who asks there."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.folder = folder
        self.policy = development_platform(folder / "platform")
        self._town = town
        for model in (open_model("tiny-tales", threads=1), several(folder)):
            self.serve(model)
        self.gateway = town.gateway()

    def serve(self, model: Model) -> None:
        address = self._town.join(model.name, stake=0).address
        platform = DevelopmentPlatform.load(self.folder / "platform")
        self._town.miner(model.name, AttestedWorker(model, platform, address))

    def infer(self, question: object, model: str, *options: object) -> Result:
        named = ("--gateway", self.gateway, "--guarantee", "attested", "--model", model)
        words = ("infer", question, *named, "--policy", self.policy, *options)
        return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    with open_town(tmp_path) as town:
        yield Place(town, tmp_path)


def said(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return " ".join(result.output.split())


def test_a_language_model_writes(place: Place) -> None:
    output = said(place.infer("Once upon a time", "tiny-tales", "--most-tokens", 12))
    (text,) = list(open_text(12))
    assert text.strip() in output
    assert "An enclave sees it" in output
    assert "without any protection" in output
    assert "the enclave the network, input and outputs" in output
    verified = CliRunner().invoke(app, ["verify", "answer.attested", "--policy", str(place.policy)])
    assert text.strip()[:20] in said(verified)
    assert "not told" in verified.output


def open_text(tokens: int) -> Iterator[str]:
    model = open_model("tiny-tales", threads=1)
    yield "".join(p.text for p in model.generate("Once upon a time", most_tokens=tokens))  # type: ignore[union-attr]


def test_a_question_is_told_only_if_asked_to(place: Place) -> None:
    said(place.infer("Once upon a time", "tiny-tales", "--most-tokens", 2, "--tell-input"))
    verified = CliRunner().invoke(app, ["verify", "answer.attested", "--policy", str(place.policy)])
    assert "'Once upon a time'" in verified.output


def test_draws_are_repeated_by_their_seed(place: Place) -> None:
    drawn = ("--temperature", 1.5, "--most-tokens", 20, "--seed")
    texts = [
        place.infer("Once", "tiny-tales", *drawn, seed).stdout.split("\n\n")[0]
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_tensors_go_in_and_come_out_of_files(place: Place) -> None:
    a = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.savez("in.npz", a=a, count=np.array(7))
    output = said(place.infer("in.npz", "several", "--out", "out.npz"))
    assert "total 2x3 float32: 7, 9, 11, 13, ..." in output
    with np.load("out.npz") as found:
        np.testing.assert_array_equal(found["total"], 2 * a + 7)
    assert Path("in.attested").exists()


def test_what_does_not_fit_is_refused(place: Place) -> None:
    for question in ("nothing.npz", "a text"):
        assert isinstance(place.infer(question, "several").exception, InvalidInput)
    np.savez("in.npz", b=np.zeros(3))
    assert isinstance(place.infer("in.npz", "several").exception, HushworkError)


def test_without_a_policy_nobody_is_asked(place: Place) -> None:
    words = ["infer", "Once", "--gateway", place.gateway, "--guarantee", "attested"]
    error = CliRunner().invoke(app, words).exception
    assert isinstance(error, InvalidPolicy)
    assert "hush policy" in str(error)
    assert (place.folder / "platform" / POLICY) == place.policy
