"""The floor plan, kept true: imports point down, nothing is drawn that is not there."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "hushwork"

FLOORS = {
    "errors": 0,
    "_native": 0,
    "wire": 1,
    "ledger": 1,
    "networks": 2,
    "guarantee": 2.5,
    "encrypted": 3,
    "proved": 3,
    "attested": 3,
    "subnet": 4,
    "federation": 4,
    "market": 4,
    "hushwork": 5,
    "cli": 6,
    "web": 6,
}
SIDEWAYS = {("ledger", "wire")}
CRATES = {"ring": set(), "ckks": {"ring"}, "proof": set(), "native": {"ring", "ckks", "proof"}}
NAMES = {0: "ground", 1: "floor 1", 2: "floor 2", 3: "floor 3", 4: "floor 4", 6: "roof"}
MOST_LINES = 400


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py")) + sorted(PACKAGE.glob("*.pyi"))


def room(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return "hushwork" if first == "__init__.py" else first.split(".")[0]


def existing_rooms() -> set[str]:
    return {room(path) for path in modules()}


def target_room(name: str) -> str | None:
    """The room that a dotted name lies in; None for other people's packages."""
    parts = name.split(".")
    if parts[0] != "hushwork":
        return None
    is_module = len(parts) > 1 and parts[1] in existing_rooms() | set(FLOORS)
    return parts[1] if is_module else "hushwork"


def imported_names(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def relative_imports(source: str) -> list[int]:
    nodes = ast.walk(ast.parse(source))
    return [node.lineno for node in nodes if isinstance(node, ast.ImportFrom) and node.level]


def is_allowed(source: str, target: str) -> bool:
    downwards = FLOORS[target] < FLOORS[source]
    return source == target or downwards or (source, target) in SIDEWAYS


def forbidden_arrows(source_room: str, source: str) -> list[str]:
    targets = {name: target_room(name) for name in imported_names(source)}
    return [
        f"{source_room} -> {name}"
        for name, target in targets.items()
        if target is not None and not is_allowed(source_room, target)
    ]


def dangerous_calls(source: str) -> list[str]:
    tree = ast.parse(source)
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [call.id for call in calls if isinstance(call, ast.Name)]
    imports = [name.split(".")[0] for name in imported_names(source)]
    return [name for name in named if name in {"eval", "exec", "compile", "__import__"}] + [
        name for name in imports if name in {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
    ]


def drawing() -> dict[str, list[str]]:
    """Floor -> rooms, as the README draws them."""
    lines = (ROOT / "README.md").read_text().splitlines()
    columns = [
        re.split(r"\s{2,}", line) for line in lines if re.match(r"(roof|floor|ground)", line)
    ]
    return {floor: rooms for floor, *rooms, _ in columns}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    assert room(path) in FLOORS, f"{path} has no place in the plan"
    source = path.read_text()
    assert not relative_imports(source), "write imports in full"
    assert not forbidden_arrows(room(path), source)


@pytest.mark.parametrize(
    ("source_room", "line"),
    [
        ("wire", "from hushwork.ledger import Ledger"),
        ("networks", "from hushwork.guarantee import Manifest"),
        ("encrypted", "import hushwork.proved"),
        ("encrypted", "from hushwork import subnet"),
        ("subnet", "from hushwork.market.auction import bid"),
        ("subnet", "import hushwork.cli as roof"),
        ("errors", "from hushwork import something"),
        ("guarantee", "def late():\n    from hushwork.encrypted import guarantee"),
    ],
)
def test_an_arrow_that_is_not_down_is_found(source_room: str, line: str) -> None:
    assert forbidden_arrows(source_room, line)


@pytest.mark.parametrize(
    ("source_room", "line"),
    [
        ("ledger", "from hushwork.wire import Hotkey"),
        ("encrypted", "from hushwork.guarantee import Manifest"),
        ("cli", "from hushwork.subnet import Gateway"),
        ("subnet", "from hushwork.subnet.scoring import score"),
        ("wire", "import numpy, hashlib"),
    ],
)
def test_an_arrow_down_is_allowed(source_room: str, line: str) -> None:
    assert not forbidden_arrows(source_room, line)


def imports_by_name(source: str) -> list[str]:
    """Calls of import_module, but those that stay in their own package."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [ast.unparse(call) for call in calls if "import_module" in ast.unparse(call.func)]
    return [call for call in named if "(f'{__name__}." not in call]


def test_only_the_guarantee_table_imports_by_name() -> None:
    assert imports_by_name("import_module('hushwork.' + name)")
    found = [path.name for path in modules() if imports_by_name(path.read_text())]
    assert found == ["guarantee.py"]
    table = importlib.import_module("hushwork.guarantee")._ROOMS
    assert {FLOORS[str(target_room(name))] for name in table.values()} == {3}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_unpickles_or_evaluates(path: Path) -> None:
    assert not dangerous_calls(path.read_text())


def test_a_dangerous_call_is_found() -> None:
    for line in ("import pickle", "from marshal import loads", "eval('1')", "exec('x = 1')"):
        assert dangerous_calls(line)


def packages() -> list[str]:
    found = pkgutil.walk_packages([str(PACKAGE)], "hushwork.")
    return [module.name for module in found if module.ispkg]


@pytest.mark.parametrize("name", packages())
def test_every_package_says_what_it_offers(name: str) -> None:
    package = importlib.import_module(name)
    assert package.__all__, f"{name} has no __all__"
    assert package.__doc__
    assert [entry for entry in package.__all__ if not hasattr(package, entry)] == []


def sources() -> list[Path]:
    folders = ("hushwork", "tests", "crates", "benchmarks", "tools", "examples")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    return [path for path in files if path.suffix in {".py", ".rs"} and "target" not in path.parts]


def test_no_file_is_long() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in sources()}
    long = {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > MOST_LINES}
    assert not long


def test_the_drawing_in_the_readme_is_true() -> None:
    drawn = drawing()
    assert list(drawn) == ["roof", "floor 4", "floor 3", "floor 2", "floor 1", "ground"]
    true: dict[str, set[str]] = {floor: set() for floor in drawn}
    for name in existing_rooms() - {"hushwork", "guarantee"}:
        true[NAMES[int(FLOORS[name])]].add(name)
    assert {floor: set(rooms) for floor, rooms in drawn.items()} == true


def test_crates_point_down() -> None:
    manifests = {path.parent.name: path for path in (ROOT / "crates").glob("*/Cargo.toml")}
    assert set(manifests) == set(CRATES)
    for crate, path in manifests.items():
        tables = tomllib.loads(path.read_text())
        used = {
            name.removeprefix("hushwork-")
            for kind in ("dependencies", "dev-dependencies", "build-dependencies")
            for name in tables.get(kind, {})
            if name.startswith("hushwork-")
        }
        assert used <= CRATES[crate], f"{crate} uses {used - CRATES[crate]}"


def test_the_readme_names_every_crate() -> None:
    readme = (ROOT / "README.md").read_text()
    named = set(re.findall(r"`?crates/(\w+)`?", readme))
    assert named == set(CRATES)
