"""Partial slots: outputs in pieces, which rotations then sum."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hushwork.encrypted import compile_network
from hushwork.encrypted.diagonals import build, place
from hushwork.encrypted.layout import GARBAGE, VALUE, ZERO, Geometry, Grid, grid, power_of_two
from hushwork.encrypted.layout import build as slotted
from hushwork.encrypted.layouts import partials, replicated
from hushwork.encrypted.matrix import convolution
from hushwork.encrypted.stages import Atom
from tests.encrypted.networks import Builder
from tests.encrypted.test_plans import assert_plan_is

SLOTS = 1 << 11
GEOMETRY = Geometry(SLOTS, (2, 2), 8, 32)


def contents(layout, values, random):
    """Slots that hold values where the layout says so, and anything in its garbage."""
    slots = np.where(layout.states == GARBAGE, random.standard_normal(layout.states.shape), 0)
    element, copy = np.nonzero(layout.addresses >= 0)
    slots.reshape(-1)[layout.addresses[element, copy]] = values[element]
    return slots


def summed(slots, steps):
    for step in steps:
        slots = slots + np.roll(slots, -step, axis=1)
    return slots


def run(made, slots, bias):
    results = np.zeros((made.layout.ciphertexts, SLOTS))
    places = zip(made.places.output, made.places.input, made.places.offset, strict=True)
    for (output, source, offset), weights in zip(places, made.weights, strict=True):
        repeated = np.tile(weights, SLOTS // len(weights))
        results[output] += np.roll(slots[source], -offset) * repeated
    biases = [np.tile(vector, SLOTS // len(vector)) for vector in made.bias(bias)]
    return summed(results + biases, made.sums)


def assert_holds(layout, slots, values):
    assert not slots[layout.states == ZERO].any()
    element, copy = np.nonzero(layout.addresses >= 0)
    held = layout.addresses[element, copy]
    assert (layout.states.reshape(-1)[held] == VALUE).all()
    np.testing.assert_allclose(slots.reshape(-1)[held], values[element], atol=1e-12)


def case(channels, outputs, stride, tiled, seed):
    """A convolution on one grid: matrix, layouts, and the ways to sum partial slots."""
    net = Builder((channels, 9, 10), seed)
    net.convolve(outputs, (3, 3), (stride, stride), (1, 1, 1, 1))
    matrix = convolution(net.layers[0], (channels, 9, 10), net.shape)
    form = Grid(GEOMETRY, (1, 1), power_of_two(channels))
    source = grid((channels, 9, 10), form, tiled)
    atom = Atom("y", net.shape, (stride, stride), 1.0)
    target = grid(net.shape, Grid(GEOMETRY, atom.stride, power_of_two(outputs)), False)
    return matrix, source, target, partials(atom, GEOMETRY, target)


@settings(max_examples=30, deadline=None)
@given(
    channels=st.sampled_from([1, 3, 4]),
    outputs=st.sampled_from([1, 3, 8]),
    tiled=st.booleans(),
    masked=st.booleans(),
    dirty=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_partial_slots_sum_to_the_convolution(channels, outputs, tiled, masked, dirty, seed):
    random = np.random.default_rng(seed)
    matrix, source, target, ways = case(channels, outputs, 2, tiled, seed)
    if dirty:
        source = source.with_states(np.where(source.states == ZERO, GARBAGE, source.states))
    x, bias = random.standard_normal(matrix.columns), random.standard_normal(matrix.rows)
    wanted = matrix.apply(x) + bias
    assert len(ways) == 3
    for partial in ways:
        made = build(place([(source, matrix)], target, partial), masked)
        slots = run(made, contents(source, x, random), bias)
        assert_holds(made.layout, slots, wanted)
        assert made.sums == partial
        more, steps = replicated(made.layout)
        assert_holds(more, summed(slots, steps), wanted)


def test_partial_slots_save_diagonals_and_leave_room_for_copies():
    matrix, source, target, ways = case(4, 4, 2, True, 0)
    plain, halves, quarters = (place([(source, matrix)], target, way) for way in ways)
    assert ways == [(), (4,), (4, 8)]
    assert len(quarters.places) <= len(halves.places) < 0.6 * len(plain.places)
    copied, steps = replicated(build(halves, False).layout)
    assert steps == (-8, -16)
    assert copied.addresses.shape[1] == 4


def test_copies_put_garbage_on_garbage_but_not_on_values():
    layout = slotted(np.array([[1]]), 8, 8, "by hand")
    states = layout.states.copy()
    states[0, 0] = GARBAGE
    copied, steps = replicated(layout.with_states(states))
    assert steps == (-2, -4)
    assert copied.states.tolist() == [[GARBAGE, VALUE] * 4]


def test_a_full_cell_has_no_room_for_partial_slots():
    *_, ways = case(4, 8, 1, False, 0)
    assert ways == [()]


def test_a_plan_with_partial_slots_is_the_network():
    net = Builder((1, 28, 28)).convolve(16, (3, 3), (2, 2), (1, 1, 1, 1)).activate()
    net.convolve(16, (3, 3), (2, 2), (1, 1, 1, 1)).activate()
    network = net.pool((3, 3), (3, 3)).flatten().linear(4).build()
    plan = assert_plan_is(network)
    assert compile_network(network).digest == plan.digest
    linear = [step["op"] for step in plan.steps].index("linear", 2)
    after = plan.steps[linear + 1]
    assert (after["op"], after["steps"]) == ("rotate_add", [16])
