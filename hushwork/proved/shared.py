"""Where processes of one owner find a published model: a folder, files named by the network.

DIGEST.vault     secrets; who proves needs it
DIGEST.model     the publication; who verifies needs it alone
"""

from __future__ import annotations

from pathlib import Path

from hushwork.errors import NotFound
from hushwork.networks import Network
from hushwork.proved.owner import Owner
from hushwork.proved.publication import Publication
from hushwork.proved.vault import Vault

AHEAD = 8
"""Openings that a worker counts at a time."""
_HOW = "hush publish MODEL --shared FOLDER, by its owner"


def vault_path(shared: Path, network: Network) -> Path:
    """Of a network's vault."""
    return shared / f"{network.digest}.vault"


def model_path(shared: Path, network: Network) -> Path:
    """Of its publication."""
    return shared / f"{network.digest}.model"


def owner_in(shared: Path | None, network: Network) -> Owner:
    """Who proves runs of a network. Raises NotFound."""
    if shared is None or not (path := vault_path(shared, network)).is_file():
        raise NotFound(f"vault of {network.name}", expected=_HOW, got=shared)
    return Owner(Vault(path), AHEAD)


def publication_in(shared: Path | None, network: Network) -> Publication:
    """What a network's owner published. Raises NotFound, and what decoding raises."""
    if shared is None or not (path := model_path(shared, network)).is_file():
        raise NotFound(f"publication of {network.name}", expected=_HOW, got=shared)
    return Publication.from_bytes(path.read_bytes())
