from __future__ import annotations

import math

import pytest

from hushwork import _native as native
from hushwork.errors import InsecureParameters, InvalidParameters
from tests.native.helpers import small_parameters

BITS = [40, 30, 30, 47]


def secure_parameters() -> native.Parameters:
    primes = native.find_primes(13, BITS)
    return native.Parameters(13, primes[:3], primes[3:], [(3, 1, 1)])


def test_primes_carry_the_transform_and_lie_just_below_the_powers_asked_for() -> None:
    primes = native.find_primes(12, [30, 40, 40, 50])
    assert len(set(primes)) == 4
    for prime, bits in zip(primes, [30, 40, 40, 50], strict=True):
        assert prime % (4 << 12) == 1
        assert bits - 1e-2 < math.log2(prime) < bits
        assert pow(3, prime - 1, prime) == 1


@pytest.mark.parametrize(("log_n", "bits"), [(12, [200]), (12, [5]), (60, [30])])
def test_primes_that_do_not_exist_are_an_error(log_n: int, bits: list[int]) -> None:
    with pytest.raises(InvalidParameters, match="no such primes"):
        native.find_primes(log_n, bits)


def test_the_bound_is_that_of_the_published_table() -> None:
    assert [native.security_bound(n) for n in range(13, 18)] == [214, 430, 868, 1747, 3523]
    with pytest.raises(InsecureParameters):
        native.security_bound(6)


def test_properties_give_back_what_went_in() -> None:
    parameters = secure_parameters()
    assert parameters.is_secure
    assert (parameters.log_n, parameters.slots, parameters.tiers) == (13, 8192, [(3, 1, 1)])
    primes = parameters.moduli + parameters.special
    assert primes == native.find_primes(13, BITS)
    assert parameters.log_qp == pytest.approx(sum(map(math.log2, primes)))


def test_secure_parameters_survive_the_wire() -> None:
    parameters = secure_parameters()
    again = native.Parameters.from_bytes(parameters.to_bytes())
    assert again == parameters
    assert hash(again) == hash(parameters)
    assert again.moduli == parameters.moduli


def test_equality_sees_every_part() -> None:
    small = small_parameters(6)
    (tier,) = small.tiers
    changed = [(tier[0], 1, tier[2])]
    other = native.Parameters.insecure(6, small.moduli, small.special, changed)
    assert small != other
    assert small != small_parameters(7)
    assert small != "parameters"


def test_over_the_bound_is_insecure() -> None:
    primes = native.find_primes(13, [42, 42, 42, 42, 49])
    special = primes[4:]
    tiers = [(4, 1, len(special))]
    with pytest.raises(InsecureParameters, match="214"):
        native.Parameters(13, primes[:4], special, tiers)
    assert not native.Parameters.insecure(13, primes[:4], special, tiers).is_secure
    assert native.Parameters(13, primes[:3], special, [(3, 1, len(special))]).is_secure


def test_an_insecure_set_is_not_read_from_bytes() -> None:
    with pytest.raises(InsecureParameters):
        native.Parameters.from_bytes(small_parameters(6).to_bytes())


CHANGES = ["no moduli", "no special", "repeated", "composite", "digit", "small special"]


@pytest.mark.parametrize("change", CHANGES)
def test_what_makes_no_sense_is_invalid(change: str) -> None:
    primes = native.find_primes(6, [40, 40, 47])
    moduli, special, digit = primes[:2], primes[2:], 1
    if change == "no moduli":
        moduli = []
    elif change == "no special":
        special = []
    elif change == "repeated":
        moduli = [primes[0], primes[0]]
    elif change == "composite":
        moduli = [primes[0], primes[1] + 256]
    elif change == "small special":
        special = native.find_primes(6, [44])
    else:
        digit = 0
    with pytest.raises(InvalidParameters) as caught:
        native.Parameters.insecure(6, moduli, special, [(len(moduli), digit, len(special))])
    assert not isinstance(caught.value, InsecureParameters)
