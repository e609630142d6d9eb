"""What a validator knows of the enclaves that serve a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hushwork.guarantee import Array, Manifest


@dataclass(frozen=True)
class AttestedJudge:
    """They run the very network, in float32: there is nothing that they may honestly fail."""

    manifest: Manifest

    def within(self, images: Array) -> NDArray[np.bool_]:
        """All of them."""
        return np.ones(len(images), dtype=bool)
