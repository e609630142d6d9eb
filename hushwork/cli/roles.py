"""`hush ledger`, `miner`, `serve`, `validator` and `gateway`: one role each, until told to end."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from hushwork.attested import AttestedWorker
from hushwork.attested.platforms import NO_PROTECTION
from hushwork.cli import options
from hushwork.cli.address import Address
from hushwork.cli.advice import OFFERING, advised
from hushwork.cli.demo import Behaviour, disguise
from hushwork.cli.options import DEFAULT_WALLETS, GATEWAY_PORT, LEDGER_PORT
from hushwork.cli.published import worker_for
from hushwork.cli.service import (
    Place,
    Seat,
    make_reporter,
    open_hotkey,
    open_ledger,
    own_hotkey,
    stop_on_signals,
)
from hushwork.cli.tasks import SCORED, default_model, make_task, promises_for, shares_for
from hushwork.cli.told import ToldWorker
from hushwork.guarantee import Worker
from hushwork.ledger import TAO, Ledger, LocalLedger, Rules, ledger_app
from hushwork.subnet import Gateway, Miner, MinerSettings, Validator, ValidatorSettings
from hushwork.wire import Gate, Hotkey, wallet_path

LOOPBACK = "127.0.0.1"
MINIMUM_STAKE = 1.0
FAUCET_STAKE = 1000 * TAO


def ledger(
    *,
    host: options.Host = LOOPBACK,
    port: options.OwnPort = LEDGER_PORT,
    directory: options.Directory = Path("hush-ledger"),
    lines: options.Lines = False,
) -> None:
    """Keep a local ledger: who is registered, staked, reachable and paid."""
    stop, reporter = stop_on_signals(), make_reporter(lines)
    key = own_hotkey(directory / "hotkey")
    app = ledger_app(
        LocalLedger(directory / "ledger.sqlite", rules=Rules.local()), Gate(key.address)
    )
    with Place(host, port, directory).serve(app) as (url, fingerprint):
        reporter.serving("ledger", str(Address(url, key.address, fingerprint)))
        stop.wait()


def miner(
    *,
    wallet_name: options.Wallet = "default",
    hotkey_name: options.HotkeyName = "default",
    wallets: options.Wallets = DEFAULT_WALLETS,
    network: options.Network = options.ChainName.LOCAL,
    ledger: options.LedgerUrl,
    host: options.Host = LOOPBACK,
    port: options.Port = 5000,
    announce: options.Announce = "",
    directory: options.Directory = Path("hush-miner"),
    model: options.Models = [],  # noqa: B006 - typer copies it
    guarantee: options.GuaranteeNames = [],  # noqa: B006
    shared: options.Shared = None,
    vault: options.Vault = None,
    insecure_platform: options.InsecurePlatform = None,
    minimum_stake: Annotated[
        float, typer.Option(min=0, help="In tao, of who may call.")
    ] = MINIMUM_STAKE,
    behaviour: Annotated[Behaviour, typer.Option(hidden=True)] = Behaviour.HONEST,
    lines: options.Lines = False,
) -> None:
    """Compute for others on inputs that you cannot see, and be scored for it."""
    reporter = make_reporter(lines)
    hotkey = open_hotkey(wallet_name, hotkey_name, wallets)
    models = model or SCORED
    promises = promises_for(models, guarantee)
    chain = open_ledger(network, ledger, hotkey)
    workers: list[Worker] = []
    for name, promise in zip(models, promises, strict=True):
        made = worker_for(
            name, promise, reporter.progress, hotkey.address,
            vault=vault, shared=shared, insecure_platform=insecure_platform,
        )  # fmt: skip
        warn(made)
        workers.append(disguise(made, behaviour))
    if lines:
        workers = [ToldWorker(worker, reporter.progress) for worker in workers]
    mine(
        Seat(Place(host, port, directory, announce), hotkey, chain, reporter),
        workers,
        minimum_stake,
    )


def serve(
    model: Annotated[str, typer.Argument(help="An ONNX file, or the name of a shipped network.")],
    *,
    ledger: options.LedgerUrl,
    host: options.Host = LOOPBACK,
    port: options.OwnPort = 0,
    announce: options.Announce = "",
    directory: options.Directory = Path("hush-serve"),
    guarantee: options.GuaranteeNames = [],  # noqa: B006 - typer copies it
    shared: options.Shared = None,
    vault: options.Vault = None,
    insecure_platform: options.InsecurePlatform = None,
) -> None:
    """Offer a network of your own: a miner of one network, whose hotkey is made here."""
    reporter = make_reporter(lines=False)
    hotkey = own_hotkey(directory / "hotkey")
    chain = open_ledger(options.ChainName.LOCAL, ledger, hotkey)
    with advised(OFFERING):
        (promise,) = promises_for([model], guarantee)
        worker = worker_for(
            model, promise, reporter.progress, hotkey.address,
            vault=vault, shared=shared, insecure_platform=insecure_platform,
        )  # fmt: skip
    warn(worker)
    seat = Seat(Place(host, port, directory, announce), hotkey, chain, reporter)
    mine(seat, [worker], MINIMUM_STAKE)


def warn(worker: Worker) -> None:
    """Say so where no enclave is."""
    if isinstance(worker, AttestedWorker) and worker.platform.insecure:
        typer.secho(NO_PROTECTION, err=True, fg="red")


def mine(seat: Seat, workers: Sequence[Worker], minimum_stake: float) -> None:
    """Work for callers with so much stake, in tao, until told to end."""
    service = Miner(
        hotkey=seat.hotkey,
        ledger=seat.ledger,
        workers=workers,
        directory=seat.place.directory,
        settings=MinerSettings(minimum_stake=int(minimum_stake * TAO)),
    )
    stop = stop_on_signals()
    with seat.serve(service.app, "miner"):
        stop.wait()
        service.close()


def validator(
    *,
    wallet_name: options.Wallet = "default",
    hotkey_name: options.HotkeyName = "default",
    wallets: options.Wallets = DEFAULT_WALLETS,
    network: options.Network = options.ChainName.LOCAL,
    ledger: options.LedgerUrl,
    host: options.Host = LOOPBACK,
    port: options.Port = 5001,
    announce: options.Announce = "",
    directory: options.Directory = Path("hush-validator"),
    database: Annotated[
        str | None, typer.Option(envvar="DATABASE", help="SQLAlchemy URL of the history.")
    ] = None,
    model: options.Models = [],  # noqa: B006 - typer copies it
    guarantee: options.GuaranteeNames = [],  # noqa: B006
    shared: options.Shared = None,
    publication: options.PublicationFile = None,
    policy: options.Policy = None,
    data: options.Data = None,
    share: Annotated[
        list[float], typer.Option(help="Share of the emission of each --model; equal by default.")
    ] = [],  # noqa: B006 - typer copies it
    top: Annotated[int, typer.Option(min=1, help="How many miners share a task's emission.")] = 3,
    images: Annotated[int, typer.Option(min=1, max=1000, help="Images of a round.")] = 6,
    pause: Annotated[float, typer.Option(min=0, help="Seconds between two rounds.")] = 5.0,
    neurons: Annotated[
        int, typer.Option(min=0, help="Begin when so many have an address on the ledger.")
    ] = 0,
    lines: options.Lines = False,
) -> None:
    """Score miners: send them images whose answers you know, and compare."""
    reporter = make_reporter(lines)
    hotkey = open_hotkey(wallet_name, hotkey_name, wallets)
    models = model or [by_default(data)]
    promises = promises_for(models, guarantee)
    chain = open_ledger(network, ledger, hotkey)
    tasks = []
    for name, promise, part in zip(models, promises, shares_for(models, share), strict=True):
        made = make_task(
            name, promise, data, reporter.progress,
            publication=publication, shared=shared, policy=policy, share=part, top=top,
        )  # fmt: skip
        tasks.append(made)
    service = Validator(
        hotkey=hotkey,
        ledger=chain,
        tasks=tasks,
        directory=directory,
        database=database,
        settings=ValidatorSettings(images=images, pause_seconds=pause),
    )
    stop = stop_on_signals()
    place = Place(host, port, directory, announce)
    seat = Seat(place, hotkey, chain, reporter, FAUCET_STAKE)
    with seat.serve(service.app, "validator"):
        wait_for_neurons(chain, neurons, stop)
        service.run(stop)
        service.close()


def by_default(data: str | None) -> str:
    """The network of a validator that was told none; the log says which, and why."""
    name, reason = default_model(data)
    typer.echo(f"No --model given: scoring {name}, since {reason}", err=True)
    return name


def wait_for_neurons(chain: Ledger, count: int, stop: threading.Event) -> None:
    """Wait until so many can be reached, or until `stop` is set."""
    while sum(bool(neuron.url) for neuron in chain.neurons()) < count and not stop.is_set():
        stop.wait(0.5)


def gateway(
    *,
    wallet_name: options.Wallet = "default",
    hotkey_name: options.HotkeyName = "default",
    wallets: options.Wallets = DEFAULT_WALLETS,
    network: options.Network = options.ChainName.LOCAL,
    ledger: options.LedgerUrl,
    host: options.Host = LOOPBACK,
    port: options.Port = GATEWAY_PORT,
    announce: options.Announce = "",
    directory: options.Directory = Path("hush-gateway"),
    lines: options.Lines = False,
) -> None:
    """Let customers in: find miners for them, and carry bytes that you cannot read."""
    reporter = make_reporter(lines)
    hotkey = open_hotkey(wallet_name, hotkey_name, wallets)
    chain = open_ledger(network, ledger, hotkey)
    service = Gateway(hotkey=hotkey, ledger=chain, directory=directory)
    stop = stop_on_signals()
    place = Place(host, port, directory, announce)
    seat = Seat(place, hotkey, chain, reporter, FAUCET_STAKE)
    with seat.serve(service.app, "gateway"):
        stop.wait()
        service.close()


def hotkey(
    *,
    wallet_name: options.Wallet = "default",
    hotkey_name: options.HotkeyName = "default",
    wallets: options.Wallets = DEFAULT_WALLETS,
) -> None:
    """Make a hotkey, in a key file as Bittensor writes it, and print its address."""
    path = wallet_path(wallet_name, hotkey_name, wallets)
    if path.exists():
        typer.echo(f"There is one already: {path}", err=True)
        raise typer.Exit(1)
    key = Hotkey.generate()
    key.save(path)
    typer.echo(f"{key.address}  {path}")
