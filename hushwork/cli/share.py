"""`hush share`: a part of a vault's proofs, for another machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hushwork.errors import InvalidInput
from hushwork.proved import Vault


def share(
    vault: Annotated[Path, typer.Argument(help="The vault to take from.")],
    epochs: Annotated[int, typer.Option(min=1, help="How many of the epochs that are left.")],
    out: Annotated[Path, typer.Option(help="The vault to make.")],
) -> None:
    """Give some of a vault's proofs to a new vault, for another machine: never copy one."""
    kept = Vault(vault)
    if out.exists():
        raise InvalidInput("--out", expected="a new file", got=str(out))
    given = kept.share(out, epochs)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row("here", f"{vault}: {_left(kept)}")
    table.add_row("there", f"{out}: {_left(given)}")
    table.add_row("", "Move it to the other machine; keep no copy, and put neither back from one.")
    Console().print(table)


def _left(vault: Vault) -> str:
    return f"{vault.left:,} proofs are left, {vault.epochs} epochs to begin"
