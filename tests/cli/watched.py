"""A network of real processes in which every connection goes through a recorder."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from hushwork.cli.processes import Child, Household
from hushwork.cli.service import own_hotkey
from hushwork.wire import wallet_path
from tests.cli.recorder import Recorder

START_SECONDS = 240.0


class WatchedTown:
    """A ledger, a validator, a gateway and two miners."""

    def __init__(self, house: Household, stack: contextlib.ExitStack) -> None:
        self.house = house
        self.recorders: dict[str, Recorder] = {}
        self._stack = stack
        self._wallets = house.directory / "wallets"
        ledger = self._start("ledger", [])
        until_serving([ledger])
        before, _, after = ledger.address.rpartition(":")
        self.recorders["ledger"].target = int(after)
        self._ledger = f"{before}:{self.recorders['ledger'].port}"
        names = ("miner-1", "miner-2", "validator", "gateway")
        until_serving([self._start_role(name) for name in names])

    @property
    def gateway(self) -> str:
        return self.recorders["gateway"].url

    def seen(self) -> list[tuple[str, bytes]]:
        """All bytes to and from each service, and every file that they wrote, logs included.

        Their own signing keys are left out; so is nothing else.
        """
        folder = self.house.directory
        files = [path for path in folder.rglob("*") if path.is_file()]
        kept = [path for path in files if self._wallets not in path.parents]
        sent = [(name, bytes(s)) for name, each in self.recorders.items() for s in each.streams]
        for path in kept:
            # An upload that is done moves to its final name.
            with contextlib.suppress(FileNotFoundError):
                sent.append((str(path.relative_to(folder)), path.read_bytes()))
        return sent

    def _start(self, name: str, options: list[str], port: int = 0) -> Child:
        recorder = self._stack.enter_context(Recorder(port))
        self.recorders[name] = recorder
        role = name.partition("-")[0]
        place = ["--port", str(port), "--directory", str(self.house.directory / name)]
        announce = [] if role == "ledger" else ["--announce", recorder.url]
        return self.house.start(name, [role, *place, *announce, *options])

    def _start_role(self, name: str) -> Child:
        own_hotkey(wallet_path("watched", name, self._wallets))
        key = ["--wallets", str(self._wallets), "--wallet-name", "watched", "--hotkey-name", name]
        options = ["--ledger", self._ledger, *key]
        if name != "gateway":
            options += ["--model", "lenet-fashion-mnist"]
        if name == "validator":
            options += ["--images", "2", "--pause", "600", "--neurons", "4"]
        return self._start(name, options, free_port())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def until_serving(children: list[Child]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not all(child.address for child in children):
        for child in children:
            assert child.is_running, f"{child.name}: {child.last_lines(40)}"
        assert time.monotonic() < deadline, "the network did not start in time"
        time.sleep(0.05)


@contextlib.contextmanager
def watched_town(directory: Path | None = None) -> Iterator[WatchedTown]:
    with contextlib.ExitStack() as stack:
        house = stack.enter_context(Household(directory))
        yield WatchedTown(house, stack)
