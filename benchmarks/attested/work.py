"""Jobs through one miner: one at a time, side by side; and as many as it takes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from statistics import median
from time import perf_counter

import numpy as np
from rich.progress import Progress

from benchmarks.attested import asking
from benchmarks.attested.service import Service, started
from benchmarks.figures import Figure
from hushwork.guarantee import Input, Prompt
from hushwork.networks import sample
from hushwork.networks.data import to_input
from hushwork.networks.models import Generator, open_model
from hushwork.wire import Hotkey

SMALL, MINILM, WRITER = "lenet5-fashion-mnist", "minilm", "tiny-tales"
SENTENCE = "The river runs past the mill and the old stone bridge."
"""Thirteen tokens of MiniLM's."""
PASSAGE = " ".join([SENTENCE] * 10)
"""One hundred and twelve."""
WHOLE = " ".join([SENTENCE] * 30)
"""More than MiniLM reads: 256 tokens of it."""
PAIRS, FEWER = 2000, 300
SECONDS = 10.0
CALLERS = (1, 2, 4, 8)
TOKENS = 64
CALLER = Hotkey.insecure_from_uri("//benchmark")


def small(bars: Progress) -> list[Figure]:
    """A small network on a picture."""
    return _beside(bars, SMALL, SMALL, {"small": _picture()}, PAIRS)


def minilm(bars: Progress) -> list[Figure]:
    """MiniLM on a sentence, on a passage, and on as much as it reads."""
    texts: dict[str, Input] = {"sentence": SENTENCE, "passage": PASSAGE, "whole": WHOLE}
    return _beside(bars, MINILM, MINILM, texts, FEWER)


def load(bars: Progress) -> list[Figure]:
    """Answers a second of a small network, by how many ask at once."""
    figures = []
    with started([SMALL], CALLER.address, threads=1) as service:
        for kind in ("attested", "clear"):
            for callers in bars.track(CALLERS, description=f"load, {kind}"):
                rate = _rate(service, kind, callers)
                figures.append(Figure(f"{kind}_rate", rate, rate, threads=callers))
    return figures


def words(bars: Progress) -> list[Figure]:
    """Tokens of a small language model: plainly, and streamed under seal to a customer."""
    model = open_model(WRITER)
    if not isinstance(model, Generator):
        raise TypeError(f"{WRITER} does not write")
    prompt = Prompt("Once upon a time", most_tokens=TOKENS)
    plain, streamed, first = [], [], []
    with started([WRITER], CALLER.address) as service, asking.client(service, CALLER) as http:
        take = asking.streamed(service, http, WRITER, prompt)
        for _ in bars.track(range(20), description="words"):
            start = perf_counter()
            count = sum(1 for _ in model.generate(prompt.text, most_tokens=TOKENS))
            plain.append((perf_counter() - start) / count)
            begun, whole, parts = take()
            first.append(begun)
            streamed.append(whole / parts)
    return [_figure("plain_token", plain), _figure("token", streamed), _figure("first", first)]


def _picture() -> Input:
    return to_input(sample()[0][:1])[0]


def _beside(
    bars: Progress, model: str, network: str, inputs: dict[str, Input], pairs: int
) -> list[Figure]:
    """Attested and in the clear, in turn, so that both meet the same machine."""
    figures = []
    with started([model], CALLER.address) as service, asking.client(service, CALLER) as http:
        sealed, clear = asking.manifests(service, network)
        for name, x in inputs.items():
            both = (asking.attested(service, http, sealed, x), asking.in_the_clear(http, clear, x))
            for _ in range(20):
                [ask() for ask in both]
            turns = bars.track(range(pairs), description=name)
            spent = np.array([[ask() for ask in both] for _ in turns])
            figures += [_figure(f"{name}_attested", spent[:, 0]), _figure(name, spent[:, 1])]
            figures.append(_figure(f"{name}_added", spent[:, 0] - spent[:, 1]))
    return figures


def _figure(name: str, values: Sequence[float] | np.ndarray) -> Figure:
    return Figure(name, float(median(values)), float(min(values)), len(values))


def _rate(service: Service, kind: str, callers: int) -> float:
    """Answers a second, of so many callers in processes of their own."""
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        pipes = []
        for _ in range(callers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_call, args=(theirs, service, kind), daemon=True)
            process.start()
            stack.callback(process.join)
            pipes.append(ours)
        for pipe in pipes:
            pipe.recv()
        for pipe in pipes:
            pipe.send(None)
        counts = [pipe.recv() for pipe in pipes]
        return sum(counts) / SECONDS


def _call(pipe: Connection, service: Service, kind: str) -> None:
    """Ask for so many seconds, one question after the other; say how often."""
    with asking.client(service, CALLER) as http:
        sealed, clear = asking.manifests(service, SMALL)
        x = _picture()
        if kind == "attested":
            ask = asking.attested(service, http, sealed, x)
        else:
            ask = asking.in_the_clear(http, clear, x)
        for _ in range(20):
            ask()
        pipe.send(None)
        pipe.recv()
        end, count = perf_counter() + SECONDS, 0
        while perf_counter() < end:
            ask()
            count += 1
        pipe.send(count)
