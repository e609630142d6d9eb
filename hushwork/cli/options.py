"""Options that several roles share, with the names that operators know from the environment."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_MODELS = {
    "encrypted": "lenet-fashion-mnist",
    "proved": "lenet5-fashion-mnist",
    "attested": "lenet5-fashion-mnist",
}
"""What `hush up` shows, by guarantee: all read the pictures that `hush sample` writes."""
DEFAULT_WALLETS = Path("~/.bittensor/wallets")
LEDGER_PORT = 8701
GATEWAY_PORT = 8700
DEFAULT_GATEWAY = f"http://127.0.0.1:{GATEWAY_PORT}"


class ChainName(StrEnum):
    """Ledgers that operators may name."""

    LOCAL = "local"
    TEST = "test"
    FINNEY = "finney"


Wallet = Annotated[str, typer.Option("--wallet-name", envvar="WALLET_NAME", help="Wallet.")]
HotkeyName = Annotated[str, typer.Option("--hotkey-name", envvar="HOTKEY_NAME", help="Hotkey.")]
Wallets = Annotated[Path, typer.Option("--wallets", help="Folder of Bittensor wallets.")]
Network = Annotated[ChainName, typer.Option("--network", envvar="NETWORK", help="Which ledger.")]
LedgerUrl = Annotated[str, typer.Option("--ledger", envvar="LEDGER", help="URL of the ledger.")]
Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[
    int, typer.Option("--port", envvar="EXTERNAL_PORT", min=0, max=65535, help="0: any free one.")
]
OwnPort = Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one.")]
Announce = Annotated[
    str, typer.Option("--announce", help="URL to put on the ledger, if not that of host and port.")
]
Data = Annotated[
    str | None,
    typer.Option(help="Images to draw from: a folder, an .npz or .npy, hf:owner/name."),
]
Directory = Annotated[Path, typer.Option("--directory", help="Where data and blobs are kept.")]
Models = Annotated[
    list[str], typer.Option("--model", help="A shipped network or an ONNX file; may be repeated.")
]
Shared = Annotated[
    Path | None,
    typer.Option(
        "--shared",
        help="Folder of compiled networks, vaults and publications, for all processes of yours on"
        " this machine.",
    ),
]
Vault = Annotated[
    Path | None,
    typer.Option("--vault", help="Secrets of a published model; MODEL.vault by default."),
]
PublicationFile = Annotated[
    Path | None,
    typer.Option("--publication", help="What its owner published; MODEL.model by default."),
]
Policy = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        envvar="HUSH_POLICY",
        help="Which enclaves you trust with attested work; see hush policy.",
    ),
]
InsecurePlatform = Annotated[
    Path | None,
    typer.Option(
        "--insecure-platform",
        help="Folder of a development platform, made if missing, to serve attested work without"
        " an enclave: whoever runs it sees everything.",
    ),
]
GuaranteeName = Annotated[str, typer.Option("--guarantee", help="What clients are promised.")]
GuaranteeNames = Annotated[
    list[str],
    typer.Option(
        "--guarantee",
        help="What clients are promised: for all --model, or one for each. By default encrypted,"
        " and proved for X.vault and X.model.",
    ),
]
Lines = Annotated[bool, typer.Option("--lines", hidden=True)]
