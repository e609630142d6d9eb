"""Plans on disk: processes of one owner on one machine compile a network once between them.

A plan that was read is checked as one that was just compiled: its slots must compute the network.
Parameters below the security bound are refused wherever they come from.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hushwork import _native
from hushwork.encrypted.compiler import check, compile_network
from hushwork.encrypted.plan import Plan, PlannedLayer
from hushwork.encrypted.tiers import Tier
from hushwork.errors import InvalidInput
from hushwork.guarantee import Progress
from hushwork.networks import Network

_ARRAY = 1
"""What an array is called in MessagePack: its type, its shape and its bytes."""
_TYPES = {"<f8", "<i8", "<i4", "|b1"}
_DIGEST = 32
_LOG = logging.getLogger(__name__)


def shared_plan(folder: Path, network: Network, progress: Progress | None = None) -> Plan:
    """The plan of a network, from `folder` if it is there, else compiled and left there.

    One process compiles and the others wait. Raises UnsupportedOperator or DoesNotFit, and
    InvalidInput for a folder that others may write to.
    """
    _make_own(folder)
    path = folder / f"{_name(network)}.plan"
    if progress is not None and not path.exists():
        progress("waiting for the plan", 0, 0)
    with _alone(path.with_suffix(".lock")):
        plan = _read(path, network)
        if plan is None:
            plan = compile_network(network, progress)
            _write(path, plan)
        return plan


def encode(plan: Plan) -> bytes:
    """A SHA-256, and what it is of."""
    fields = {field.name: getattr(plan, field.name) for field in dataclasses.fields(plan)}
    data = msgspec.msgpack.encode(fields, enc_hook=_packed)
    return hashlib.sha256(data).digest() + data


def decode(data: bytes) -> Plan:
    """Read what `encode` wrote. Raises ValueError for anything else."""
    digest, rest = data[:_DIGEST], memoryview(data)[_DIGEST:]
    if hashlib.sha256(rest).digest() != digest:
        raise ValueError("a plan whose bytes are damaged")
    fields = msgspec.msgpack.decode(rest, ext_hook=_unpacked)
    fields["tiers"] = tuple(Tier(*tier) for tier in fields["tiers"])
    fields["layers"] = {name: _layer(**layer) for name, layer in fields["layers"].items()}
    for step in fields["steps"]:
        if step["op"] == "linear":
            step["terms"] = [tuple(term) for term in step["terms"]]
    return Plan(**fields)


def _layer(layout: str, limbs: list[int], milliseconds: float) -> PlannedLayer:
    return PlannedLayer(layout, tuple(limbs), milliseconds)


def _packed(value: object) -> Any:
    if isinstance(value, np.ndarray):
        parts = (value.dtype.str, value.shape, value.tobytes())
        return msgspec.msgpack.Ext(_ARRAY, msgspec.msgpack.encode(parts))
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot encode {type(value)}")


def _unpacked(code: int, data: memoryview) -> Any:
    kind, shape, values = msgspec.msgpack.decode(data, type=tuple[str, tuple[int, ...], bytes])
    if code != _ARRAY or kind not in _TYPES:
        raise ValueError(f"an array of type {kind}")
    return np.frombuffer(values, kind).reshape(shape)


def _read(path: Path, network: Network) -> Plan | None:
    """A plan that is there and computes the network."""
    try:
        plan = decode(path.read_bytes())
        check(plan, network)
        return plan
    except FileNotFoundError:
        return None
    except (ValueError, msgspec.MsgspecError) as error:
        _LOG.warning("%s cannot be used and is made anew: %s", path, error)
        return None


def _write(path: Path, plan: Plan) -> None:
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_bytes(encode(plan))
    partial.replace(path)


def _make_own(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        got = f"{folder}: {stat.filemode(found.st_mode)} of user {found.st_uid}"
        raise InvalidInput("shared folder", expected="one that only you may write to", got=got)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock, which ends with the process at the latest."""
    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _name(network: Network) -> str:
    """Of the network and of everything that plans it."""
    return hashlib.sha256(f"{network.digest} {_code()} {np.__version__}".encode()).hexdigest()


@cache
def _code() -> str:
    """SHA-256 of this room, of the networks' and of the native module."""
    here = Path(__file__).parent
    files = [*here.glob("*.py"), *(here.parent / "networks").glob("*.py"), Path(_native.__file__)]
    state = hashlib.sha256()
    for path in sorted(files):
        state.update(hashlib.sha256(path.read_bytes()).digest())
    return state.hexdigest()
