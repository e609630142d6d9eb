"""The compiler's parts, each against something slower and plainer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hushwork.encrypted import matrix as matrices
from hushwork.encrypted import search as search_module
from hushwork.encrypted.cost import Cost, Turns
from hushwork.encrypted.cover import choose
from hushwork.encrypted.diagonals import build, place
from hushwork.encrypted.fill import Places, fill, reached
from hushwork.encrypted.layout import GARBAGE, VALUE, ZERO, Geometry, Grid, dense, grid
from hushwork.encrypted.layouts import replicated
from hushwork.encrypted.levels import schedule
from hushwork.encrypted.lowering import lower
from hushwork.encrypted.matrix import Matrix
from hushwork.encrypted.rotations import Rotations, Split, Splits
from hushwork.encrypted.search import search
from hushwork.encrypted.tiers import Tier
from hushwork.networks import evaluate
from tests.encrypted.networks import Builder, small

SLOTS = 256


def whole(matrix):
    """As a full array."""
    full = np.zeros((matrix.rows, matrix.columns))
    np.add.at(full, (matrix.row, matrix.column), matrix.value)
    return full


def sparse(rows, columns, seed, density=0.3):
    random = np.random.default_rng(seed)
    full = random.standard_normal((rows, columns)) * (random.random((rows, columns)) < density)
    row, column = np.nonzero(full)
    return Matrix(rows, columns, row, column, full[row, column])


@given(st.integers(0, 2**32))
def test_matrices_multiply_and_add_like_full_arrays(seed):
    a, b, c = sparse(5, 7, seed), sparse(7, 4, seed + 1), sparse(7, 4, seed + 2)
    np.testing.assert_allclose(whole(a @ b), whole(a) @ whole(b), atol=1e-12)
    np.testing.assert_allclose(whole(b + c), whole(b) + whole(c), atol=1e-12)
    places = (a @ b).row * 4 + (a @ b).column
    assert len(np.unique(places)) == len(places)
    assert a.products(b) == np.count_nonzero(whole(a)[:, :, None] * whole(b)[None])


@given(st.integers(0, 2**32))
def test_matrices_that_scale_or_gather_multiply_like_full_arrays(seed):
    random = np.random.default_rng(seed)
    a, b = sparse(6, 7, seed), sparse(7, 5, seed + 1)
    scaling = Matrix.diagonal(random.integers(0, 3, 7).astype(float))
    gathering = Matrix(7, 9, random.integers(0, 7, 9), np.arange(9), random.random(9))
    for left, right in ((a, scaling), (scaling, b), (scaling, scaling), (a, gathering)):
        made = left @ right
        np.testing.assert_allclose(whole(made), whole(left) @ whole(right), atol=1e-12)
        assert made.value.all()


@pytest.mark.parametrize("groups", [1, 2])
def test_a_convolution_as_a_matrix(groups):
    net = Builder((4, 7, 6)).convolve(6, (3, 2), (2, 1), (1, 0, 2, 1), groups).build()
    layer, x = net.layers[0], np.random.default_rng(0).random((4, 7, 6))
    made = matrices.convolution(layer, net.shapes["x"], net.shapes[net.output])
    wanted = evaluate(net, x[None])[0] - layer.bias[:, None, None]
    np.testing.assert_allclose(made.apply(x.reshape(-1)), wanted.reshape(-1), atol=1e-12)


@pytest.mark.parametrize("count_padding", [True, False])
def test_pooling_as_a_matrix(count_padding):
    net = Builder((3, 7, 6)).pool((3, 2), (2, 3), (1, 0, 1, 1), count_padding).build()
    x = np.random.default_rng(0).random((3, 7, 6))
    made = matrices.average_pool(net.layers[0], net.shapes["x"], net.shapes[net.output])
    wanted = evaluate(net, x[None])[0].reshape(-1)
    np.testing.assert_allclose(made.apply(x.reshape(-1)), wanted, atol=1e-12)


def layouts():
    geometry = Geometry(SLOTS, (2, 2), 4, 16)
    form = Grid(geometry, (1, 1), 2)
    return [grid((2, 6, 8), form, tiled) for tiled in (False, True)] + [dense(96, SLOTS)]


@pytest.mark.parametrize("source", layouts(), ids=lambda layout: layout.key[:5] + layout.key[-5:])
@pytest.mark.parametrize("target", layouts(), ids=lambda layout: layout.key[:5] + layout.key[-5:])
@pytest.mark.parametrize("masked", [False, True])
def test_diagonals_carry_any_matrix_between_any_layouts(source, target, masked):
    matrix = sparse(96, 96, 3, 0.05)
    made = build(place([(source, matrix)], target), masked)
    x = np.random.default_rng(1).standard_normal(96)
    slots = np.zeros(SLOTS)
    slots[source.addresses] = x[:, None]
    slots[source.states[0] == GARBAGE] = np.nan
    out = np.zeros(SLOTS)
    for offset, weights in zip(made.places.offset, made.weights, strict=True):
        out += np.roll(slots, -offset) * np.tile(weights, SLOTS // len(weights))
    for rotation in made.sums:
        out = out + np.roll(out, -rotation)
    wanted = matrix.apply(x)
    np.testing.assert_allclose(out[made.layout.addresses], wanted[:, None] + 0 * target.addresses)
    assert not out[made.layout.states[0] == ZERO].any()
    if masked:
        assert not (made.layout.states == GARBAGE).any()


def test_channels_fill_the_columns_and_rows_that_pooling_leaves_out():
    geometry = Geometry(SLOTS, (2, 1), 8, 4)
    fine, pooled, small = (Grid(geometry, stride, 8) for stride in ((1, 1), (2, 2), (4, 4)))
    assert [form.cell for form in (fine, pooled, small)] == [4, 8, 16]
    assert grid((8, 8, 8), fine, False).ciphertexts == 4
    assert grid((8, 4, 4), pooled, False).ciphertexts == 1
    wide = grid((32, 2, 2), Grid(geometry, (4, 4), 32), False)
    assert wide.ciphertexts == 1
    assert len(np.unique(wide.addresses)) == 32 * 2 * 2
    # The upper half of the channels lies in the coarse row below.
    np.testing.assert_array_equal(wide.addresses[16 * 4 :], wide.addresses[: 16 * 4] + geometry.row)


def test_rows_apart_take_a_tap_by_the_same_rotation_everywhere():
    source = Grid(Geometry(SLOTS, (2, 1), 8, 4), (1, 1), 4)
    layout = grid((4, 8, 8), source, False)
    moved = layout.addresses.reshape(4, 8, 8)
    assert len(np.unique(moved[:, :, 1:] - moved[:, :, :-1])) == 1
    assert len(np.unique(moved[:, 2:] - moved[:, :-2])) == 1


def test_garbage_is_never_read():
    source = layouts()[0]
    states = np.where(source.states == ZERO, GARBAGE, source.states)
    matrix = sparse(96, 96, 3, 0.05)
    made = build(place([(source.with_states(states), matrix)], source), False)
    x = np.random.default_rng(1).standard_normal(96)
    slots = np.full(SLOTS, 1e6)
    slots[source.addresses] = x[:, None]
    out = np.zeros(SLOTS)
    for offset, weights in zip(made.places.offset, made.weights, strict=True):
        out += np.roll(slots, -offset) * np.tile(weights, SLOTS // len(weights))
    np.testing.assert_allclose(out[source.addresses[:, 0]], matrix.apply(x), atol=1e-9)


def test_copies_fill_what_is_zero():
    source = layouts()[0]
    made, steps = replicated(source)
    slots = np.zeros(SLOTS)
    slots[source.addresses[:, 0]] = np.arange(96) + 1
    for step in steps:
        slots = slots + np.roll(slots, -step)
    assert steps
    np.testing.assert_array_equal(
        slots[made.addresses], (np.arange(96) + 1)[:, None] + 0 * made.addresses
    )
    assert np.array_equal(made.states[0] == VALUE, slots != 0)


def test_few_diagonals_serve_all_entries():
    keys = np.array([[5, 9], [9, 3], [-1, 9], [7, -1]])
    assert keys[np.arange(4), choose(keys, 16, 1)].tolist() == [9, 9, 9, 7]


@settings(max_examples=50)
@given(st.sets(st.integers(0, 255), min_size=1, max_size=40), st.sampled_from([2, 4, 8, 16]))
def test_a_split_adds_up_to_its_offsets(offsets, step):
    offset = np.array(sorted(offsets))
    zero = np.zeros_like(offset)
    model = Cost(1 << 14, (Tier(8, 2, 2), Tier(4, 4, 3)))
    splits = Splits(Places(zero, zero, offset), SLOTS)
    made, cost = splits.cheapest(4, Rotations((64, step), model))
    total = made.shift + made.anchor + made.giant * made.step + made.baby
    assert np.array_equal(total % SLOTS, offset)
    assert (made.giant >= 0).all()
    assert ((made.baby >= 0) & (made.baby < step)).all()
    assert cost == model.rotations(4, Turns(*made.turns(Places(zero, zero, offset))))


@given(st.integers(0, 2**32))
def test_turns_are_those_of_distinct_rotations(seed):
    random = np.random.default_rng(seed)
    output, source, giant, baby = random.integers(0, 3, (4, 12))
    anchor = random.choice([0, 16, 32], 12)
    made = Split(0, 4, anchor, giant, baby)
    parts = set(zip(source.tolist(), anchor.tolist(), baby.tolist(), strict=True))
    moved = {(i, a) for i, a, _ in parts}
    hoisted = sum(b != 0 for _, _, b in parts)
    roots = {(i, 0) for i, a in moved if a}
    highest = [giant[output == each].max() for each in set(output.tolist())]
    counts = [sum(a != 0 for _, a in moved), len(moved | roots if hoisted else roots), hoisted]
    assert made.turns(Places(output, source, anchor)) == (*counts, sum(highest), len(highest))


@settings(max_examples=50)
@given(st.integers(0, 2**32))
def test_weights_repeat_after_as_few_slots_as_can_be(seed):
    random, ring, periods = np.random.default_rng(seed), 16, [2, 4, 8]
    places = Places(np.array([0, 0, 1]), np.array([0, 1, 0]), random.integers(0, ring, 3))
    filled = random.random((2, ring)) < 0.8
    read = [np.roll(filled[i], -s) for i, s in zip(places.input, places.offset, strict=True)]
    wanted = random.random((2, ring)) < random.random()
    which, slot = np.nonzero((random.random((3, ring)) < 0.4) & read & wanted[places.output])
    order = random.permutation(len(which))
    which, slot = which[order], slot[order]
    value = random.choice([1.0, 1.0, 2.0], len(which)) + slot % 2
    weights = fill(places, (which, slot, value), wanted, filled, [*periods, ring])
    met = np.zeros((2, ring), dtype=bool)
    for index, vector in enumerate(weights):
        exact = np.zeros(ring)
        exact[slot[which == index]] = value[which == index]
        fixed = (wanted[places.output[index]] & read[index]) | (exact != 0)
        assert (np.tile(vector, ring // len(vector)) == exact)[fixed].all()
        for period in periods[: periods.index(len(vector)) if len(vector) < ring else None]:
            turns = exact.reshape(-1, period)
            ends = fixed.reshape(-1, period)
            most, least = (
                f(turns, where=ends, axis=0, initial=i) for f, i in ((np.max, -1), (np.min, 9))
            )
            assert ((most != least) & ends.any(axis=0)).any()
        met[places.output[index]] |= read[index] & (np.tile(vector, ring // len(vector)) != 0)
    assert np.array_equal(reached(places, weights, filled, 2), met)


def test_what_the_search_passes_over_could_not_have_won(monkeypatch):
    network = small()
    sizes = dict.fromkeys([network.input, *network.shapes], 1.0)
    stages = lower(network, sizes, 1.0).stages
    levels, model = schedule(stages), Cost(1 << 13, (Tier(12, 4, 4),))
    tell = lambda *_: None  # noqa: E731
    found = search(stages, levels, model, masked=False, spare=False, tell=tell)
    monkeypatch.setattr(search_module, "LIKELY", 0.0)
    monkeypatch.setattr(search_module._View, "_least", lambda *_: 0.0)
    monkeypatch.setattr(search_module._Few, "limit", np.inf)
    slow = search(stages, levels, model, masked=False, spare=False, tell=tell)
    assert found.cost == slow.cost
    keys = [{i: c.output.key for i, c in one.choices.items()} for one in (found, slow)]
    assert keys[0] == keys[1]
