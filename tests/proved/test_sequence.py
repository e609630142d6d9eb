"""A network in parts, each proved by itself, verified as one."""

from __future__ import annotations

import secrets
from pathlib import Path

import msgspec
import numpy as np
import pytest

from hushwork.errors import BudgetSpent, InvalidNetwork, InvalidProof
from hushwork.networks.integers import IntegerNetwork, cut, run
from hushwork.proved import Bound, Evidence, Owner, sequence
from hushwork.proved.owner import publish_parts
from tests.proved.conftest import image

CUTS = [1, 2]


@pytest.fixture(scope="module")
def owners(network: IntegerNetwork, tmp_path_factory: pytest.TempPathFactory) -> list[Owner]:
    folder: Path = tmp_path_factory.mktemp("parts")
    parts = cut(network, CUTS)
    return publish_parts(parts, [folder / str(n) for n in range(len(parts))], log_domain=14)


def prove(owners: list[Owner], x: np.ndarray, nonce: bytes) -> list[Evidence]:
    """Every machine takes numbers and a seed from the one before it."""
    parts, seed = [], None
    for index, owner in enumerate(owners):
        hidden = None if seed is None else owner.commit_input(x, seed, 1)
        last = index == len(owners) - 1
        seed = None if last else secrets.token_bytes(32)
        epoch, claim, proved = owner.prove(
            x,
            bound=Bound(nonce, f"machine {index}", 0, (index, len(owners))),
            tell="output" if last else "commitment",
            hidden=hidden,
            seed=seed,
        )
        parts.append(owner.evidence(epoch, claim))
        if not last:
            x = proved.numbers.reshape(owners[index + 1].model.architecture.shape)
    return parts


@pytest.fixture(scope="module")
def parts(owners: list[Owner]) -> list[Evidence]:
    return prove(owners, image(), b"nonce")


def test_parts_run_like_the_whole(network: IntegerNetwork) -> None:
    x = np.stack([image(seed) for seed in range(4)]).astype(np.int64)
    whole = run(network, x)
    for places in ([1], [2], [1, 2], [1, 2, 3], [3]):
        values = x
        pieces = cut(network, places)
        for piece, after in zip(pieces, [*pieces[1:], None], strict=True):
            values = run(piece, values) if after is None else trace_last(piece, values)
        assert np.array_equal(values, whole)


def trace_last(piece: IntegerNetwork, x: np.ndarray) -> np.ndarray:
    from hushwork.networks.integers import trace

    return trace(piece, x)[-1]


@pytest.mark.parametrize("places", [[0], [9], [2, 1], [1, 1]])
def test_places_that_are_none_are_refused(network: IntegerNetwork, places: list[int]) -> None:
    with pytest.raises(InvalidNetwork):
        cut(network, places)


def test_all_parts_together_prove_the_whole(
    network: IntegerNetwork, owners: list[Owner], parts: list[Evidence]
) -> None:
    findings = sequence.check(parts)
    assert findings[-1].output is not None
    expected = run(network, image()[None])[0] * network.architecture.output_scale
    assert np.allclose(findings[-1].output, expected)
    assert findings[1].input is None
    digests = [owner.model.digest for owner in owners]
    assert sequence.digest(digests) == sequence.digest([one.model.digest for one in findings])
    assert sequence.digest(digests[::-1]) != sequence.digest(digests)


def test_swapped_missing_and_foreign_parts_are_refused(
    owners: list[Owner], parts: list[Evidence]
) -> None:
    others = prove(owners, image(1), b"nonce")
    again = prove(owners, image(), b"another")
    for wrong in (
        [parts[1], parts[0], parts[2]],
        parts[:2],
        parts[1:],
        [parts[0], others[1], parts[2]],
        [parts[0], parts[1], others[2]],
        [parts[0], again[1], again[2]],
        [*parts, parts[2]],
    ):
        with pytest.raises(InvalidProof):
            sequence.check(wrong)


def test_a_part_says_where_it_belongs(parts: list[Evidence]) -> None:
    bound = msgspec.structs.replace(parts[1].claim.bound, segment=(0, 3))
    claim = msgspec.structs.replace(parts[1].claim, bound=bound)
    with pytest.raises(InvalidProof):
        msgspec.structs.replace(parts[1], claim=claim).check()


def test_a_boundary_is_opened_a_few_times_only(owners: list[Owner]) -> None:
    hidden = owners[0].commit_input(image())
    for _ in range(hidden.openings):
        owners[0].prove(image(), hidden=hidden)
    with pytest.raises(BudgetSpent):
        owners[0].prove(image(), hidden=hidden)
