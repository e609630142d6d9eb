"""Where a role sits: its key, its ledger, its address, and who listens to what it reports."""

from __future__ import annotations

import datetime
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from starlette.applications import Starlette

from hushwork.cli.address import Address
from hushwork.cli.options import ChainName
from hushwork.cli.report import LineReporter, Reporter, ScreenReporter
from hushwork.errors import NotFound, Unavailable
from hushwork.ledger import Ledger, LedgerClient
from hushwork.wire import (
    Certificate,
    Hotkey,
    SignedClient,
    is_address,
    load_or_make,
    running,
    wallet_path,
)
from hushwork.wire.tls import is_loopback

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Place:
    """An address to listen on, and what to tell others of it."""

    host: str
    port: int
    directory: Path
    announce: str = ""

    @contextmanager
    def serve(self, app: Starlette) -> Iterator[tuple[str, bytes]]:
        """Serve in the background; URL for others and fingerprint. Raises Unavailable."""
        certificate = self._certificate()
        try:
            with running(app, self.host, self.port, certificate) as url:
                yield self.announce or url, certificate.fingerprint if certificate else b""
        except OSError as error:
            where = f"{self.host} port {self.port}"
            raise Unavailable(f"cannot listen on {where}: {error.strerror}") from None

    def _certificate(self) -> Certificate | None:
        if is_loopback(self.host):
            return None
        return load_or_make(self.directory / "tls", datetime.datetime.now(datetime.UTC))


@dataclass(frozen=True)
class Seat:
    """A place, with a registered key."""

    place: Place
    hotkey: Hotkey
    ledger: Ledger
    reporter: Reporter
    stake: int = 0
    """In rao: what is missing of it comes from the ledger's faucet."""

    @contextmanager
    def serve(self, app: Starlette, role: str) -> Iterator[None]:
        """Serve in the background and put the address on the ledger."""
        key = self.hotkey.address
        with self.place.serve(app) as (url, fingerprint):
            self.ledger.register(key)
            missing = self.stake - self.ledger.neuron(key).stake
            if missing > 0:
                self.ledger.add_stake(key, missing)
            self.ledger.serve(key, url, fingerprint)
            self.reporter.serving(role, str(Address(url, fingerprint=fingerprint)))
            yield


def open_hotkey(wallet: str, name: str, wallets: Path) -> Hotkey:
    """Read a hotkey of a Bittensor wallet. Raises NotFound or MalformedBytes."""
    path = wallet_path(wallet, name, wallets)
    if not path.is_file():
        advice = f"make one: hush hotkey --wallet-name {wallet} --hotkey-name {name}"
        raise NotFound(f"no hotkey; {advice}", expected="a key file", got=path)
    return Hotkey.load(path)


def own_hotkey(path: Path) -> Hotkey:
    """Read the hotkey of a service that needs no wallet; make it the first time."""
    if not path.exists():
        Hotkey.generate().save(path)
    return Hotkey.load(path)


def open_ledger(network: ChainName, text: str, hotkey: Hotkey) -> LedgerClient:
    """Connect to what `hush ledger` printed. Raises NotFound, BadParameter or Unreachable."""
    if network is not ChainName.LOCAL:
        raise NotFound("no such ledger in this release", expected="NETWORK=local", got=network)
    address = parse_address(text)
    if not is_address(address.key):
        raise typer.BadParameter("expected http://KEY@host:port, as hush ledger prints it")
    fingerprint = address.fingerprint
    http = SignedClient(address.url, hotkey, address.key, fingerprint=fingerprint)
    ledger = LedgerClient(http, hotkey)
    ledger.block()
    return ledger


def parse_address(text: str) -> Address:
    """Read an address. Raises BadParameter."""
    try:
        return Address.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text}: {error}") from None


def make_reporter(lines: bool) -> Reporter:
    """Tell a parent process, or a person."""
    return LineReporter() if lines else ScreenReporter(Console())


def stop_on_signals() -> threading.Event:
    """An event that SIGINT, SIGTERM and SIGHUP set."""
    stop = threading.Event()
    for number in SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    return stop
