"""Evidence as a file: what is told, and what is refused."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import numpy as np
import pytest

from hushwork.errors import (
    BudgetSpent,
    HushworkError,
    Interrupted,
    InvalidBytes,
    InvalidProof,
    MalformedBytes,
    TooLarge,
    UnsupportedVersion,
)
from hushwork.networks.integers import IntegerNetwork, run
from hushwork.proved import Evidence, Owner, publish_openly
from hushwork.proved.evidence import EVIDENCE_LIMIT, OPENINGS, Class, Committed
from hushwork.proved.owner import STEPS
from tests.proved.conftest import BOUND, image


def test_a_file_says_what_it_says(evidence: Evidence, network: IntegerNetwork) -> None:
    findings = Evidence.from_bytes(evidence.to_bytes()).check()
    expected = run(network, image()[None])[0]
    assert findings.input is not None
    assert np.array_equal(findings.input, image())
    assert findings.output is not None
    assert np.allclose(findings.output, expected * network.architecture.output_scale)
    assert findings.label == network.architecture.labels[int(np.argmax(expected))]
    assert findings.claim.bound.nonce == BOUND.nonce


def test_progress_names_every_step_in_its_order(owner: Owner) -> None:
    told: list[tuple[str, int, int]] = []
    owner.prove(image(), progress=lambda *at: told.append(at))
    count = len(STEPS)
    expected = [(name, done, count) for done, name in enumerate(STEPS.values())]
    assert told == [*expected, (STEPS["opening"], count, count)]


@pytest.mark.parametrize("step", STEPS)
def test_what_progress_raises_is_raised(owner: Owner, step: str) -> None:
    def stop(name: str, _done: int, _total: int) -> None:
        if name == STEPS[step]:
            raise Interrupted(name)

    with pytest.raises(Interrupted, match=STEPS[step]):
        owner.prove(image(), progress=stop)


def test_the_class_alone_can_be_told(owner: Owner, network: IntegerNetwork) -> None:
    hidden = owner.commit_input(image(3))
    epoch, claim, _ = owner.prove(image(3), tell="class", hidden=hidden)
    findings = owner.evidence(epoch, claim).check()
    assert findings.input is None
    assert findings.output is None
    best = int(np.argmax(run(network, image(3)[None])[0]))
    assert findings.label == network.architecture.labels[best]
    wrong = msgspec.structs.replace(claim, outcome=Class((best + 1) % 4))
    with pytest.raises(InvalidProof):
        owner.evidence(epoch, wrong).check()


def test_nothing_need_be_told(owner: Owner) -> None:
    hidden = owner.commit_input(image(4))
    epoch, claim, proved = owner.prove(image(4), tell="commitment", hidden=hidden)
    findings = owner.evidence(epoch, claim).check()
    assert findings.input is findings.output is findings.label is None
    assert proved.commitment is not None
    other = msgspec.structs.replace(claim, outcome=Committed(hidden.pinned))
    with pytest.raises(InvalidProof):
        owner.evidence(epoch, other).check()


def test_weights_can_be_public_and_the_input_private(network: IntegerNetwork) -> None:
    open_owner = Owner(publish_openly(network, log_domain=14))
    hidden = open_owner.commit_input(image(5))
    epoch, claim, proved = open_owner.prove(image(5), hidden=hidden)
    assert epoch is None
    findings = open_owner.evidence(epoch, claim).check()
    assert findings.input is None
    assert np.array_equal(proved.numbers, run(network, image(5)[None])[0])


def test_an_epoch_cannot_be_left_out(evidence: Evidence) -> None:
    with pytest.raises(InvalidProof):
        msgspec.structs.replace(evidence, epoch=None).check()


@pytest.mark.parametrize("opening", [0, OPENINGS])
def test_openings_beyond_the_budget_are_refused(evidence: Evidence, opening: int) -> None:
    bound = msgspec.structs.replace(evidence.claim.bound, opening=opening)
    claim = msgspec.structs.replace(evidence.claim, bound=bound)
    with pytest.raises(BudgetSpent):
        msgspec.structs.replace(evidence, claim=claim).check()


def test_bytes_that_are_no_evidence_are_refused(evidence: Evidence) -> None:
    data = evidence.to_bytes()
    for bad in (b"", data[:-1], data[: len(data) // 2], data + b"\0", b"\x93" + data[1:]):
        with pytest.raises(InvalidBytes):
            Evidence.from_bytes(bad).check()
    with pytest.raises(TooLarge):
        Evidence.from_bytes(bytes(EVIDENCE_LIMIT + 1))
    with pytest.raises(UnsupportedVersion):
        Evidence.from_bytes(msgspec.structs.replace(evidence, version=2).to_bytes())
    with pytest.raises(MalformedBytes):
        Evidence.from_bytes(msgspec.msgpack.encode({"version": 1}))


def test_no_byte_can_be_changed(evidence: Evidence) -> None:
    data = evidence.to_bytes()
    rng = np.random.default_rng(1)
    for place in rng.integers(0, len(data), 300):
        bad = bytearray(data)
        bad[place] ^= int(rng.integers(1, 256))
        with pytest.raises(HushworkError):
            Evidence.from_bytes(bytes(bad)).check()


def test_a_verifier_loads_nothing_heavy() -> None:
    code = (
        "import sys, hushwork.proved.evidence\n"
        "heavy = {'onnx', 'onnxruntime', 'PIL', 'httpx', 'hushwork.encrypted', 'hushwork.subnet',"
        " 'hushwork.networks.integers.quantising'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
