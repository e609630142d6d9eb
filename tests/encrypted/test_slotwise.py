"""One image in every slot: the steps are the network, and few ciphertexts are there at once."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from hushwork.encrypted import compile_network, slotwise
from hushwork.encrypted.centred import centred
from hushwork.encrypted.elements import Writer
from hushwork.encrypted.levels import schedule
from hushwork.encrypted.lifetimes import alive
from hushwork.encrypted.lowered import Lowered
from hushwork.encrypted.parameters import LOG_N, carrier
from hushwork.encrypted.simulate import outputs, simulate
from hushwork.encrypted.stages import Affine, Product
from hushwork.encrypted.tiling import blocks, tiles
from hushwork.errors import DoesNotFit
from hushwork.networks import evaluate
from tests.encrypted.networks import Builder, random_networks, small


def full(network):
    """The plan of a full batch, in the smallest ring that carries the network."""
    levels = Lowered.of(network).levels
    log_n = next(log_n for log_n in LOG_N if carrier(levels, log_n))
    return compile_network(network, images=1 << log_n)


def check(network, seed=1):
    plan = full(network)
    assert plan.slots == 1
    x = np.random.default_rng(seed).random(network.input_shape)
    wanted = evaluate(network, x[None])[0].reshape(-1)
    got = outputs(plan, simulate(plan, x)[0])
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-9 * max(1, np.abs(wanted).max()))
    return plan


def lenet():
    square, padding = (0.2, 0.5, 0.2), (2, 2, 2, 2)
    net = Builder((1, 28, 28)).convolve(8, (5, 5), (2, 2), padding).polynomial(*square)
    net.convolve(16, (5, 5), (2, 2), padding).polynomial(*square).flatten()
    return net.linear(32).polynomial(*square).linear(10).build("lenet")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(random_networks())
def test_any_network_is_computed_exactly(network):
    check(network)


def test_no_step_rotates():
    plan = check(small())
    assert not {step["op"] for step in plan.steps} & {"linear", "rotate_add"}
    assert plan.gather.tolist() == [[e] for e in range(81)]
    assert plan.scatter.tolist() == [[0], [1], [2]]


def test_an_output_that_reads_nothing_is_its_bias():
    net = Builder((6,)).linear(4)
    net.layers[-1].weight[1:3] = 0.0
    check(net.build())
    net.layers[-1].weight[:] = 0.0
    check(net.build())


def test_every_entry_is_in_one_block():
    lowered = Lowered.of(lenet())
    for stage in lowered.stages.stages:
        if not isinstance(stage, Affine):
            continue
        (_, matrix), *_ = stage.terms
        x = np.random.default_rng(0).random(matrix.columns)
        got = np.zeros(matrix.rows)
        for block in (one for some in blocks(lowered.stages, stage).values() for one in some):
            sums = np.add.reduceat(block.weights * x[block.columns], block.starts[:-1])
            got[block.rows] += sums
        np.testing.assert_allclose(got, matrix.apply(x), atol=1e-12)


def test_channels_of_a_position_read_the_same_side_by_side():
    lowered = Lowered.of(lenet())
    stage = next(one for one in lowered.stages.stages if isinstance(one, Affine) and one.output > 1)
    (block,) = blocks(lowered.stages, stage)[3]
    lists = [block.columns[a:b] for a, b in zip(block.starts, block.starts[1:], strict=False)]
    for first in range(0, len(lists), 16):
        assert all(np.array_equal(one, lists[first]) for one in lists[first : first + 16])


def written(network):
    lowered = Lowered.of(network)
    moduli = [1 << 30] * lowered.levels.input
    stages = centred(lowered.stages)
    writer = Writer(stages, lowered.levels, moduli, (2.0**30, 2.0**31))
    return lowered, writer, writer.run()


def test_a_window_of_each_value_is_there_at_once():
    lowered, writer, kept = written(lenet())
    limbs = list(alive(writer.steps, writer.limbs, 784, kept))
    sizes = [int(np.prod(atom.shape)) for atom in lowered.stages.atoms]
    inputs, rows = 784 * 8, 14 * 8
    window, made = 5 * rows * 6, 2 * 7 * 16 * 5
    assert max(limbs) <= inputs + window + 2 * rows * 7 + made
    assert max(limbs) < 0.7 * (inputs + sizes[2] * 6 + sizes[3] * 5)
    assert limbs[-1] == 32 * 2 + 10


def test_nothing_is_read_before_it_is_made_nor_made_twice():
    _, writer, kept = written(lenet())
    made = set(range(784))
    for step in writer.steps:
        reads = step.get("inputs") or [step[k] for k in ("a", "b", "input") if k in step]
        writes = step.get("outputs") or [step["output"]]
        assert made.issuperset(reads)
        assert made.isdisjoint(writes)
        made.update(writes)
    assert made.issuperset(kept.tolist())


def test_tiles_are_parts_of_rows():
    atoms = Lowered.of(lenet()).stages.atoms
    assert tiles(atoms[1]).reshape(8, 14, 14)[:, 3].tolist() == [[3] * 14] * 8
    wide = replace(atoms[1], shape=(50, 3, 5))
    assert tiles(wide).reshape(50, 3, 5)[7].tolist() == [
        [0, 0, 1, 1, 2],
        [3, 3, 4, 4, 5],
        [6, 6, 7, 7, 8],
    ]
    assert set(tiles(atoms[-1])) == {0}


def test_shifts_of_squares_move_into_the_constants():
    lowered = Lowered.of(lenet())
    made = centred(lowered.stages)
    products = [stage for stage in made.stages if isinstance(stage, Product)]
    assert [stage.shift for stage in products] == [None] * 3
    assert any(stage.shift is not None for stage in lowered.stages.stages[1::2])
    assert schedule(made) == lowered.levels


def test_what_others_read_keeps_its_shift():
    net = Builder((6,)).linear(6).polynomial(0.1, 0.5, 0.3)
    trunk = net.layers[0].output
    network = net.linear(6).plus(trunk).linear(3).build()
    check(network)
    assert any(step["op"] == "add_plain" for step in full(network).steps)


def test_a_batch_beyond_memory_is_refused(monkeypatch):
    monkeypatch.setattr(slotwise, "MEMORY", 1 << 28)
    full(small())
    with pytest.raises(DoesNotFit, match="memory"):
        full(lenet())


def test_a_ring_has_a_slot_for_each_image():
    with pytest.raises(DoesNotFit, match="slots"):
        compile_network(small(), images=1 << 17)
