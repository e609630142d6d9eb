"""The live view, on screens large and small."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from hushwork.cli.crews import crews_for
from hushwork.cli.views import LiveView
from hushwork.subnet import Snapshot

IDLE = Snapshot("5Validator", 1, "idle", 0, 0, 0, ())


@pytest.mark.parametrize(("height", "above"), [(60, 0), (20, 1)])
def test_hints_are_never_cut_off(height: int, above: int) -> None:
    """Where the screen is too low for them they stand above the tables, once."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=100, height=height)
    crews = crews_for([], None)
    with LiveView(console) as view:
        view.opened("http://127.0.0.1:1", "http://127.0.0.1:2", crews, Path("policy.toml"))
        assert written.getvalue().count("Ctrl-C ends all of it.") == above
        for _ in range(2):
            view.standing(IDLE, crews, [])
        shown = written.getvalue()
    assert shown.count("Ctrl-C ends all of it.") == (1 if above else 2)
    assert "without any protection" in shown
    assert "--guarantee attested --policy policy.toml" in shown
