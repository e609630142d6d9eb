"""Where a role sits: its key, its ledger, its address, and who listens to what it reports."""

from __future__ import annotations

import datetime
import ipaddress
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import typer
from rich.console import Console
from starlette.applications import Starlette

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

    @contextmanager
    def serve(self, app: Starlette, role: str) -> Iterator[None]:
        """Serve in the background and put the address on the ledger."""
        with self.place.serve(app) as (url, fingerprint):
            self.ledger.register(self.hotkey.address)
            self.ledger.serve(self.hotkey.address, url, fingerprint)
            self.reporter.serving(role, url)
            yield


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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


def ledger_url(url: str, key: str, fingerprint: bytes) -> str:
    """One string that says where a ledger is and how to know it: scheme://KEY@host:port#print."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{key}@{parts.netloc}", fragment=fingerprint.hex()).geturl()


def open_ledger(network: ChainName, url: str, hotkey: Hotkey) -> LedgerClient:
    """Connect, given what `ledger_url` made. Raises NotFound, BadParameter or Unreachable."""
    if network is not ChainName.LOCAL:
        raise NotFound("no such ledger in this release", expected="NETWORK=local", got=network)
    parts = urlsplit(url)
    key, _, netloc = parts.netloc.rpartition("@")
    try:
        fingerprint = bytes.fromhex(parts.fragment)
    except ValueError:
        fingerprint = b""
    if not is_address(key):
        raise typer.BadParameter("expected http://KEY@host:port, as hush ledger prints it")
    base = f"{parts.scheme}://{netloc}"
    ledger = LedgerClient(SignedClient(base, hotkey, key, fingerprint=fingerprint), hotkey)
    ledger.block()
    return ledger


def make_reporter(lines: bool) -> Reporter:
    """Tell a parent process, or a person."""
    return LineReporter() if lines else ScreenReporter(Console())


def stop_on_signals() -> threading.Event:
    """An event that SIGINT, SIGTERM and SIGHUP set."""
    stop = threading.Event()
    for number in SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    return stop
