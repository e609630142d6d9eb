"""What a user has of one input in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Result:
    """What came of one input."""

    label: str
    """Of the largest output; empty where outputs are not classes."""
    scores: Mapping[str, float]
    """Raw outputs (logits) by label, largest first."""
    output: Array
    """The same as an array, (classes,); or whatever the network gives."""
    seconds: float
    """From the last request byte to the last answer byte, of the user's own image."""
    bytes_sent: int
    """Sealed bytes of this call: requests, and the hello if this call had to send it."""
    bytes_received: int
    who_saw_what: Mapping[str, str]
    """Each party, and what it learned."""
    miner: str
    """Hotkey of the miner that served last."""
    checks: int
    """Images with known answers that were mixed in."""
    checks_passed: int
    text: str = ""
    """What a language model wrote."""
    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """All outputs by name, where a network has several."""
    evidence: bytes = b""
    """What convinces somebody else, where the guarantee gives that."""
    telling: bytes = b""
    """The same with the input in it, where evidence keeps that back."""

    @property
    def trusted(self) -> bool:
        """Whether all checks passed; true when there were none."""
        return self.checks == self.checks_passed
