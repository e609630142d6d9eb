"""Plans on disk: found again whole, never believed, compiled once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import numpy as np
import pytest

from hushwork.encrypted import compile_network, guarantee, shared
from hushwork.encrypted.shared import decode, encode, shared_plan
from hushwork.encrypted.simulate import simulate
from hushwork.errors import InvalidInput
from tests.encrypted.networks import small


@pytest.fixture(scope="module")
def plan():
    return compile_network(small())


@pytest.fixture
def compiled(plan, monkeypatch):
    """The networks that were compiled."""
    asked = []

    def compile_once(network, _):
        asked.append(network)
        return plan

    monkeypatch.setattr(shared, "compile_network", compile_once)
    return asked


def one_file(folder):
    [path] = folder.glob("*.plan")
    return path


def test_a_plan_comes_back_as_it_went(plan):
    again = decode(encode(plan))
    assert again.digest == plan.digest
    assert (again.tiers, again.layers, again.bounds) == (plan.tiers, plan.layers, plan.bounds)
    x = np.random.default_rng(0).random(small().input_shape)
    np.testing.assert_array_equal(simulate(again, x)[0], simulate(plan, x)[0])


def test_a_worker_of_a_plan_from_disk_offers_the_same_manifest(worker, network, tmp_path):
    for _ in range(2):
        made = guarantee.worker(network, None, tmp_path)
        assert made.manifest == worker.manifest
    one_file(tmp_path)


def test_a_network_is_compiled_once(compiled, tmp_path):
    for _ in range(2):
        shared_plan(tmp_path, small())
    assert len(compiled) == 1
    shared_plan(tmp_path, replace(small(), digest="1" * 64))
    assert len(compiled) == 2


def test_other_code_compiles_anew(compiled, tmp_path, monkeypatch):
    shared_plan(tmp_path, small())
    monkeypatch.setattr(shared, "_code", lambda: "of the next release")
    shared_plan(tmp_path, small())
    assert len(compiled) == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:],
        lambda _: b"",
        lambda _: encode(compile_network(small(seed=1))),
    ],
    ids=["cut", "bit flipped", "empty", "of other weights"],
)
def test_what_does_not_compute_the_network_is_made_anew(compiled, tmp_path, caplog, spoil):
    shared_plan(tmp_path, small())
    path = one_file(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(spoil(whole))
    shared_plan(tmp_path, small())
    assert len(compiled) == 2
    assert "made anew" in caplog.text
    assert path.read_bytes() == whole


def test_a_folder_that_others_may_write_to_is_refused(compiled, tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(InvalidInput, match="only you"):
        shared_plan(tmp_path, small())
    assert compiled == []


def test_one_process_compiles_and_the_others_wait(plan, tmp_path, monkeypatch):
    begun, may_end, phases = Event(), Event(), []

    def compile_slowly(*_):
        assert not begun.is_set(), "compiled twice"
        begun.set()
        assert may_end.wait(20)
        return plan

    def tell(phase, *_):
        phases.append(phase)
        if len(phases) == 3:
            may_end.set()

    monkeypatch.setattr(shared, "compile_network", compile_slowly)
    with ThreadPoolExecutor() as pool:
        plans = pool.map(lambda _: shared_plan(tmp_path, small(), tell), range(3))
        assert {one.digest for one in plans} == {plan.digest}
    assert phases == ["waiting for the plan"] * 3
