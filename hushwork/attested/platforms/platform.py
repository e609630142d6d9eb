"""Where evidence comes from on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from hushwork.attested.evidence import Evidence
from hushwork.attested.platforms.development import FILE, DevelopmentPlatform
from hushwork.attested.platforms.dstack import DstackPlatform, dstack_endpoint
from hushwork.errors import NotFound


class Platform(Protocol):
    """Something that says what runs on it, to people who need not believe its operator."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    @property
    def insecure(self) -> bool:
        """Whether the operator can see everything all the same."""
        ...

    def evidence(self, report_data: bytes) -> Evidence:
        """Fresh evidence over 64 bytes. Raises Unavailable, NotFound or InvalidBytes."""
        ...


def find_platform(folder: Path | None = None) -> Platform:
    """This machine's platform: dstack's where its socket is, or the development platform that lies
    in a folder. Raises NotFound, which says what to do."""
    endpoint = dstack_endpoint()
    if endpoint is not None:
        return DstackPlatform(endpoint)
    if folder is not None and (folder / FILE).exists():
        return DevelopmentPlatform.load(folder)
    raise NotFound(
        "platform that attests",
        expected="a TDX guest under dstack, or a folder with a development platform, which "
        "protects nothing and has to be asked for",
        got="neither /var/run/dstack.sock nor DSTACK_SIMULATOR_ENDPOINT"
        + (f", and no {FILE} in the folder" if folder is not None else ", and no folder"),
    )
