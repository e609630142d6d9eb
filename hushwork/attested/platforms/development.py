"""A platform for development: real quotes of a pretended vendor, on any machine.

Its quotes are laid out and signed as Intel's, so that everything but the hardware is exercised. Its
root is in no policy but one that names it under `insecure_development_root`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import ClassVar

import msgspec
from msgspec import Struct

from hushwork.attested.evidence import PRODUCTION, Evidence, examine
from hushwork.attested.evidence.chains import certificate_digest
from hushwork.attested.platforms.certificates import Signer, moment
from hushwork.attested.platforms.collateral import Publication, Vendor
from hushwork.attested.platforms.quotes import QuotingEnclave, guest_report
from hushwork.attested.platforms.report_data import require_report_data
from hushwork.attested.policy import Policy
from hushwork.errors import MalformedBytes, NotFound

FILE = "insecure-development-platform"
"""Name in its folder."""
NO_PROTECTION = (
    "This is a development platform without any protection: "
    "whoever operates this machine sees everything that is sent to it."
)
FMSPC = b"\xde\xe0" + bytes(4)
DAY = 86400
_FILE_LIMIT = 1 << 20
_BACKDATED = 300
"""Seconds, for relying parties whose clocks are late."""

Pair = tuple[bytes, bytes]


class _Saved(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    version: int
    root: Pair
    authority: Pair
    tcb_signer: Pair
    pck: Pair


@dataclass(frozen=True)
class _Issued:
    at: float
    collateral: bytes


class DevelopmentPlatform:
    """Issues evidence of TDX guests that nothing protects."""

    name: ClassVar[str] = "development"
    insecure: ClassVar[bool] = True

    def __init__(self, vendor: Vendor, pck: Signer, clock: Callable[[], float] = time.time) -> None:
        """On one processor of a vendor. clock: Unix seconds."""
        self._vendor = vendor
        self._pck = pck
        self._clock = clock
        self._enclave = QuotingEnclave.on(pck, vendor.issuers)
        self._issued: _Issued | None = None

    @classmethod
    def new(cls, clock: Callable[[], float] = time.time) -> DevelopmentPlatform:
        """With fresh keys, nowhere saved."""
        vendor = Vendor.new("Hushwork INSECURE Development", moment(clock() - DAY))
        return cls(vendor, vendor.processor(secrets.token_bytes(16), FMSPC), clock)

    @classmethod
    def open(cls, folder: Path, clock: Callable[[], float] = time.time) -> DevelopmentPlatform:
        """The one of a folder; made there if there is none, once, however many ask at a time.

        Raises NotFound where no file can be made, or MalformedBytes.
        """
        path = folder / FILE
        if not path.exists():
            _save(path, cls.new(clock)._saved())
        return cls.load(folder, clock)

    @classmethod
    def load(cls, folder: Path, clock: Callable[[], float] = time.time) -> DevelopmentPlatform:
        """The one of a folder. Raises NotFound or MalformedBytes."""
        try:
            with (folder / FILE).open("rb") as file:
                data = file.read(_FILE_LIMIT)
        except OSError as error:
            raise NotFound("development platform", got=error.strerror) from None
        try:
            saved = msgspec.msgpack.decode(data, type=_Saved)
            pairs = (saved.root, saved.authority, saved.tcb_signer, saved.pck)
            root, authority, tcb_signer, pck = (Signer.from_der(*pair) for pair in pairs)
        except (msgspec.MsgspecError, ValueError, TypeError) as error:
            raise MalformedBytes("development platform", got=str(error)[:200]) from None
        return cls(Vendor(root, authority, tcb_signer), pck, clock)

    @property
    def root(self) -> str:
        """SHA-256 of its root certificate, hex."""
        return certificate_digest(self._vendor.root.certificate)

    @property
    def collateral(self) -> bytes:
        """As `Evidence` takes it; at most a day old, and good for thirty."""
        now = self._clock()
        if self._issued is None or not 0 <= now - self._issued.at < DAY:
            issued = moment(now - _BACKDATED)
            expires = issued + timedelta(days=30)
            publication = Publication.of(self._vendor, "tdx", FMSPC, issued, expires)
            self._issued = _Issued(now, publication.signed().to_bytes())
        return self._issued.collateral

    def evidence(self, report_data: bytes) -> Evidence:
        """A quote of a guest whose MRTD is `code_measurement()`. report_data: 64 bytes."""
        report = guest_report(require_report_data(report_data), code_measurement())
        return Evidence("tdx", self._enclave.quote("tdx", report), self.collateral)

    def policy(self) -> Policy:
        """What accepts this code on this platform, and so protects nobody."""
        roots = PRODUCTION.with_insecure(self.root)
        claims = examine(self.evidence(bytes(64)), int(self._clock()), roots)
        return Policy.draft(claims, "this code on a development platform")

    def _saved(self) -> bytes:
        vendor = self._vendor
        signers = (vendor.root, vendor.authority, vendor.tcb_signer, self._pck)
        return msgspec.msgpack.encode(_Saved(1, *(signer.to_der() for signer in signers)))


@cache
def code_measurement() -> bytes:
    """The measurement of the installed package, as it was when first asked for: 48 bytes."""
    return measurement(Path(__file__).parents[2])


def measurement(package: Path) -> bytes:
    """SHA-384 of a folder's files but .pyc: relative path and content of each, each with its length
    before it. Changed code has another one."""
    paths = (path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc")
    digest = hashlib.sha384()
    for path in sorted(paths):
        for part in (path.relative_to(package).as_posix().encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
    return digest.digest()


def _save(path: Path, data: bytes) -> None:
    """All of it or nothing, and never over another's. Raises NotFound."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as file:
            # Made by tempfile with mode 0600, which the link keeps.
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.link(file.name, path)
    except FileExistsError:
        return
    except OSError as error:
        raise NotFound("folder", expected="one to write into", got=error.strerror) from None
