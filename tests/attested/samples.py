"""Real evidence: of Intel's machines from a public package, by its digest; of AMD's and AWS's, and
more of Intel's, from a folder of vectors beside the clone, where there is one."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate

from hushwork.attested.evidence import Evidence

PACKAGE, VERSION = "dcap-qvl", "0.7.1"
DIGEST = "c5f6e38c49510fd608390d02882bb1872d309c31325a120de1eed6c7160ba7e2"
FOLDER = Path(__file__).parents[3] / "shared" / "vectors" / "attestation"

SGX_TIMES = (1750330571, 1752919278)
"""2025-06-19T10:56:11Z to 2025-07-19T10:01:18Z: while all of the collateral is valid."""
TDX_TIMES = (1750329147, 1752919234)
"""2025-06-19T10:32:27Z to 2025-07-19T10:00:34Z, the last second before a list expires."""
OUTDATED_TIME = 1771977600
"""2026-02-25."""
SNP_TIME = 1751000000
NITRO_TIMES = (1766668537, 1766679337)
"""2025-12-25T13:15:37Z to 16:15:37Z: the life of the leaf certificate."""


def _cached() -> Path | None:
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    found = (home / "registry" / "cache").glob(f"*/{PACKAGE}-{VERSION}.crate")
    return next(iter(found), None)


def _fetch() -> None:
    command = ["cargo", "info", f"{PACKAGE}@{VERSION}"]
    try:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"cargo cannot fetch {PACKAGE} {VERSION}: {error}")


@cache
def members() -> dict[str, bytes]:
    """File name -> content of the package's folder of samples."""
    if _cached() is None:
        _fetch()
    path = _cached()
    if path is None:
        pytest.skip(f"cargo keeps no {PACKAGE} {VERSION}")
    data = path.read_bytes()
    assert hashlib.sha256(data).hexdigest() == DIGEST
    prefix = f"{PACKAGE}-{VERSION}/sample/"
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = [member for member in archive if member.name.startswith(prefix)]
        opened = {file.name.removeprefix(prefix): archive.extractfile(file) for file in files}
        return {name: file.read() for name, file in opened.items() if file is not None}


def intel(platform: str, name: str) -> Evidence:
    """Of one of the package's samples."""
    files = members()
    return Evidence(platform, files[name], files[f"{name}_collateral.json"])  # type: ignore[arg-type]


def sgx() -> Evidence:
    return intel("sgx", "sgx_quote")


def tdx() -> Evidence:
    return intel("tdx", "tdx_quote")


def vector(name: str) -> bytes:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"no {name} beside the clone")
    return path.read_bytes()


def snp() -> Evidence:
    """A Milan machine's, whose guest may be debugged, without a list of what is revoked."""
    vcek = load_der_x509_certificate(vector("vcek.testcer")).public_bytes(Encoding.PEM)
    return Evidence("sev-snp", vector("attestation.bin"), vcek + vector("milan.testcer"))


def nitro() -> Evidence:
    """The file is dstack's own record around the document."""
    return Evidence("nitro", vector("nitro_attestation.bin")[4:4531], b"")
