"""Saying on what machine it was, and who the peers are."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Key, Measured
from benchmarks.peers import Peer
from benchmarks.rows import seconds

INSTRUCTIONS = ("avx2", "avx512f", "avx512ifma")
LEVELS = {
    "l2": "L2",
    "l3": "L3",
    "memory": "memory",
    "memory_of_two": "memory while another core does so too",
}
IFMA_LANES = 8


def _processor() -> tuple[str, list[str]]:
    """Its name, and those of INSTRUCTIONS that it has."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    flags = fields.get("flags", "").split()
    name = fields.get("model name", platform.machine())
    return name, [instruction for instruction in INSTRUCTIONS if instruction in flags]


def _memory() -> str:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{pages / 2**30:.0f} GiB of memory"


def describe(limits: Measured, ours: Measured) -> str:
    """The machine in a few lines of Markdown."""
    name, instructions = _processor()
    load = limits.value(Key("load"))
    busy = "" if load is None else f"; load average {load:.1f} when it began"
    return (
        f"Measured on {ours.when or 'no day yet'}: {os.cpu_count()} cores of {name} "
        f"({', '.join(instructions)}), {_memory()}, "
        f"{platform.system()}{busy}.{_speeds(limits)}"
    )


def _speeds(limits: Measured) -> str:
    word = limits.value(Key("multiply_add"))
    if word is None:
        return ""
    levels = [(level, limits.value(Key(level))) for level in LEVELS]
    read = ", ".join(
        f"{1e-9 / each:.0f} GB/s from {LEVELS[level]}" for level, each in levels if each
    )
    vector = f"{IFMA_LANES} multiply-adds of 52-bit words in {seconds(IFMA_LANES * word)}"
    return f"\nOne core does {vector}, and reads {read}."


PEER_TITLES = ("peer", "version", "licence", "what it is", "here")


def peers(
    known: Sequence[Peer], measured: Sequence[Measured]
) -> tuple[Sequence[str], list[list[str]]]:
    """A table of who they are, and whether they could be measured."""
    lines = [
        [peer.who, peer.version, peer.licence, peer.what, _state(found)]
        for peer, found in zip(known, measured, strict=True)
    ]
    return PEER_TITLES, lines


def _state(found: Measured) -> str:
    return found.unavailable or f"measured {found.when}"
