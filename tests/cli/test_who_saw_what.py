"""Who saw what: every other process's bytes, searched for the image and for the secret key.

The processes are real. All they receive goes through recorders, all they write lies in one
directory. The same search over the same network with the test-only guarantee finds the image at
the gateway and at a miner, which shows that it would see a leak.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest

import hushwork
from hushwork.cli import processes
from tests.cli.needles import Search, image_needles
from tests.cli.watched import WatchedTown, watched_town
from tests.insecure_plain import NAME, InsecurePlain

IMAGE = np.random.default_rng(20).integers(0, 256, (28, 28), dtype=np.uint8)


def findings(town: WatchedTown, search: Search) -> dict[str, set[str]]:
    """What was found at whom."""
    places = [(name, data) for name, streams in town.received().items() for data in streams]
    places += list(town.stored().items())
    found: dict[str, set[str]] = {}
    for name, data in places:
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
