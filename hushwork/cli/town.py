"""A whole network on this machine: which processes, with which keys, started in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import msgspec

from hushwork.cli.demo import Behaviour
from hushwork.cli.processes import Child, ChildDied, Household
from hushwork.cli.report import Report
from hushwork.cli.service import own_hotkey
from hushwork.errors import Unreachable
from hushwork.subnet import Snapshot
from hushwork.wire import Hotkey, wallet_path

WALLET = "demo"
BEHAVIOURS = (Behaviour.HONEST, Behaviour.SLOW, Behaviour.GARBAGE)
IMAGES = 3
"""In a round: few, so that the first scores come soon."""
TICK_SECONDS = 0.25

Tick = Callable[[Sequence[Child]], None]
"""Called a few times a second while processes get ready; whatever it raises stops that."""


class Town:
    """A ledger, a validator, a gateway and some miners, on loopback."""

    def __init__(
        self, house: Household, model: str, miners: int, port: int, data: str | None = None
    ) -> None:
        self.names: dict[str, str] = {}
        """Names of the miners for people, by hotkey."""
        self.miners: list[Child] = []
        self._house = house
        self._model = ["--model", model, "--shared", str(house.directory / "plans")]
        self._count = miners
        self._port = port
        self._data = ["--data", data] if data else []

    def start(self, tick: Tick) -> None:
        """Start everything and wait until it serves. Raises ChildDied."""
        ledger = ["ledger", "--port", "0", *self._folder("ledger")]
        self.ledger = self._house.start("ledger", ledger)
        self._until_serving(tick)
        for number in range(self._count):
            self._start_miner(number)
        everybody = str(self._count + len(("validator", "gateway")))
        options = ["--port", "0", "--images", str(IMAGES), "--neurons", everybody, *self._data]
        self.validator = self._start_role("validator", [*self._model, *options])
        self.gateway = self._start_role("gateway", ["--port", str(self._port)])
        self._until_serving(tick)

    def snapshot(self) -> Snapshot:
        """Where the validator stands. Raises Unreachable."""
        try:
            reply = httpx.get(f"{self.validator.address}/scores", timeout=5.0)
            return msgspec.json.decode(reply.content, type=Snapshot)
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            raise Unreachable("the validator does not answer", got=error) from None

    def working(self) -> Sequence[tuple[str, Report]]:
        """Miners that compute now, and how far each is; a report's phase is a layer."""
        reports = ((child.name, child.report) for child in self.miners)
        return [(name, report) for name, report in reports if report.total]

    def bury(self) -> list[Child]:
        """Miners that have ended since the last call. Raises ChildDied for any other process."""
        dead = [child for child in self._house.children if not child.is_running]
        for child in dead:
            if child not in self.miners:
                raise ChildDied(child)
            self._house.children.remove(child)
            self.miners.remove(child)
            self.names[self._hotkey(child.name).address] = f"{child.name} (ended)"
        if dead and not self.miners:
            raise ChildDied(dead[0])
        return dead

    def _start_miner(self, number: int) -> None:
        behaviour = BEHAVIOURS[number % len(BEHAVIOURS)]
        options = ["--port", "0", *self._model, "--behaviour", behaviour]
        name = f"miner {number + 1}"
        self.miners.append(self._start_role(name, options))
        label = name if behaviour is Behaviour.HONEST else f"{name} ({behaviour})"
        self.names[self._hotkey(name).address] = label

    def _start_role(self, name: str, options: Sequence[str]) -> Child:
        self._hotkey(name)
        wallet = ["--wallets", str(self._wallets), "--wallet-name", WALLET]
        options = [*options, *wallet, "--hotkey-name", slug(name), "--ledger", self.ledger.address]
        role = name.split(maxsplit=1)[0]
        return self._house.start(name, [role, *options, *self._folder(name)])

    @property
    def _wallets(self) -> Path:
        return self._house.directory / "wallets"

    def _hotkey(self, name: str) -> Hotkey:
        return own_hotkey(wallet_path(WALLET, slug(name), self._wallets))

    def _folder(self, name: str) -> Sequence[str]:
        return ["--directory", str(self._house.directory / slug(name))]

    def _until_serving(self, tick: Tick) -> None:
        children = self._house.children
        while not all(child.address for child in children):
            tick(children)
            for child in children:
                if not child.is_running:
                    raise ChildDied(child)


def slug(name: str) -> str:
    """A name that files may have."""
    return name.replace(" ", "-")
