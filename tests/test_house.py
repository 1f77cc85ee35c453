"""The plan of the house: a room imports only rooms of lower rank, and ranks 0 and 1 know no clock, socket or chance."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "olelo"
RANKS = {"sip": 0, "transaction": 1, "script": 1, "core": 2, "modules": 3}
EDGES = ("net", "rpc", "cli", "auc", "db", "testing")
#: What the pure rooms may not import: whatever makes two runs differ.
BANNED = {"asyncio", "socket", "time", "random", "secrets", "threading", "uvloop", "select", "selectors", "subprocess"}
#: Edges that may look into another edge, each with its reason.
EDGE_DOORS = {
    ("cli", "rpc"),  # `rpc` is the only door for the command line
    ("cli", "db"),  # `olelo user` works on the table of subscribers, without a server
    ("cli", "auc"),  # `olelo sim` works on the key store, without a server
    ("cli", "db"),  # `olelo user`, kamctl and kamdbctl work on Kamailio's database, without a server
    ("testing", "rpc"),  # the test bed calls commands
    ("testing", "auc"),  # a simulated phone has a simulated SIM
}
#: Modules that may look into an edge, each with its reason.
MODULE_DOORS = {
    ("db_sqlite", "db"),  # the drivers are the modules' own
    ("db_mysql", "db"),
    ("db_postgres", "db"),
    ("ims_auth", "auc"),  # it is the authentication centre's door to scripts; auc itself imports nothing of ours
}
FILES = sorted(SOURCE.rglob("*.py"))


def imports(path: Path) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, name.name) for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.lineno, node.module))
    return found


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if parts[0] == "olelo" and len(parts) > 1 else ""


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_room_imports_only_lower_rooms(path: Path) -> None:
    here = path.relative_to(SOURCE).parts[0]
    if here not in RANKS and here not in EDGES:
        return  # app.py sees every room; __init__ and __main__ import one thing
    wrong = []
    for line, module in imports(path):
        there = room(module)
        if not there or there == here:
            continue
        if there == "app":
            wrong.append(f"{line}: only the command line may call app")
        elif here in RANKS:
            if here == "modules" and (path.relative_to(SOURCE).parts[1], there) in MODULE_DOORS:
                continue
            if there not in RANKS or RANKS[there] >= RANKS[here]:
                wrong.append(f"{line}: {here} (rank {RANKS[here]}) imports {module}")
        elif there in EDGES and (here, there) not in EDGE_DOORS:
            wrong.append(f"{line}: edge {here} imports edge {there}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_the_pure_rooms_know_no_clock_socket_or_chance(path: Path) -> None:
    here = path.relative_to(SOURCE).parts[0]
    if RANKS.get(here, 9) > 1:
        return
    wrong = [f"{line}: {module}" for line, module in imports(path) if module.split(".")[0] in BANNED]
    assert not wrong, "\n".join(wrong)


def test_asyncio_lives_at_the_edges() -> None:
    inside = [
        str(path.relative_to(SOURCE))
        for path in FILES
        if path.relative_to(SOURCE).parts[0] in RANKS and any(m.split(".")[0] == "asyncio" for _, m in imports(path))
    ]
    assert inside == []


def test_a_module_imports_another_module_only_if_it_says_that_it_needs_it() -> None:
    from olelo.modules import all_modules

    wrong = []
    for name, cls in all_modules().items():
        for path in (SOURCE / "modules" / name).rglob("*.py"):
            for line, module in imports(path):
                parts = module.split(".")
                if parts[:2] == ["olelo", "modules"] and len(parts) > 2 and parts[2] not in (name, *cls.needs):
                    wrong.append(f"{path.relative_to(SOURCE)}:{line}: {module}")
    assert not wrong, "\n".join(wrong)


def test_files_stay_readable() -> None:
    """Past 700 lines a file is split, by noun."""
    long = [f"{p.relative_to(SOURCE)}: {n}" for p in FILES if (n := len(p.read_text("utf-8").splitlines())) > 700]
    assert not long, "\n".join(long)


def test_nothing_is_left_to_do() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "X" + "XX")
    found = [
        f"{path.relative_to(SOURCE)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if any(f"# {mark}" in line for mark in marks)
    ]
    assert not found, "\n".join(found)
