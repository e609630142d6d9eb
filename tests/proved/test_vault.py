"""The vault counts every opening, on disk, and never counts one twice."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from hushwork.errors import BudgetSpent, MalformedBytes, NotFound
from hushwork.networks.integers import IntegerNetwork
from hushwork.proved import Owner, Vault, publish
from hushwork.proved.evidence import OPENINGS
from tests.proved.conftest import image


def begin(seed: bytes, opened: int) -> tuple[bytes, bytes]:
    return bytes([opened]) * 32, seed


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.create(tmp_path / "a.vault", b"publication", b"weights", b"s" * 32)


def test_it_gives_back_what_it_keeps(vault: Vault) -> None:
    assert (vault.publication, vault.weights) == (b"publication", b"weights")
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        Vault.create(vault.path, b"", b"", b"")
    with pytest.raises(NotFound):
        Vault(vault.path.with_name("none"))


def taken(vault: Vault, most: int) -> list[tuple[bytes, int]]:
    """All openings that are left."""
    seen = []
    while vault.left:
        openings = vault.open_epoch(begin, most)
        seen += [(openings.seed, index) for index in openings.indices]
    return seen


def test_a_root_serves_a_thousand_proofs_and_then_none(vault: Vault) -> None:
    left = vault.left
    assert left == (OPENINGS - 1) ** 2 >= 1000
    seen = taken(Vault(vault.path), 10)
    assert len(set(seen)) == len(seen) == left
    assert {index for _, index in seen} == set(range(1, OPENINGS))
    with pytest.raises(BudgetSpent):
        vault.open_epoch(begin)


def test_every_opening_is_on_disk_before_it_is_used(vault: Vault) -> None:
    for count in range(3):
        vault.open_epoch(begin)
        assert Vault(vault.path).left == (OPENINGS - 1) ** 2 - count - 1


def test_what_fails_to_begin_changes_nothing(vault: Vault) -> None:
    def fail(_seed: bytes, _opened: int) -> tuple[bytes, bytes]:
        raise RuntimeError("no")

    left = vault.left
    with pytest.raises(RuntimeError):
        vault.open_epoch(fail)
    assert vault.left == left


def test_shares_split_the_budget(vault: Vault, tmp_path: Path) -> None:
    left = vault.left
    shared = vault.share(tmp_path / "b.vault", 5)
    assert shared.left == 5 * (OPENINGS - 1)
    assert vault.left + shared.left == left
    used = [{seed for seed, _ in taken(one, OPENINGS)} for one in (vault, shared)]
    assert not used[0] & used[1]
    with pytest.raises(BudgetSpent):
        vault.share(tmp_path / "c.vault", 1)


def test_a_share_that_cannot_be_given_costs_nothing(vault: Vault, tmp_path: Path) -> None:
    left, epochs = vault.left, vault.epochs
    assert left == epochs * (OPENINGS - 1)
    for count in (0, epochs + 1):
        with pytest.raises(BudgetSpent, match=f"1 to {epochs}"):
            vault.share(tmp_path / "b.vault", count)
        assert not (tmp_path / "b.vault").exists()
    with pytest.raises(FileExistsError):
        vault.share(vault.path, 1)
    assert vault.left == left


def test_other_files_are_no_vaults(tmp_path: Path) -> None:
    path = tmp_path / "text.vault"
    for data in (b"", b"not a database, and long enough to be taken for one" * 99):
        path.write_bytes(data)
        with pytest.raises(MalformedBytes, match="hush publish"):
            _ = Vault(path).left


def test_processes_never_share_an_opening(vault: Vault) -> None:
    seen: list[tuple[bytes, int]] = []

    def work() -> None:
        own = Vault(vault.path)
        for _ in range(10):
            openings = own.open_epoch(begin, 3)
            seen.extend((openings.seed, index) for index in openings.indices)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == len(seen) > 100


def test_an_owner_goes_on_where_it_stopped(network: IntegerNetwork, tmp_path: Path) -> None:
    first = publish(network, tmp_path / "a.vault", log_domain=14)
    epoch, claim, _ = first.prove(image())
    again, later, _ = Owner(Vault(tmp_path / "a.vault")).prove(image())
    assert again == epoch
    assert (claim.bound.opening, later.bound.opening) == (1, 2)
    first.evidence(again, later).check()


def test_the_native_half_refuses_too(owner: Owner) -> None:
    scheme = owner.model.scheme
    spent = scheme.commit_input(image().reshape(-1), b"x" * 32, 4)
    with pytest.raises(BudgetSpent):
        owner.prove(image(), hidden=spent)
