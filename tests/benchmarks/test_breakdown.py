from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from benchmarks import floors
from benchmarks.breakdown import Count, Counter, Switching, linear_switching
from benchmarks.figures import Figure, Measured
from benchmarks.floors import Ring
from benchmarks.growing import lenet
from hushwork.encrypted import EncryptedWorker, guarantee, summarise

RING = Ring(15, 15, 5, 5)


def step(*places: tuple[int, int, int, int, int], outputs: int = 1) -> dict[str, object]:
    terms = [(*place, np.zeros(8)) for place in places]
    return {"op": "linear", "outputs": list(range(outputs)), "terms": terms, "giant_step": 4}


def test_a_sum_without_rotations_is_divided_once() -> None:
    assert linear_switching(step((0, 0, 0, 0, 0))) == Switching(0, 0, 2, 0)


def test_babies_share_a_decomposition() -> None:
    babies = step((0, 0, 0, 0, 1), (0, 0, 0, 0, 2), (0, 1, 0, 0, 2))
    assert linear_switching(babies) == Switching(switches=3, decompositions=2, halves=2, keys=2)


def test_an_anchor_is_decomposed_again_for_its_babies_alone() -> None:
    alone = linear_switching(step((0, 0, 64, 0, 0)))
    assert alone == Switching(switches=1, decompositions=1, halves=3, keys=1)
    rotated = linear_switching(step((0, 0, 64, 0, 1)))
    assert rotated == Switching(switches=2, decompositions=2, halves=3, keys=2)


def test_horner_takes_as_many_giants_as_the_highest_of_each_output() -> None:
    giants = step((0, 0, 0, 3, 0), (0, 0, 0, 1, 0), (1, 0, 0, 2, 0), outputs=2)
    assert linear_switching(giants) == Switching(switches=5, decompositions=5, halves=9, keys=1)


def test_a_rotation_alone_costs_what_the_floor_of_one_does() -> None:
    count = Switching(1, 1, 2, 1).count(RING)
    rotation = RING.work("rotation")
    parts = (count.switching, count.transforming, count.multiplying, count.rest)
    assert sum(parts) == rotation.multiply_adds
    assert count.switching == RING.inner_product
    assert count.moved == rotation.moved
    assert count.transforms == (15 + 3 * 15) + 2 * 20


@pytest.fixture(scope="module")
def worker() -> EncryptedWorker:
    return guarantee.worker(lenet(narrow=8))


def test_long_weights_are_kept_transformed_as_long_as_there_is_room(
    worker: EncryptedWorker,
) -> None:
    long, short = 8192, 64
    counter = Counter(worker.plan, granted=20 * long * 8)
    terms = [(0, 0, 0, 0, 0, np.zeros(words)) for words in (long, short, long)]
    count = counter._weights({"terms": terms}, RING)
    assert RING.all == 20
    assert count.moved == 20 * (long + short) * 8 + 4 * long
    assert count.transforms == 20
    assert count.transforming == 20 * 3 * long / 2 * 13


def test_a_plan_is_counted_as_its_summary_does(worker: EncryptedWorker) -> None:
    counted, summary = Counter(worker.plan).layers(), summarise(worker)
    assert list(counted) == [layer.name for layer in summary.layers]
    for layer in summary.layers:
        count = counted[layer.name]
        assert count.switches == layer.rotations + layer.cipher_products
        assert count.products == layer.plain_products


def test_limbs_fall_to_those_of_the_answer(worker: EncryptedWorker) -> None:
    counter = Counter(worker.plan)
    counter.layers()
    limbs = {counter.limbs[register] for register in worker.plan.results}
    assert limbs == {limbs for limbs, _ in worker.program.outputs}


def test_layers_are_set_against_the_higher_floor_of_each() -> None:
    speeds = {"multiply_add": 1e-11, "l3": 1e-8}
    limits = Measured("machine", tuple(Figure(name, s, s) for name, s in speeds.items()))
    counted = {
        "busy": Count(3, 50, 7, 2e8, 4e8, 3e8, 1e8, moved=1e5),
        "reading": Count(1, 2, 0, switching=1e8, moved=1e6),
    }
    layers = [{"name": name, "seconds": 0.02, **asdict(each)} for name, each in counted.items()]
    busy = ["2.00 ms", "4.00 ms", "3.00 ms", "1.00 ms", "1.00 ms"]
    assert floors.layers(layers, limits) == [
        ["busy", "20.0 ms", "3", "50", "7", *busy, "2.00x"],
        ["reading", "20.0 ms", "1", "2", "0", "1.00 ms", "", "", "", "10.0 ms", "2.00x"],
        ["**all**", "40.0 ms", "4", "52", "7", "3.00 ms", *busy[1:4], "11.0 ms", "2.00x"],
    ]
