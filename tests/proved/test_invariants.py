"""What evidence establishes, one test for each of seed 001's six invariants."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from hushwork.errors import HushworkError, InvalidProof, MalformedBytes
from hushwork.networks.integers import IntegerNetwork, run
from hushwork.proved import Evidence, Owner
from hushwork.proved.evidence import Numbers
from hushwork.proved.publication import Hidden
from tests.proved.conftest import BOUND, image


def changed(evidence: Evidence, **fields: object) -> Evidence:
    return msgspec.structs.replace(
        evidence, claim=msgspec.structs.replace(evidence.claim, **fields)
    )


def plus_one(told: Numbers, index: int) -> Numbers:
    numbers = told.array
    numbers[index] += 1 if numbers[index] < 255 else -1
    return Numbers.of(numbers)


def test_1_a_model_exists(evidence: Evidence) -> None:
    hidden = evidence.publication.weights
    assert isinstance(hidden, Hidden)
    evidence.publication.check()
    other = msgspec.structs.replace(hidden, root=hidden.root[:-1] + bytes([hidden.root[-1] ^ 1]))
    with pytest.raises(HushworkError):
        msgspec.structs.replace(evidence.publication, weights=other).check()


def test_2_it_was_run(evidence: Evidence) -> None:
    """The proof is of a run for this asker: of no other nonce, and of no other hotkey."""
    evidence.check()
    for other in (
        msgspec.structs.replace(BOUND, opening=evidence.claim.bound.opening, nonce=b"another"),
        msgspec.structs.replace(BOUND, opening=evidence.claim.bound.opening, hotkey="another"),
    ):
        with pytest.raises(InvalidProof):
            changed(evidence, bound=other).check()


def test_3_the_requested_model_was_run(evidence: Evidence, other: Owner) -> None:
    """Another model of the same architecture has another digest, and the proof is none of it."""
    assert other.model.digest != evidence.check().model.digest
    with pytest.raises((InvalidProof, MalformedBytes)):
        msgspec.structs.replace(evidence, publication=other.publication).check()
    epoch, _, _ = other.prove(image())
    with pytest.raises((InvalidProof, MalformedBytes)):
        msgspec.structs.replace(evidence, publication=other.publication, epoch=epoch).check()


def test_4_it_was_not_changed(evidence: Evidence, owner: Owner, other: Owner) -> None:
    """Neither weights, by another commitment, nor architecture and scales, by other bytes."""
    epoch, claim, _ = other.prove(image(), bound=BOUND)
    forged = msgspec.structs.replace(evidence, epoch=epoch, claim=claim)
    with pytest.raises((InvalidProof, MalformedBytes)):
        forged.check()
    architecture = owner.model.architecture
    rescaled = msgspec.structs.replace(architecture, output_scale=architecture.output_scale * 2)
    publication = msgspec.structs.replace(owner.publication, architecture=rescaled.to_bytes())
    with pytest.raises((InvalidProof, MalformedBytes)):
        msgspec.structs.replace(evidence, publication=publication).check()


@pytest.mark.parametrize("index", [0, 20, 63])
def test_5_the_given_input_was_used(evidence: Evidence, index: int) -> None:
    told = evidence.claim.input
    assert isinstance(told, Numbers)
    with pytest.raises(InvalidProof):
        changed(evidence, input=plus_one(told, index)).check()


def test_6_the_output_is_its_output(evidence: Evidence, network: IntegerNetwork) -> None:
    findings = evidence.check()
    assert isinstance(findings.claim.outcome, Numbers)
    expected = run(network, image()[None])[0]
    assert np.array_equal(findings.claim.outcome.array, expected)
    for index in range(len(expected)):
        numbers = findings.claim.outcome.array
        numbers[index] += 1
        with pytest.raises(InvalidProof):
            changed(evidence, outcome=Numbers.of(numbers)).check()
