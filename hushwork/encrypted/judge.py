"""The validator's knowledge of a network: its manifest, and the images that prove something."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.plan import Plan
from hushwork.encrypted.strain import strain
from hushwork.encrypted.worker import EncryptedWorker
from hushwork.guarantee import Manifest
from hushwork.networks import Network, Ranges

Array = NDArray[np.float64]


class EncryptedJudge:
    """Tells inputs that every worker must get right from those that may overflow."""

    def __init__(self, network: Network, plan: Plan) -> None:
        self._manifest = EncryptedWorker(network, plan).manifest
        self._ranges = Ranges(network, self._manifest.bounds)
        self._plan = plan

    @property
    def manifest(self) -> Manifest:
        """What workers of this network offer."""
        return self._manifest

    def within(self, images: Array) -> NDArray[np.bool_]:
        """Which of (count, *input shape) stay within the manifest's bounds, and in all slots too.

        The slots are run in float64, which takes about as long as an encrypted run.
        """
        within = self._ranges(images)
        for index in np.flatnonzero(within):
            within[index] = strain(self._plan, images[index]) < 1
        return within
