"""Encrypted inference: the worker computes on ciphertexts and sees neither input nor output."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from pathlib import Path

from hushwork._native import release_memory
from hushwork.encrypted.batches import batch
from hushwork.encrypted.client import EncryptedClient
from hushwork.encrypted.compiler import compile_network, depth
from hushwork.encrypted.judge import EncryptedJudge
from hushwork.encrypted.manifest import NAME
from hushwork.encrypted.plan import Plan
from hushwork.encrypted.summary import LayerSummary, Summary, TierSummary, summarise
from hushwork.encrypted.worker import EncryptedSession, EncryptedWorker
from hushwork.guarantee import Manifest, Progress
from hushwork.networks import Network

__all__ = [
    "EncryptedClient",
    "EncryptedGuarantee",
    "EncryptedJudge",
    "EncryptedSession",
    "EncryptedWorker",
    "LayerSummary",
    "Plan",
    "Summary",
    "TierSummary",
    "batch",
    "compile_network",
    "depth",
    "guarantee",
    "summarise",
]


class EncryptedGuarantee:
    """CKKS homomorphic encryption, 128-bit secure, levelled."""

    @property
    def name(self) -> str:
        """As in a manifest."""
        return NAME

    @property
    def proves(self) -> bool:
        """An answer that opens may still be wrong."""
        return False

    def worker(
        self,
        network: Network,
        progress: Progress | None = None,
        shared: Path | None = None,
        hotkey: str = "",  # noqa: ARG002 - whoever holds the keys knows whom it asked
        images: int = 1,
    ) -> EncryptedWorker:
        """Compile a network for so many images a run, or take the plan for one in `shared`.

        Raises UnsupportedOperator or DoesNotFit.
        """
        made = EncryptedWorker(network, _plan(network, progress, shared, images))
        # The plans that were weighed refer to each other.
        gc.collect()
        release_memory()
        return made

    def judge(
        self, network: Network, progress: Progress | None = None, shared: Path | None = None
    ) -> EncryptedJudge:
        """Compile a network to judge its workers, or take the plan in `shared`.

        Raises UnsupportedOperator or DoesNotFit.
        """
        made = EncryptedJudge(network, _plan(network, progress, shared))
        gc.collect()
        release_memory()
        return made

    def client(
        self,
        manifest: Manifest,
        policy: Path | None = None,  # noqa: ARG002 - it trusts nobody
    ) -> EncryptedClient:
        """Check a manifest and make a fresh secret key."""
        return EncryptedClient(manifest)

    def who_saw_what(self) -> Mapping[str, str]:
        """For people: each party and what it learns."""
        return {
            "client": "its own input and the outputs; what outputs tell of the weights",
            "worker": "the network; ciphertexts and evaluation keys, nothing it can decrypt",
            "anybody between": "ciphertexts, and that a request was made",
        }


def _plan(
    network: Network, progress: Progress | None, shared: Path | None, images: int = 1
) -> Plan:
    if shared is None or images > 1:
        return compile_network(network, progress, images)
    from hushwork.encrypted.shared import shared_plan  # locks files, as only Unix does

    return shared_plan(shared, network, progress)


guarantee = EncryptedGuarantee()
