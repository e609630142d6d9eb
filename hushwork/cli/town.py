"""A whole network on this machine: which processes, with which keys, started in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

import httpx
import msgspec

from hushwork.cli.crews import Crew
from hushwork.cli.demo import Behaviour
from hushwork.cli.platforms import POLICY, development_platform
from hushwork.cli.processes import Child, ChildDied, Household
from hushwork.cli.report import Report
from hushwork.cli.service import own_hotkey
from hushwork.errors import Unreachable
from hushwork.networks import Network
from hushwork.proved.shared import vault_path
from hushwork.subnet import Snapshot
from hushwork.wire import Hotkey, wallet_path

WALLET = "demo"
COMPARED = (Behaviour.HONEST, Behaviour.SLOW, Behaviour.GARBAGE)
SIGNED = (Behaviour.HONEST, Behaviour.FORGING)
"""How a crew's miners behave, in turn."""
IMAGES = 3
"""In a round: few, so that the first scores come soon."""
TICK_SECONDS = 0.25

Tick = Callable[[Sequence[Child]], None]
"""Called a few times a second while processes get ready; whatever it raises stops that."""


class Town:
    """A ledger, a validator, a gateway and crews of miners, on loopback."""

    def __init__(
        self,
        house: Household,
        crews: Sequence[Crew],
        miners: int | None,
        port: int,
        data: str | None = None,
    ) -> None:
        """`miners` of each crew; None: one of each behaviour."""
        self.crews = crews
        self.miners: list[Child] = []
        self._house = house
        self._count = miners
        self._port = port
        self._data = ["--data", data] if data else []

    def start(self, tick: Tick) -> None:
        """Start everything and wait until it serves. Raises ChildDied."""
        ledger = ["ledger", "--port", "0", *self._folder("ledger")]
        self.ledger = self._house.start("ledger", ledger)
        self._until_serving(tick)
        proving = [crew for crew in self.crews if crew.proves]
        unpublished = [crew for crew in proving if self._is_unpublished(crew)]
        owners = [self._start_owner(*numbered) for numbered in enumerate(unpublished, start=1)]
        if any(crew.attests for crew in self.crews):
            development_platform(self._platform)
        self.gateway = self._start_role("gateway", ["--port", str(self._port)])
        self._start_miners(lambda crew: not crew.proves)
        for owner in owners:
            self._until_done(owner, tick)
        self._start_miners(lambda crew: crew.proves)
        self._start_validator()
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
            hotkey = self._hotkey(child.name).address
            crew = next(crew for crew in self.crews if hotkey in crew.names)
            crew.names[hotkey] = f"{child.name} (ended)"
        if dead and not self.miners:
            raise ChildDied(dead[0])
        return dead

    def _start_owner(self, number: int, crew: Crew) -> Child:
        """Publish a model."""
        options = [crew.model, "--shared", str(self._shared), *self._data]
        return self._house.start(f"owner {number}", ["publish", *options])

    def _is_unpublished(self, crew: Crew) -> bool:
        network = crew.network
        return isinstance(network, Network) and not vault_path(self._shared, network).exists()

    def _start_miners(self, wanted: Callable[[Crew], bool]) -> None:
        """Those of some crews; they are numbered as all crews stand."""
        places = ((crew, kind) for crew in self.crews for kind in self._behaviours(crew))
        for number, (crew, behaviour) in enumerate(places, start=1):
            if wanted(crew):
                self._start_miner(f"miner {number}", crew, behaviour)

    def _behaviours(self, crew: Crew) -> Sequence[Behaviour]:
        kinds = SIGNED if crew.proves or crew.attests else COMPARED
        return [kinds[number % len(kinds)] for number in range(self._count or len(kinds))]

    def _start_miner(self, name: str, crew: Crew, behaviour: Behaviour) -> None:
        options = ["--port", "0", "--behaviour", behaviour, *self._tasks([crew])]
        options += ["--insecure-platform", str(self._platform)]
        self.miners.append(self._start_role(name, options))
        label = name if behaviour is Behaviour.HONEST else f"{name} ({behaviour})"
        crew.names[self._hotkey(name).address] = label

    def _start_validator(self) -> None:
        everybody = str(len([*self.miners, "validator", "gateway"]))
        options = ["--port", "0", "--images", str(IMAGES), "--neurons", everybody, *self._data]
        options += ["--policy", str(self.policy)]
        self.validator = self._start_role("validator", [*self._tasks(self.crews), *options])

    def _tasks(self, crews: Sequence[Crew]) -> Sequence[str]:
        named = (("--model", crew.model, "--guarantee", crew.guarantee) for crew in crews)
        return [*chain.from_iterable(named), "--shared", str(self._shared)]

    def _start_role(self, name: str, options: Sequence[str]) -> Child:
        self._hotkey(name)
        wallet = ["--wallets", str(self._wallets), "--wallet-name", WALLET]
        options = [*options, *wallet, "--hotkey-name", slug(name), "--ledger", self.ledger.address]
        role = name.split(maxsplit=1)[0]
        return self._house.start(name, [role, *options, *self._folder(name)])

    @property
    def policy(self) -> Path:
        """What trusts the development platform."""
        return self._platform / POLICY

    @property
    def _platform(self) -> Path:
        return self._house.directory / "platform"

    @property
    def _shared(self) -> Path:
        return self._house.directory / "plans"

    @property
    def _wallets(self) -> Path:
        return self._house.directory / "wallets"

    def _hotkey(self, name: str) -> Hotkey:
        return own_hotkey(wallet_path(WALLET, slug(name), self._wallets))

    def _folder(self, name: str) -> Sequence[str]:
        return ["--directory", str(self._house.directory / slug(name))]

    def _until_done(self, child: Child, tick: Tick) -> None:
        while child.is_running:
            tick(self._house.children)
        if child.process.returncode:
            raise ChildDied(child)
        self._house.children.remove(child)

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
