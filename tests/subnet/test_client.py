"""The SDK: checks, mistakes, and what it does when the other side goes away."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

import hushwork
from hushwork.errors import (
    BadAnswer,
    InsecureGuarantee,
    InvalidInput,
    MalformedBytes,
    RefusedManifest,
    UnknownManifest,
    Unreachable,
)
from hushwork.guarantee import Manifest
from hushwork.subnet import connect
from hushwork.subnet.known import shipped_answers
from tests.insecure_plain import NAME, InsecurePlain, InsecureWorker
from tests.subnet.town import LABELS, Town, pictures, tiny_network, wait_until


class Careless(InsecureWorker):
    """Every second answer belongs to another image."""

    calls = 0

    def answer(self, image: np.ndarray) -> np.ndarray:
        self.calls += 1
        return super().answer(image if self.calls % 2 else image[:, ::-1, ::-1])


class Broken(InsecureWorker):
    """Never a finite number."""

    def answer(self, image: np.ndarray) -> np.ndarray:
        return super().answer(image) + np.inf


def test_a_result_says_everything(town: Town) -> None:
    miner = town.miner("miner")
    model = town.door(town.gateway()).model()
    phases: list[str] = []
    result = model.infer(pictures()[1], progress=lambda phase, *_: phases.append(phase))
    assert result.label == "right"
    assert next(iter(result.scores)) == "right"
    assert set(result.scores) == set(LABELS)
    assert list(result.scores.values()) == sorted(result.scores.values(), reverse=True)
    assert np.allclose(result.output, InsecureWorker(tiny_network()).answer(pictures()[1]))
    assert 0 < result.seconds < 5
    assert result.bytes_received == model.manifest.response_limit
    assert result.who_saw_what == InsecurePlain().who_saw_what()
    assert result.miner == miner._hotkey.address
    assert (result.checks, result.checks_passed, result.trusted) == (0, 0, True)
    assert set(phases) == {"keys", "upload", "session", "waiting", "opened"}


def test_checks_pass_at_an_honest_miner_and_hide_among_the_images(town: Town) -> None:
    worker = InsecureWorker(tiny_network())
    seen: list[bytes] = []
    answer = worker.answer
    worker.answer = lambda image: (seen.append(image.tobytes()), answer(image))[1]  # type: ignore[method-assign]
    town.miner("miner", worker)
    model = town.door(town.gateway()).model()
    places = set()
    for _ in range(8):
        seen.clear()
        result = model.infer(pictures()[0], check=2)
        assert (result.checks, result.checks_passed, result.trusted) == (2, 2, True)
        assert result.label == "left"
        assert len(seen) == 3
        places.add(seen.index(pictures()[0].tobytes()))
    assert len(places) > 1


def test_checks_find_a_careless_miner(town: Town) -> None:
    town.miner("miner", Careless(tiny_network()))
    result = town.door(town.gateway()).model().infer(pictures()[0], check=5)
    assert result.checks == 5
    assert result.checks_passed < 5
    assert not result.trusted


def test_an_answer_that_is_none_is_an_error_for_ones_own_image(town: Town) -> None:
    town.miner("miner", Broken(tiny_network()))
    with pytest.raises(BadAnswer):
        town.door(town.gateway()).model().infer(pictures()[0])


def test_an_answer_that_is_none_is_a_failed_check_for_a_known_image(town: Town) -> None:
    class Biased(Broken):
        def answer(self, image: np.ndarray) -> np.ndarray:
            own = np.array_equal(image, pictures()[0])
            return InsecureWorker.answer(self, image) if own else super().answer(image)

    town.miner("miner", Biased(tiny_network()))
    result = town.door(town.gateway()).model().infer(pictures()[0], check=2)
    assert (result.label, result.checks, result.checks_passed) == ("left", 2, 0)


def test_checks_need_known_answers(town: Town) -> None:
    town.miner("miner")
    url = town.gateway()
    guarantees = {NAME: InsecurePlain()}
    with connect(url, guarantees=guarantees, insecure_for_tests=True) as door:
        with pytest.raises(InvalidInput, match="known answers"):
            door.model().infer(pictures()[0], check=1)
        assert door.model().infer(pictures()[0]).label == "left"
    with pytest.raises(InvalidInput, match="at most"):
        town.door(url).model().infer(pictures()[0], check=1000)


def test_pictures_of_many_kinds(town: Town, tmp_path: Path) -> None:
    town.miner("miner")
    model = town.door(town.gateway()).model()
    pixels = (pictures()[3][0] * 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    image.save(tmp_path / "image.png")
    for picture in (pixels, image, tmp_path / "image.png", str(tmp_path / "image.png")):
        assert model.infer(picture).label == "bottom"


def test_an_image_of_the_wrong_size_never_leaves(town: Town) -> None:
    town.miner("miner")
    model = town.door(town.gateway()).model()
    with pytest.raises(InvalidInput) as wrong:
        model.infer(np.zeros((9, 8)))
    assert (wrong.value.expected, wrong.value.got) == ("shape (1, 8, 8)", "shape (9, 8)")
    assert model._session == ""


def test_models_are_found_by_name_and_by_digest(town: Town) -> None:
    town.miner("miner")
    door = town.door(town.gateway())
    [info] = door.models()
    for name in (None, "tiny", info.network_digest, info.manifest_digest):
        assert door.model(name).manifest.digest == info.manifest_digest
    assert door.model(guarantee=NAME).manifest.guarantee == NAME
    for name, guarantee in (("huge", None), (None, "encrypted")):
        with pytest.raises(UnknownManifest):
            door.model(name, guarantee)


def test_nobody_offers_anything(town: Town) -> None:
    door = town.door(town.gateway())
    assert door.models() == ()
    with pytest.raises(UnknownManifest):
        door.model()


def test_a_guarantee_for_tests_is_refused(town: Town) -> None:
    town.miner("miner")
    url = town.gateway()
    for guarantees in ({}, {NAME: InsecurePlain()}):
        with connect(url, guarantees=guarantees) as door, pytest.raises(InsecureGuarantee):
            door.model()


class Suspicious(InsecurePlain):
    def client(self, manifest: Manifest, policy: object = None) -> object:  # type: ignore[override]  # noqa: ARG002
        raise RefusedManifest("parameters", expected="better ones", got=manifest.digest)


def test_a_manifest_that_the_guarantee_refuses_is_refused(town: Town) -> None:
    town.miner("miner")
    guarantees = {NAME: Suspicious()}
    door = connect(town.gateway(), guarantees=guarantees, insecure_for_tests=True)
    with door, pytest.raises(RefusedManifest):
        door.model()


def test_a_gateway_that_lies_about_a_manifest_is_found_out(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.miner("miner")
    door = town.door(town.gateway())
    other = InsecureWorker(tiny_network(5)).manifest.to_bytes()
    get = door._http.get
    monkeypatch.setattr(
        door._http,
        "get",
        lambda target, **limit: other if "manifests" in target else get(target, **limit),
    )
    with pytest.raises(MalformedBytes):
        door.model()


def test_closing_destroys_the_keys_and_ends_the_session(town: Town) -> None:
    miner = town.miner("miner")
    with town.door(town.gateway()) as door:
        model = door.model()
        model.infer(pictures()[0])
        assert len(miner._sessions) == 1
    assert model._client.closed  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="closed"):
        model.infer(pictures()[0])
    model.close()
    wait_until(lambda: len(miner._sessions) == 0)


def test_a_gateway_that_restarts_has_the_hello_still(town: Town) -> None:
    town.miner("miner")
    url = town.gateway()
    model = town.door(url).model()
    first = model.infer(pictures()[0])
    town.stops["gateway"]()
    town.gateway(port=urlsplit(url).port or 0)
    again = model.infer(pictures()[1])
    assert again.label == "right"
    assert again.bytes_sent < first.bytes_sent / 100


def test_a_miner_that_dies_between_two_images_is_not_noticed(town: Town) -> None:
    miners = {name: town.miner(name) for name in "ab"}
    model = town.door(town.gateway()).model()
    first = model.infer(pictures()[0])
    [dead] = [name for name, miner in miners.items() if miner._hotkey.address == first.miner]
    miners[dead].close()
    town.stops[dead]()
    second = model.infer(pictures()[1])
    assert second.label == "right"
    assert second.miner != first.miner


def test_no_gateway_no_answer() -> None:
    with pytest.raises(Unreachable):
        connect("http://127.0.0.1:9")


def test_three_lines_of_python_reach_the_sdk() -> None:
    assert hushwork.connect is connect


def test_known_answers_ship_with_the_package() -> None:
    network = hushwork.networks.open_network("lenet-fashion-mnist")
    known = shipped_answers(network.digest)
    assert known is not None
    assert known.images.shape == (256, 1, 28, 28)
    assert np.allclose(known.outputs, hushwork.networks.PlainRun(network)(known.images))
    chosen = known.choose(100, np.random.default_rng(0))
    assert len({image.tobytes() for image, _ in chosen}) == 100


def test_known_answers_of_vgg_9_are_those_of_its_own_sample() -> None:
    network = hushwork.networks.open_network("vgg9")
    known = shipped_answers(network.digest)
    assert known is not None
    assert known.images.shape == (100, 3, 32, 32)
    assert known.outputs.shape == (100, 10)
    assert shipped_answers("0" * 64) is None
