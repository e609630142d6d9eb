"""A small town on loopback: a ledger, miners, a validator, a gateway, all over real HTTP."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from hushwork.guarantee import Worker
from hushwork.ledger import TAO, LocalLedger, Rules
from hushwork.networks import Flatten, Linear, Network, evaluate
from hushwork.subnet import (
    Door,
    Gateway,
    GatewaySettings,
    Miner,
    MinerSettings,
    Task,
    Validator,
    ValidatorSettings,
    connect,
)
from hushwork.subnet.known import KnownAnswers
from hushwork.wire import Hotkey, SignedClient, running
from tests.insecure_plain import NAME, InsecurePlain, InsecureWorker

SHAPE = (1, 8, 8)
LABELS = ("left", "right", "top", "bottom")


def tiny_network(seed: int = 0) -> Network:
    """Says on which side an 8 x 8 image is brightest."""
    rows, columns = np.meshgrid(np.linspace(-1, 1, 8), np.linspace(-1, 1, 8), indexing="ij")
    weight = np.stack([-columns, columns, -rows, rows]).reshape(4, 64)
    weight += np.random.default_rng(seed).normal(scale=0.01, size=weight.shape)
    layers = (
        Flatten("flatten", ("x",), "flat"),
        Linear("linear", ("flat",), "y", weight, np.zeros(4)),
    )
    shapes = {"x": SHAPE, "flat": (64,), "y": (4,)}
    onnx = f"tiny {seed}".encode()
    digest = hashlib.sha256(onnx).hexdigest()
    return Network("tiny", "x", "y", layers, shapes, LABELS, onnx, digest)


def pictures(count: int = 64, seed: int = 1) -> np.ndarray:
    """Images with one bright side each."""
    generator = np.random.default_rng(seed)
    images = generator.uniform(0, 0.3, size=(count, *SHAPE))
    for index, image in enumerate(images):
        side = (np.s_[:, :3], np.s_[:, 5:], np.s_[:3, :], np.s_[5:, :])[index % 4]
        image[0][side] += 0.6
    return images


def known_answers(digest: str) -> KnownAnswers | None:
    network = tiny_network()
    images = pictures(seed=7)
    return KnownAnswers(images, evaluate(network, images)) if digest == network.digest else None


def make_task(network: Network | None = None, **changes: object) -> Task:
    network = network or tiny_network()
    fields: dict[str, object] = {
        "manifest": InsecureWorker(network).manifest,
        "guarantee": InsecurePlain(),
        "reference": lambda x: evaluate(network, x),
        "images": pictures(),
    }
    return Task(**(fields | changes))  # type: ignore[arg-type]


@dataclass
class Town:
    """Everything is started by a method and stopped with the town."""

    folder: Path
    ledger: LocalLedger = field(default_factory=lambda: LocalLedger(rules=Rules.local()))
    stack: ExitStack = field(default_factory=ExitStack)
    stops: dict[str, Callable[[], None]] = field(default_factory=dict)

    def join(self, name: str, stake: int = 2000 * TAO) -> Hotkey:
        hotkey = Hotkey.insecure_from_uri(f"//{name}")
        self.ledger.register(hotkey.address)
        if stake:
            self.ledger.add_stake(hotkey.address, stake)
        return hotkey

    def serve(self, name: str, hotkey: Hotkey, app: object, port: int = 0) -> str:
        stack = ExitStack()
        url = stack.enter_context(running(app, port=port))  # type: ignore[arg-type]
        self.stops[name] = self.stack.enter_context(stack).close
        self.ledger.serve(hotkey.address, url)
        return url

    def miner(
        self,
        name: str,
        worker: Worker | None = None,
        settings: MinerSettings | None = None,
    ) -> Miner:
        hotkey = self.join(name, stake=0)
        miner = Miner(
            hotkey=hotkey,
            ledger=self.ledger,
            workers=[worker or InsecureWorker(tiny_network())],
            directory=self.folder / name,
            settings=replace(settings or MinerSettings(minimum_stake=TAO), ledger_seconds=0.0),
            insecure_for_tests=True,
        )
        self.stack.callback(miner.close)
        self.serve(name, hotkey, miner.app)
        return miner

    def validator(
        self, name: str = "validator", settings: ValidatorSettings | None = None, **task: object
    ) -> Validator:
        hotkey = self.join(name)
        validator = Validator(
            hotkey=hotkey,
            ledger=self.ledger,
            tasks=[make_task(**task)],
            directory=self.folder / name,
            settings=settings or ValidatorSettings(images=4),
            insecure_for_tests=True,
        )
        self.stack.callback(validator.close)
        self.serve(name, hotkey, validator.app)
        return validator

    def validator_of(self, task: Task) -> Validator:
        hotkey = self.join("validator")
        validator = Validator(
            hotkey=hotkey,
            ledger=self.ledger,
            tasks=[task],
            directory=self.folder / "validator",
            settings=ValidatorSettings(images=4),
        )
        self.stack.callback(validator.close)
        self.serve("validator", hotkey, validator.app)
        return validator

    def gateway(
        self, name: str = "gateway", settings: GatewaySettings | None = None, port: int = 0
    ) -> str:
        hotkey = self.join(name)
        gateway = Gateway(
            hotkey=hotkey,
            ledger=self.ledger,
            directory=self.folder / name,
            settings=settings,
            insecure_for_tests=True,
        )
        self.stack.callback(gateway.close)
        return self.serve(name, hotkey, gateway.app, port)

    def caller(self, name: str, url: str, receiver: str, stake: int = TAO) -> SignedClient:
        """Somebody who speaks to a miner without a validator's manners; stake 0: a stranger."""
        hotkey = self.join(name, stake) if stake else Hotkey.insecure_from_uri(f"//{name}")
        return self.stack.enter_context(SignedClient(url, hotkey, receiver, timeout=10.0))

    def url(self, hotkey: str) -> str:
        return self.ledger.neuron(hotkey).url

    def door(self, url: str, hotkey: Hotkey | None = None) -> Door:
        door = connect(
            url,
            hotkey=hotkey,
            guarantees={NAME: InsecurePlain()},
            known=known_answers,
            insecure_for_tests=True,
        )
        self.stack.callback(door.close)
        return door


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


def is_at_work(miner: Miner) -> bool:
    """Whether a job is under way."""
    return miner._lane._places._value <= miner.settings.queue


@contextmanager
def open_town(folder: Path) -> Iterator[Town]:
    town = Town(folder)
    with town.stack:
        yield town
