"""Proved inference: anybody can check a run, nobody sees the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hushwork.guarantee import Manifest, Progress
from hushwork.networks import Network
from hushwork.proved.client import ProvedClient
from hushwork.proved.evidence import Bound, Claim, Epoch, Evidence, Findings
from hushwork.proved.judge import ProvedJudge
from hushwork.proved.messages import NAME
from hushwork.proved.owner import Owner, publish, publish_openly
from hushwork.proved.publication import Model, Publication
from hushwork.proved.shared import owner_in, publication_in
from hushwork.proved.vault import Vault
from hushwork.proved.worker import ProvedSession, ProvedWorker

__all__ = [
    "Bound",
    "Claim",
    "Epoch",
    "Evidence",
    "Findings",
    "Model",
    "Owner",
    "ProvedClient",
    "ProvedGuarantee",
    "ProvedJudge",
    "ProvedSession",
    "ProvedWorker",
    "Publication",
    "Vault",
    "guarantee",
    "publish",
    "publish_openly",
]


class ProvedGuarantee:
    """Zero-knowledge proofs of the runs of a published model."""

    @property
    def name(self) -> str:
        """As in a manifest."""
        return NAME

    @property
    def proves(self) -> bool:
        """An answer that opens is right."""
        return True

    def worker(
        self,
        network: Network,
        progress: Progress | None = None,
        shared: Path | None = None,
        hotkey: str = "",
    ) -> ProvedWorker:
        """Serve a published model: `shared` has its vault, or is it.

        Raises NotFound, and InvalidInput for another network's.
        """
        return ProvedWorker(owner_in(shared, network, progress), hotkey)

    def judge(
        self,
        network: Network,
        progress: Progress | None = None,  # noqa: ARG002 - there is nothing to wait for
        shared: Path | None = None,
    ) -> ProvedJudge:
        """Judge those who serve a published model: `shared` has its publication, or is it.

        Raises NotFound, and InvalidInput for another network's.
        """
        return ProvedJudge(publication_in(shared, network))

    def client(
        self,
        manifest: Manifest,
        policy: Path | None = None,  # noqa: ARG002 - it trusts nobody
    ) -> ProvedClient:
        """Verify a manifest's publication. Raises RefusedManifest."""
        return ProvedClient(manifest)

    def who_saw_what(self) -> Mapping[str, str]:
        """For people: each party and what it learns."""
        return {
            "client": "its own input and the outputs, and that they belong to the model",
            "worker": "input, outputs and the network",
            "anybody between": "inputs, outputs and proofs; nothing of the weights",
        }


guarantee = ProvedGuarantee()
