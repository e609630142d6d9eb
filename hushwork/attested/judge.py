"""What a validator knows of the enclaves that serve a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hushwork.guarantee import Manifest, Prompt
from hushwork.networks.models import Generator, Model


@dataclass(frozen=True)
class AttestedJudge:
    """They run the very network: they may honestly fail what does not fit into its context."""

    manifest: Manifest
    model: Model

    def within(self, images: Any) -> NDArray[np.bool_]:
        """Which of a batch of inputs fit."""
        return np.array([self._fits(x) for x in images], dtype=bool)

    def _fits(self, x: Any) -> bool:
        model = self.model
        if isinstance(model, Generator) and isinstance(x, Prompt):
            return model.fits(x.text, x.most_tokens)
        return True
