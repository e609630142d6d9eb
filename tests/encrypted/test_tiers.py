"""Which digits and special primes at which levels: secure, findable, and the cheapest there are."""

import sys
from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hushwork._native import security_bound
from hushwork.encrypted import guarantee
from hushwork.encrypted.cost import Cost
from hushwork.encrypted.levels import schedule
from hushwork.encrypted.lowering import lower
from hushwork.encrypted.packing import Packing
from hushwork.encrypted.parameters import LOG_N, MARGIN, Chain, carrier
from hushwork.encrypted.tiers import MOST, Tier, Tiering, cheapest, place
from tests.encrypted.networks import Builder, small


def chains():
    levels = schedule(lower(small(), dict.fromkeys(small().shapes, 1.0), 1.0).stages)
    found = [carrier(levels, log_n) for log_n in LOG_N]
    return [chain for chain in found if chain]


@pytest.mark.parametrize("chain", chains(), ids=lambda chain: f"N=2^{chain.log_n}")
def test_every_tier_is_secure_and_its_primes_exist(chain):
    top = len(chain.bits)
    for size in chain.special_sizes():
        for highest in chain.tiers(top, size):
            lower_tiers = [tiers[-1] for limbs in (3, 2) if (tiers := chain.tiers(limbs, size))]
            parameters = chain.check([highest, *lower_tiers])
            assert parameters.is_secure
            assert parameters.log_qp <= security_bound(chain.log_n)


def test_special_primes_are_as_few_as_the_margin_allows():
    chain = Chain(14, (46, 32, 36, 32, 36), 36)
    for limbs, size in product(range(1, 6), chain.special_sizes()):
        for tier in chain.tiers(limbs, size):
            bits = chain.bits[:limbs]
            digits = [sum(bits[i : i + tier.digit]) for i in range(0, limbs, tier.digit)]
            assert size * tier.special >= max(digits) + MARGIN > size * (tier.special - 1)
            assert sum(bits) + size * tier.special < security_bound(14)


def test_a_lower_tier_may_have_digits_that_a_higher_one_may_not():
    chain = Chain(14, (46, *[36] * 8), 36)
    digits = [max(tier.digit for tier in chain.tiers(limbs, 40)) for limbs in (9, 4)]
    assert digits[0] < digits[1] == 4


def test_special_primes_are_sized_evenly_for_each_tier():
    chain = Chain(14, (46, 32, 36, 32, 36, 32), 36)
    assert chain.special_bits([Tier(6, 3, 3)]) == [40, 40, 40]
    assert chain.special_bits([Tier(6, 3, 3), Tier(2, 2, 2)]) == [42, 42, 36]
    assert chain.special_bits([Tier(6, 2, 2), Tier(3, 3, 3)]) == [42, 42, 36]
    assert chain.special_bits([Tier(6, 1, 2), Tier(4, 4, 4)]) == [30, 30, 46, 46]
    assert chain.special_bits([Tier(6, 4, 4), Tier(1, 1, 2)]) == [30, 30, 46, 46]
    assert chain.special_bits([Tier(6, 2, 2), Tier(2, 2, 3)]) == [42, 42, 30]


@given(st.data())
def test_special_primes_are_enough_for_every_tier(data):
    limbs = data.draw(st.integers(1, 12))
    bits = data.draw(st.lists(st.integers(26, 40), min_size=limbs - 1, max_size=limbs - 1))
    chain = Chain(16, (46, *bits), 36)
    size = data.draw(st.sampled_from(chain.special_sizes()))
    tops = [limbs, *(top for top in range(limbs - 1, 0, -1) if data.draw(st.booleans()))]
    tiers = [data.draw(st.sampled_from(chain.tiers(top, size))) for top in tops]
    sizes = chain.special_bits(tiers)
    assert all(30 <= bits <= 46 for bits in sizes)
    for tier in tiers:
        digits = [
            sum(chain.bits[: tier.limbs][i : i + tier.digit])
            for i in range(0, tier.limbs, tier.digit)
        ]
        assert max(digits) + MARGIN <= sum(sizes[: tier.special]) <= size * tier.special


def enumerated(limbs, ways, prices):
    """Every way to cut levels into tiers."""
    for count in range(MOST):
        for cuts in combinations(range(1, limbs), count):
            bounds = [0, *cuts, limbs]
            choices = [
                [(tier, *prices(tier)[low]) for tier in ways(high)]
                for low, high in pairwise(bounds)
            ]
            for chosen in product(*reversed(choices)):
                yield sum(cost for _, cost, _ in chosen)


@settings(max_examples=50)
@given(st.integers(1, 6), st.integers(0, 2**32))
def test_the_choice_is_the_cheapest_of_all(limbs, seed):
    def ways(limbs):
        return [Tier(limbs, digit, 1) for digit in (1, 2) if digit <= limbs]

    def prices(tier):
        random = np.random.default_rng([*tier, seed])
        return [(float(cost), tier.digit + 1) for cost in random.integers(1000, size=tier.limbs)]

    best = cheapest(limbs, ways, prices)
    assert best.cost == min(enumerated(limbs, ways, prices))
    assert best.tiers[0].limbs == limbs
    lows = [*(tier.limbs for tier in best.tiers[1:]), 0]
    costs = [prices(tier)[low][0] for low, tier in zip(lows, best.tiers, strict=True)]
    assert best.cost == sum(costs)
    assert best.steps == tuple(tier.digit + 1 for tier in best.tiers)


def test_of_equals_the_fewest_tiers():
    def prices(tier):
        return [(tier.limbs - low, 8) for low in range(tier.limbs)]

    best = cheapest(5, lambda limbs: [Tier(limbs, 1, 1)], prices)
    assert best == Tiering(5, (Tier(5, 1, 1),), (8,))
    assert cheapest(5, lambda _: [], prices) is None


def test_costs_are_those_of_the_tier():
    high, low = Tier(6, 1, 1), Tier(3, 3, 3)
    both = Cost(1 << 13, (high, low))
    assert [place(both.tiers, limbs) for limbs in range(1, 7)] == [1, 1, 1, 0, 0, 0]
    for limbs in range(1, 7):
        alone = Cost(1 << 13, (high if limbs > 3 else low,))
        assert both.rotation(limbs) == alone.rotation(limbs)
        assert both.keys(limbs, 2) == alone.keys(limbs, 2)


def test_keys_beyond_what_is_afforded_become_fewer(monkeypatch):
    network = Builder((4, 12, 12)).convolve(16, (3, 3)).activate().convolve(16, (3, 3)).build()
    sizes, estimates = [], []
    estimate = Packing.key_bytes
    monkeypatch.setattr(
        Packing, "key_bytes", lambda *args: estimates.append(estimate(*args)) or estimates[-1]
    )
    for afforded in (1 << 40, 0):
        monkeypatch.setattr(sys.modules["hushwork.encrypted.compiler"], "KEYS", afforded)
        worker = guarantee.worker(network)
        sizes.append(worker.manifest.hello_limit)
        # The last one is of the tiers that were taken.
        assert estimates[-1] == pytest.approx(sizes[-1], rel=0.1)
        estimates.clear()
    assert sizes[1] < 0.8 * sizes[0]
