"""Who saw what: every other process's bytes, searched for the image and for the secret key.

The processes are real. All they receive goes through recorders, all they write lies in one
directory. The same search over the same network with the test-only guarantee finds the image at
the gateway and at a miner, and a file planted among those of a miner is found in every run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

import hushwork
from hushwork.cli import processes
from hushwork.encrypted import EncryptedClient
from hushwork.subnet import Model, Result
from tests.cli.needles import Search, image_needles, recover, secret_needles
from tests.cli.watched import WatchedTown, watched_town
from tests.insecure_plain import NAME, InsecurePlain

PLANTED = "miner-1/planted"
IMAGE = np.random.default_rng(20).integers(0, 256, (28, 28), dtype=np.uint8)


def findings(town: WatchedTown, search: Search) -> dict[str, set[str]]:
    """What was found at whom."""
    found: dict[str, set[str]] = {}
    for name, data in town.seen():
        found.setdefault(name, set()).update(search.find(data))
    return {name: names for name, names in found.items() if names}


def test_the_search_finds_an_image_that_is_sent_in_the_clear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processes, "COMMAND", (sys.executable, "-m", "tests.cli.insecure_hush"))
    guarantees = {NAME: InsecurePlain()}
    with watched_town() as town:
        door = hushwork.connect(town.gateway, guarantees=guarantees, insecure_for_tests=True)
        with door, door.model() as model:
            model.infer(IMAGE, check=1)
            found = findings(town, Search(image_needles(IMAGE)))
    assert "gateway" in found
    assert {"miner-1", "miner-2"} & set(found)
    assert all("unit <f8" in name for names in found.values() for name in names)


@dataclass(frozen=True)
class Watched:
    found_image: dict[str, set[str]]
    found_key: dict[str, set[str]]
    result: Result
    bytes_searched: int


def secret_of(model: Model) -> tuple[NDArray[np.int64], list[int]]:
    """The key that this model keeps, got out of its client by force, and the primes."""
    client = model._client
    assert isinstance(client, EncryptedClient)
    key, parameters = client._secret, client._terms.parameters
    return recover(key, parameters), [*parameters.moduli, *parameters.special]


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with watched_town() as town, hushwork.connect(town.gateway) as door:
        model = door.model()
        result = model.infer(IMAGE, check=1)
        secret, primes = secret_of(model)
        plant = town.house.directory / PLANTED
        plant.write_bytes(b"leaked: " + IMAGE.tobytes() + secret.astype(np.int8).tobytes())
        yield Watched(
            found_image=findings(town, Search(image_needles(IMAGE))),
            found_key=findings(town, Search(secret_needles(secret, primes))),
            result=result,
            bytes_searched=sum(len(data) for _, data in town.seen()),
        )


def test_nobody_else_saw_the_image(watched: Watched) -> None:
    assert set(watched.found_image) == {PLANTED}


def test_nobody_else_saw_the_secret_key(watched: Watched) -> None:
    assert set(watched.found_key) == {PLANTED}


def test_what_was_searched_is_what_was_sent(watched: Watched) -> None:
    """Each hop of the evaluation keys and the requests lies in what was searched."""
    assert watched.result.trusted
    assert watched.bytes_searched > 2 * watched.result.bytes_sent
