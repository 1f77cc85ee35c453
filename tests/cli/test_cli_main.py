"""`olelo` itself: its commands, exit codes and texts, with a stand-in for the server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from olelo.cli.main import main
from olelo.cli.options import ServeOptions
from olelo.script.catalog import ArgKind, ArgSpec, Catalog, FunctionSpec, ParamSpec, RouteKind, VariableSpec
from olelo.script.diagnostics import Diagnostics
from olelo.script.nodes import Pos

CONFIG = 'loadmodule "sl"\nrequest_route {\n\tsl_send_replly("200", "OK");\n}\n'

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stands in for olelo.app; `served` are the options that serve() got, `found` is what check() finds."""
    state = SimpleNamespace(served=[], found=Diagnostics(), code=0, defines=None)

    def serve(options: ServeOptions) -> int:
        state.served.append(options)
        return int(state.code)

    def check(
        path: str, defines: dict[str, str | None], options: ServeOptions | None = None
    ) -> tuple[Diagnostics, dict[str, str]]:
        state.defines = defines
        return state.found, {"x.cfg": CONFIG}

    def catalog() -> Catalog:
        args = (ArgSpec("code", ArgKind.INT), ArgSpec("reason", ArgKind.STR, optional=True))
        function = FunctionSpec("sl_send_reply", "sl", args, RouteKind.ANY, lambda ctx: 1, doc="Send a reply.\nMore.")
        found = Catalog(modules={"sl", "tm", "kex"}, functions={"sl_send_reply": [function]})
        found.params["sl"] = {"default_code": ParamSpec("default_code", "sl", "int", 500, "Code where none is given.")}
        found.variables["sx"] = VariableSpec("sx", "sl", inner="required", doc="A thing.")
        return found

    module: Any = ModuleType("olelo.app")
    module.serve, module.check, module.catalog = serve, check, catalog
    monkeypatch.setitem(sys.modules, "olelo.app", module)
    return state


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str, name: str = "olelo") -> tuple[int, str, str]:
        code = main([name, *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "x.cfg"
    path.write_text(CONFIG)
    return str(path)


def test_serve(server: SimpleNamespace, run: Run, config: str) -> None:
    server.code = 3
    words = [
        "-f",
        config,
        "-DD",
        "-E",
        "-l",
        "udp:127.0.0.1:5080",
        "-A",
        "WITH_NAT",
        "-A",
        "N=1",
        "-P",
        "/run/p",
        "-m",
        "64",
    ]
    assert run("serve", *words, "-Y", "/run/y", "-w", "/tmp", "--debug", "2", "--modparam", "ctl:mode:i:5") == (
        3,
        "",
        "",
    )
    options: ServeOptions = server.served[0]
    assert (options.config, options.listen) == (config, ["udp:127.0.0.1:5080"])
    assert options.defines == {"WITH_NAT": None, "N": "1"}
    assert (options.pid_file, options.run_dir, options.work_dir, options.debug) == ("/run/p", "/run/y", "/tmp", 2)
    assert (options.log_stderr, options.daemonize, options.without_effect) == (True, False, ["-m 64"])
    assert options.modparams == [("ctl", "mode", 5)]


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["serve", "-f", "/nonexistent.cfg"], 1, "configuration /nonexistent.cfg does not exist"),
        (["serve", "-f", "/"], 1, "configuration / is no file"),
        (["check", "/nonexistent.cfg"], 1, "configuration /nonexistent.cfg does not exist"),
        (["serve", "--bogus"], 2, "No such option: --bogus"),
        (["serve", "-A", "=1"], 2, "bad define '=1'"),
        (["serve", "--modparam", "x"], 2, "bad modparam 'x'"),
        (["nonsense"], 2, "nonsense"),
        (["cmd"], 2, "Missing argument"),
        (["cmd", "-s", "tcp:a:b:c", "ps"], 2, "bad control address"),
        (
            ["cmd", "-s", "/nonexistent/s", "ps"],
            1,
            "cannot reach /nonexistent/s: there is no such socket (is the server running?)",
        ),
        (["modules", "kexx"], 1, "no module kexx; did you mean kex?"),
        (["kamctl", "frob", "x"], 1, "kamctl: there is no command 'frob'"),
        (["kamdbctl", "frob"], 1, "kamdbctl: there is no command 'frob'"),
    ],
)
def test_errors_are_told_in_words(server: SimpleNamespace, run: Run, words: list[str], code: int, text: str) -> None:
    got, out, err = run(*words)
    assert (got, out) == (code, "")
    assert text in err
    assert "Traceback" not in err


def test_check_shows_the_line_and_marks_the_place(server: SimpleNamespace, run: Run, config: str) -> None:
    server.found.error("unknown-function", "unknown function sl_send_replly", Pos("x.cfg", 3, 2), "sl_send_reply?", 14)
    server.found.warning("noop", "no effect", Pos("other.cfg", 1, 1))
    code, out, _ = run("check", config, "-A", "X=1")
    assert code == 1
    assert out.split("\n\n") == [
        "x.cfg:3:2: error: unknown function sl_send_replly [unknown-function]\n"
        '  3 | \tsl_send_replly("200", "OK");\n'
        "    | \t^^^^^^^^^^^^^^\n"
        "  hint: sl_send_reply?",
        "other.cfg:1:1: warning: no effect [noop]",
        f"{config}: 1 error, 1 warning\n",
    ]
    assert server.defines == {"X": "1"}


def test_check_of_a_good_file(server: SimpleNamespace, run: Run, config: str) -> None:
    assert run("check", config) == (0, f"{config}: ok\n", "")
    server.found.warning("noop", "no effect", Pos("x.cfg", 1, 1))
    assert run("check", config)[0] == 0


def test_check_as_json(server: SimpleNamespace, run: Run, config: str) -> None:
    server.found.error("unknown-function", "oh", Pos("x.cfg", 3, 2), "hint", 4)
    code, out, _ = run("check", "--json", config)
    assert code == 1
    assert json.loads(out) == {
        "file": config,
        "errors": 1,
        "warnings": 0,
        "diagnostics": [
            {
                "severity": "error",
                "code": "unknown-function",
                "message": "oh",
                "file": "x.cfg",
                "line": 3,
                "column": 2,
                "length": 4,
                "hint": "hint",
            }
        ],
    }


def test_modules(server: SimpleNamespace, run: Run) -> None:
    lines = [line.split() for line in run("modules")[1].splitlines()]
    assert ["sl", "1", "1", "1"] in lines
    assert ["tm", "0", "0", "0"] in lines
    shown = run("modules", "sl")[1]
    for text in ("sl_send_reply(code [, reason])", "Send a reply.", "default_code", "500", "$sx(name)"):
        assert text in shown
    assert "More." not in shown
    listed = json.loads(run("modules", "sl", "--json")[1])
    assert listed["sl"]["parameters"][0]["default"] == 500
    everything = json.loads(run("modules", "--json")[1])
    assert sorted(everything) == ["core", "modules", "transformations"]
    assert sorted(everything["modules"]) == ["kex", "sl", "tm"]
    sl = everything["modules"]["sl"]
    assert sl["functions"]["sl_send_reply"]["args"] == ["code", "reason"]
    assert sl["parameters"] == {"default_code": "int"}
    assert sl["variables"] == ["$sx"]


def test_called_as_kamailio(server: SimpleNamespace, run: Run, config: str) -> None:
    assert run("-c", "-f", config, name="/usr/sbin/kamailio") == (0, "", "config file ok, exiting...\n")
    server.found.error("syntax", "syntax error", Pos("x.cfg", 1, 2), "a hint")
    code, _, err = run("kamailio", "-c", "-f", config)
    assert code == 255
    assert err == (
        "x.cfg:1:2: error: syntax error (a hint) [syntax]\nERROR: bad config file (1 errors) (parsing code: 1)\n"
    )
    server.code = 1
    assert run("-f", config, "-DD", name="kamailio")[0] == 255
    assert server.served[0].daemonize is False
    code, _, err = run("-f", "/nonexistent.cfg", name="kamailio")
    assert code == 255
    assert err.startswith("ERROR: loading config file(/nonexistent.cfg): No such file or directory")


def test_versions_and_help(run: Run) -> None:
    assert run("-v", name="kamailio")[1].startswith("version: olelo ")
    assert "--modparam" in run("-h", name="kamailio")[1]
    assert run("-V", name="kamcmd")[1].startswith("version: kamcmd ")
    assert run("--help")[0] == 0
    for command in ("serve", "check", "modules", "cmd", "sim", "kamcmd"):
        assert command in run("--help")[1]


def test_an_unexpected_error_is_one_line(
    server: SimpleNamespace, run: Run, config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: str, defines: object, options: object = None) -> None:
        raise RuntimeError("all is lost")

    monkeypatch.setattr(sys.modules["olelo.app"], "check", broken)
    assert run("check", config) == (
        1,
        "",
        "olelo: RuntimeError: all is lost (set OLELO_TRACEBACK=1 for the details)\n",
    )
    monkeypatch.setenv("OLELO_TRACEBACK", "1")
    with pytest.raises(RuntimeError):
        run("check", config)


@pytest.mark.wire
def test_cmd(run: Run, socket_path: str) -> None:
    assert run("cmd", "-s", socket_path, "core.echo", "1", "s:2", "-5") == (0, "1\n2\n-5\n", "")
    uptime = run("cmd", "-s", socket_path, "core.uptime")[1]
    assert uptime.splitlines()[2].split() == ["uptime", "100000"]
    table = run("cmd", "-s", socket_path, "psx")[1]
    assert [line.split() for line in table.splitlines() if line.strip()][0] == ["IDX", "PID", "DSC"]
    assert "example.net" in run("cmd", "-s", socket_path, "core.aliases_list")[1]
    assert run("cmd", "-s", socket_path, "test.bytes")[1] == "grüße\n"
    nested = run("cmd", "-s", socket_path, "test.nested")
    assert nested[0] == 0
    assert nested[1].endswith("tail\n-7\n5000000000\n2.500000\n")


@pytest.mark.wire
def test_cmd_as_json(run: Run, socket_path: str) -> None:
    def reply(*words: str) -> Any:
        return json.loads(run("cmd", "-s", socket_path, "--json", *words)[1])

    assert reply("core.uptime")["result"]["uptime"] == 100_000
    assert reply("core.echo", "a", "b") == {"result": ["a", "b"]}
    assert reply("stats.fetchn", "shmem:") == {"result": {"shmem.total_size": 5_000_000_000}}
    assert reply("test.bytes") == {"result": "grüße"}
    assert reply("core.sockets_list")["result"][0]["socket"]["address"] == "127.0.0.77"


@pytest.mark.wire
def test_cmd_that_is_refused(run: Run, socket_path: str) -> None:
    listed = "system.listMethods lists all there are"
    assert run("cmd", "-s", socket_path, "zzz") == (1, "", f"olelo: there is no command zzz; {listed}\n")
    near = "olelo: there is no command core.uptme; did you mean core.uptime?\n"
    assert run("cmd", "-s", socket_path, "core.uptme") == (1, "", near)
    assert run("cmd", "-s", socket_path, "system.methodHelp")[2] == "olelo: 400 Method Name Expected\n"
    code, out, _ = run("cmd", "-s", socket_path, "--json", "core.nosuch")
    assert (code, json.loads(out)["error"]["code"]) == (1, 500)


def test_the_light_tools_load_nothing_heavy() -> None:
    program = (
        "import sys; from olelo.cli.main import main; main(['kamcmd', '-V']);"
        "print(sorted({'typer', 'rich', 'asyncio', 'dns', 'sqlalchemy', 'cryptography'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
