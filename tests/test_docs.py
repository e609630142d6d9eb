"""The documents say what is."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from hushwork import errors
from hushwork.cli import options
from hushwork.cli.app import app
from hushwork.errors import HushworkError
from hushwork.wire.messages import http_status

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


def text(name: str) -> str:
    return (ROOT / name).read_text()


def kinds(root: type[HushworkError] = HushworkError) -> Iterator[type[HushworkError]]:
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
            yield from kinds(kind)


def test_every_error_is_listed_with_its_status() -> None:
    rows = {
        f"| `{kind.code}` | {http_status(kind('x'))} | {inspect.getdoc(kind)} |" for kind in kinds()
    }
    listed = {
        line for line in text("docs/protocol.md").splitlines() if re.match(r"\| `\w+` \| \d", line)
    }
    assert listed == rows


def test_every_route_is_listed() -> None:
    protocol = text("docs/protocol.md")
    shells = [*(ROOT / "hushwork/subnet").glob("*.py"), ROOT / "hushwork/wire/server.py"]
    for path in shells:
        source = path.read_text()
        routes = re.findall(r"""\.(?:stream_)?route\(\s*"(\w+)",\s*"([^"]+)""", source)
        routes += [("GET", route) for route in re.findall(r"""open_route\(\s*"([^"]+)""", source)]
        for method, route in routes:
            assert f"{method} {re.sub(r':int', '', route)}" in protocol, f"{path.name}: {route}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text())
    missing = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert missing == []


def test_every_command_and_setting_of_a_role_is_described() -> None:
    documents = "\n".join(path.read_text() for path in DOCUMENTS)
    commands = get_command(app).commands  # type: ignore[attr-defined]
    assert [name for name in commands if f"hush {name}" not in documents] == []
    operators = text("docs/operators.md")
    settings = {
        setting
        for name in ("ledger", "miner", "validator", "gateway", "hotkey")
        for parameter in commands[name].params
        if not parameter.hidden
        for setting in (parameter.opts[0], parameter.envvar)
        if setting and setting != "--help"
    }
    assert [setting for setting in settings if f"`{setting}`" not in operators] == []


def test_defaults_of_ports_are_true() -> None:
    operators = text("docs/operators.md")
    assert f"gateway {options.GATEWAY_PORT}" in operators
    assert f"127.0.0.1:{options.LEDGER_PORT}" in operators
