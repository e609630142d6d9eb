"""Where processes of one owner find a published model: a file, or a folder of them.

DIGEST.vault     secrets; who proves needs it
DIGEST.model     the publication; who verifies needs it alone

DIGEST is the network's. A file that is named itself may have any name.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hushwork.errors import InvalidInput, NotFound
from hushwork.guarantee import Progress
from hushwork.networks import Network
from hushwork.networks.disk import read_file
from hushwork.networks.integers import Architecture
from hushwork.proved.owner import Owner
from hushwork.proved.publication import PUBLICATION_LIMIT, Publication
from hushwork.proved.vault import Vault

AHEAD = 8
"""Openings that a worker counts at a time."""


def vault_path(shared: Path, network: Network) -> Path:
    """Of a network's vault."""
    return shared / f"{network.digest}.vault"


def model_path(shared: Path, network: Network) -> Path:
    """Of its publication."""
    return shared / f"{network.digest}.model"


def owner_of(vault: Path, progress: Progress | None) -> Owner:
    """Who proves by a vault; how many proofs are left in it is told. Raises NotFound."""
    owner = Owner(kept := Vault(vault), AHEAD)
    if progress is not None:
        progress(f"vault opened, {kept.left:,} proofs are left", 1, 1)
    return owner


def publication_of(path: Path) -> Publication:
    """What an owner published. Raises NotFound, TooLarge, and what decoding raises."""
    return Publication.from_bytes(read_file(path, PUBLICATION_LIMIT))


def owner_in(place: Path | None, network: Network, progress: Progress | None) -> Owner:
    """Who proves runs of a network, by the vault in a folder, or the one named.

    Raises NotFound, and InvalidInput for another network's.
    """
    path = _found("vault", vault_path, place, network)
    owner = owner_of(path, progress)
    _require(path, owner.publication, network)
    return owner


def publication_in(place: Path | None, network: Network) -> Publication:
    """What a network's owner published, in a folder or in the file named.

    Raises NotFound, InvalidInput for another network's, and what decoding raises.
    """
    path = _found("publication", model_path, place, network)
    publication = publication_of(path)
    _require(path, publication, network)
    return publication


def _found(
    what: str,
    within: Callable[[Path, Network], Path],
    place: Path | None,
    network: Network,
) -> Path:
    path = within(place, network) if place is not None and place.is_dir() else place
    if path is None or not path.is_file():
        how = f"hush publish makes one; --{what} names it, or --shared its folder"
        expected, got = "a file", path or "none named"
        raise NotFound(f"no {what} of {network.name}: {how}", expected=expected, got=got)
    return path


def _require(path: Path, publication: Publication, network: Network) -> None:
    found = Architecture.from_bytes(publication.architecture)
    if (found.name, found.labels) != (network.name, network.labels):
        raise InvalidInput(str(path), expected=f"one of {network.name}", got=found.name)
