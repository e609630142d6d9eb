"""Where the time goes that seals and receipts add to a language model's answer.

Everything in one process, each step after a run of the model, which leaves the caches to itself.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from time import perf_counter
from typing import TypeVar

from rich.progress import Progress

from benchmarks.attested.work import MINILM, PASSAGE
from benchmarks.figures import Figure
from hushwork.attested import AttestedClient, AttestedWorker
from hushwork.attested.keyset import Keys, PublicKeys
from hushwork.attested.platforms import DevelopmentPlatform
from hushwork.networks.models import Embedder, open_model

RUNS = 100
T = TypeVar("T")


def measure(bars: Progress) -> Sequence[Figure]:
    """Sealing, the enclave's part beside the model, opening; and signatures, within these."""
    model = open_model(MINILM)
    if not isinstance(model, Embedder):
        raise TypeError(f"{MINILM} does not embed")
    platform = DevelopmentPlatform.new()
    worker = AttestedWorker(model, platform, "5Benchmark")
    client = AttestedClient(worker.manifest, platform.policy())
    session, reply = worker.greet(client.hello())
    channel = client.welcome(reply)
    keys = Keys("5Benchmark", "0" * 64, int(time.time()) + 3600)
    public, message = PublicKeys(keys.keyset), secrets.token_bytes(600)
    spent: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], T]) -> T:
        start = perf_counter()
        made = work()
        spent.setdefault(name, []).append(perf_counter() - start)
        return made

    for _ in bars.track(range(RUNS), description="breakdown"):
        timed("model", lambda: model.embed([PASSAGE]))
        request = timed("seal", lambda: channel.seal(PASSAGE))
        response = timed("run", partial(worker.run, session, request))
        timed("open", partial(channel.open, response))
        model.embed([PASSAGE])
        signature = timed("sign", lambda: keys.sign(message))
        model.embed([PASSAGE])
        timed("verify", partial(public.check, message, signature))
    return [Figure(name, median(times), min(times), RUNS) for name, times in spent.items()]
