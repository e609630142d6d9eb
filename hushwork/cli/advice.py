"""What to do next about an error, where a command knows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from hushwork.errors import (
    BadAnswer,
    BudgetSpent,
    HushworkError,
    InvalidBytes,
    InvalidEvidence,
    InvalidInput,
    InvalidParameters,
    InvalidPolicy,
    InvalidProof,
    RefusedManifest,
    Unreachable,
    UnsupportedOperator,
)

Advice = Mapping[type[HushworkError], str]

_AGAIN = "What the miner sent does not open. Ask again."
_ANOTHER = "Ask for another model; hush models lists them."

ANYWHERE: Advice = {Unreachable: "Is it up? make up starts a network on this machine."}
OFFERING: Advice = {
    UnsupportedOperator: "hush adapt replaces functions such as ReLU, and max pooling.",
}
ASKING: Advice = {
    BadAnswer: _AGAIN,
    BudgetSpent: "The model's owner has to publish it anew; hush models lists what is offered.",
    InvalidBytes: _AGAIN,
    InvalidEvidence: "No enclave that your policy trusts. Ask again, or read the policy.",
    InvalidPolicy: "See hush policy --help.",
    InvalidProof: _AGAIN,
    InvalidInput: "hush sample DIR writes images that fit.",
    InvalidParameters: _ANOTHER,
    RefusedManifest: _ANOTHER,
}


@contextmanager
def advised(advice: Advice) -> Iterator[None]:
    """Note advice, by kind of error, on what is raised within."""
    try:
        yield
    except HushworkError as error:
        note = next((advice[kind] for kind in type(error).__mro__ if kind in advice), None)
        if note is not None:
            error.add_note(note)
        raise
