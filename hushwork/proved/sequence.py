"""Several proofs as one: a network in parts, proved by different machines, verified as a whole.

Every part's output is a commitment, and the same commitment is the next part's input. Machines hand
on the numbers and the seed of their commitment, so that all prove at the same time.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence

from hushwork.errors import InvalidProof
from hushwork.proved.evidence import Committed, Evidence, Findings


def digest(models: Sequence[bytes]) -> bytes:
    """What names a sequence of models, 32 bytes, from their digests."""
    return hashlib.sha256(b"hushwork sequence 1" + b"".join(models)).digest()


def check(parts: Sequence[Evidence]) -> list[Findings]:
    """Check evidence of all parts, in their order: the first says what went in, the last what came
    out, and `digest` of their models which network it was.

    Raises InvalidProof where they do not belong together, and what Evidence.check raises.
    """
    findings = [part.check() for part in parts]
    bounds = [one.claim.bound for one in findings]
    if len({bound.nonce for bound in bounds}) > 1:
        raise InvalidProof("parts of a sequence", expected="one nonce", got="several")
    expected = [(index, len(parts)) for index in range(len(parts))]
    if (got := [bound.segment for bound in bounds]) != expected:
        raise InvalidProof("parts of a sequence", expected=expected, got=got)
    for earlier, later in itertools.pairwise(findings):
        handed, taken = earlier.claim.outcome, later.claim.input
        if not isinstance(handed, Committed) or handed != taken:
            raise InvalidProof("parts of a sequence", expected="linked values", got="others")
    return findings
