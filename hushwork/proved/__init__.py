"""Proved inference: anybody can check a run, nobody sees the model."""

from hushwork.proved.evidence import Bound, Claim, Epoch, Evidence, Findings
from hushwork.proved.owner import Owner, publish, publish_openly
from hushwork.proved.publication import Model, Publication
from hushwork.proved.vault import Vault

__all__ = [
    "Bound",
    "Claim",
    "Epoch",
    "Evidence",
    "Findings",
    "Model",
    "Owner",
    "Publication",
    "Vault",
    "publish",
    "publish_openly",
]
