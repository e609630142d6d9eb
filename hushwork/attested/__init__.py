"""Attested inference: hardware vouches for the code that sees the input."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hushwork.attested.client import AttestedChannel, AttestedClient
from hushwork.attested.evidence import Claims, Evidence
from hushwork.attested.policy import Policy
from hushwork.attested.record import Findings, Record
from hushwork.attested.terms import NAME
from hushwork.errors import InvalidPolicy
from hushwork.guarantee import Manifest, Progress

if TYPE_CHECKING:
    from hushwork.attested.judge import AttestedJudge
    from hushwork.attested.platforms import Platform, find_platform
    from hushwork.attested.worker import AttestedSession, AttestedWorker
    from hushwork.networks.models import Model

__all__ = [
    "AttestedChannel",
    "AttestedClient",
    "AttestedGuarantee",
    "AttestedJudge",
    "AttestedSession",
    "AttestedWorker",
    "Claims",
    "Evidence",
    "Findings",
    "Platform",
    "Policy",
    "Record",
    "find_platform",
    "guarantee",
]

# These load onnxruntime or platforms, which a customer and a verifier never need.
_LAZY = {
    "AttestedJudge": "judge",
    "AttestedSession": "worker",
    "AttestedWorker": "worker",
    "Platform": "platforms",
    "find_platform": "platforms",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class AttestedGuarantee:
    """Remote attestation, a channel sealed to the attested key, and a receipt for each answer."""

    @property
    def name(self) -> str:
        """As in a manifest."""
        return NAME

    @property
    def proves(self) -> bool:
        """Answers are compared as well: whoever opens a chip signs what he likes."""
        return False

    def worker(
        self,
        network: Model,
        progress: Progress | None = None,  # noqa: ARG002 - there is nothing to wait for
        shared: Path | None = None,
        hotkey: str = "",
    ) -> AttestedWorker:
        """Serve a model inside an enclave; `shared` is the folder of an insecure development
        platform, to be used instead of one.

        Raises NotFound where this machine has no enclave.
        """
        from hushwork.attested.platforms import find_platform
        from hushwork.attested.worker import AttestedWorker

        return AttestedWorker(network, find_platform(shared), hotkey)

    def judge(
        self,
        network: Model,
        progress: Progress | None = None,  # noqa: ARG002 - there is nothing to wait for
        shared: Path | None = None,  # noqa: ARG002 - and nothing to share
    ) -> AttestedJudge:
        """Judge those who serve a model."""
        from hushwork.attested.judge import AttestedJudge
        from hushwork.attested.served import offer

        return AttestedJudge(offer(network), network)

    def client(self, manifest: Manifest, policy: Path | None = None) -> AttestedClient:
        """Accept a manifest, and trust as a policy says.

        Raises RefusedManifest, InvalidPolicy, or NotFound where there is no such file.
        """
        if policy is None:
            expected = "a file that says which enclaves you trust, as hush policy writes it"
            raise InvalidPolicy("no policy", expected=expected, got="none")
        return AttestedClient(manifest, Policy.read(policy))

    def who_saw_what(self) -> Mapping[str, str]:
        """For people: each party and what it learns."""
        return {
            "client": "its own input and the outputs",
            "enclave": "the network, input and outputs",
            "worker": "lengths and times; all of it, if it can open the chip",
            "anybody between": "lengths and times of sealed bytes",
        }


guarantee = AttestedGuarantee()
