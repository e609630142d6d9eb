"""Putting what was measured between the markers of docs/benchmarks.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from benchmarks.programs import ROOT

PAGE = ROOT / "docs/benchmarks.md"


def inject(page: str, parts: Mapping[str, str]) -> str:
    """The page with each part between `<!-- begin name -->` and `<!-- end name -->`."""
    for name, text in parts.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        pattern = re.escape(begin) + r".*?" + re.escape(end)
        found = list(re.finditer(pattern, page, flags=re.S))
        if len(found) != 1:
            raise ValueError(f"{len(found)} places for {name!r}, expected 1")
        page = f"{page[: found[0].start()]}{begin}\n{text}\n{end}{page[found[0].end() :]}"
    return page


def write(parts: Mapping[str, str], plots: Mapping[str, str], page: Path = PAGE) -> None:
    """Renew the page and the pictures beside it, by file name."""
    page.write_text(inject(page.read_text(), parts))
    for name, plot in plots.items():
        page.with_name(name).write_text(plot)
