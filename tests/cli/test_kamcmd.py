"""Our kamcmd: formats, and the same output as the real one over the same server."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest

from olelo.cli import kamcmd
from olelo.cli.client import typed
from rpc.rpc_kit import needs_kamcmd, short_path


def run(*argv: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = kamcmd.main(list(argv), out, err)
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("12", 12),
        ("-5", -5),
        ("2.5", 2.5),
        ("1e3", 1000.0),
        ("s:1", "1"),
        ("s:", ""),
        ("abc", "abc"),
        ("1_0", "1_0"),
        ("ü", "\xc3\xbc"),
    ],
)
def test_how_words_are_typed(word: str, value: object) -> None:
    assert typed(word) == value
    assert type(typed(word)) is type(value)


@pytest.mark.parametrize(
    ("format", "values", "text"),
    [
        ("%v\t%v\n", [1, "a", 2, "b"], "1\ta\n2\tb\n"),
        ("a %v b %% %v\n", [1, 2, 3], "a 1 b % 2\na 3 b % \n"),
        ("x", [1, 2], "x1x2"),
        ("[%v]\n", [], "[]\n"),
        ("%v", [{"a": 1}], "{a: 1}"),
    ],
)
def test_formats(format: str, values: list[object], text: str) -> None:
    assert "".join(kamcmd.formatted(values, format)) == text


def test_escapes_in_formats() -> None:
    assert kamcmd.unescape(r"a\n\t\r\\n\q" + "\\") == "a\n\t\r\\n\\q\\"


def test_what_cannot_be_reached() -> None:
    assert run("-s", "/nonexistent/x", "ps") == (
        255,
        "",
        "ERROR: connect_unix_sock: connect(/nonexistent/x): No such file or directory [2]\n",
    )
    assert run("-s", "tcp:a:b:c", "ps")[0] == 255
    assert run("-Z") == (255, "", "Unknown option `-Z'.\n")


@pytest.mark.wire
def test_builtins_and_text(socket_path: str) -> None:
    assert run("-s", socket_path, "help", "ps")[1] == (
        'ps is an alias for core.ps with reply formatting: "%v\\t%v\\n"\n'
    )
    assert run("-s", socket_path, "help", "quit")[1] == "builtin command: exits kamcmd\n"
    assert "core.uptime\n" in run("-s", socket_path, "help")[1]
    assert run("-s", socket_path, "test.bytes")[1] == "grüße\n"


@pytest.mark.wire
def test_commands_from_the_input(socket_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("core.echo 1\n\nps\nquit\ncore.echo never\n"))
    code, out, _ = run("-s", socket_path)
    assert code == 0
    assert out.endswith("1\n4711\tmain process\n4712\tworker\n")


@needs_kamcmd
@pytest.mark.wire
@pytest.mark.reference
@pytest.mark.parametrize(
    "argv",
    [
        ["core.echo", "1", "a", "s:2", "s:"],
        ["core.uptime"],
        ["core.psx"],
        ["core.aliases_list"],
        ["core.sockets_list"],
        ["core.tcp_list"],
        ["core.nosuch"],
        ["core.printi", "x"],
        ["core.echo", "-5"],
        ["core.printi", "--", "-5"],
        ["test.nested"],
        ["stats.get_statistics", "all"],
        ["stats.fetchn", "all"],
        ["ps"],
        ["ls"],
        ["ver"],
        ["dns_mem_info"],
        ["dns_debug"],
        ["dns_debug_all"],
        ["-v", "core.echo", "a"],
        ["-f", "<%v|%v>\\n", "core.echo", "1", "2", "3"],
        ["-f", "plain %%", "core.echo", "1", "2"],
        ["-f", "<%v>\\n", "core.tcp_list"],
        ["-f", "%v;", "core.uptime"],
        ["help", "core.echo"],
        ["-f"],
        ["-Z"],
    ],
    ids=" ".join,
)
def test_same_output_as_the_real_one(socket_path: str, argv: list[str]) -> None:
    real = subprocess.run(["kamcmd", "-s", socket_path, *argv], capture_output=True, timeout=20)
    assert run("-s", socket_path, *argv) == (real.returncode, real.stdout.decode(), real.stderr.decode())


@needs_kamcmd
@pytest.mark.wire
@pytest.mark.reference
def test_datagrams_as_the_real_one(socket_path: str, tmp_path: Path) -> None:
    argv = ["-s", f"unixd:{socket_path}.d", "-R", short_path(tmp_path, "r"), "core.echo", "a"]
    real = subprocess.run(["kamcmd", *argv], capture_output=True, timeout=20)
    assert run(*argv) == (real.returncode, real.stdout.decode(), "") == (0, "a\n", "")
    assert not (tmp_path / "r").exists()
