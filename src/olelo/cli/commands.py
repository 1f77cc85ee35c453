"""The commands of `olelo`, as typer sees them.

Everything heavy is imported where it is used, so that `olelo cmd` and `olelo check` start quickly.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from olelo.cli.options import DEFAULT_CONFIG, DEFAULT_RUN_DIR, ServeOptions, define_of, modparam_of
from olelo.cli.tools import run_tool

_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

app = typer.Typer(
    name="olelo",
    help="A SIP server that runs the kamailio.cfg you already have.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


# --- serve ------------------------------------------------------------------------------------------------------------

Listen = Annotated[list[str] | None, typer.Option("-l", "--listen", help="Listen here too, e.g. udp:127.0.0.1:5060.")]
Define = Annotated[list[str] | None, typer.Option("-A", "--define", help="Define NAME or NAME=VALUE.")]


@app.command()
def serve(
    config: Annotated[str, typer.Option("-f", "--config", help="Configuration file.")] = DEFAULT_CONFIG,
    listen: Listen = None,
    define: Define = None,
    alias: Annotated[
        list[str] | None, typer.Option("--alias", help="A name of ours, e.g. example.org or udp:example.org:5070.")
    ] = None,
    loadmodule: Annotated[list[str] | None, typer.Option("--loadmodule", help="Load a module.")] = None,
    modparam: Annotated[
        list[str] | None, typer.Option("--modparam", help="Set a parameter: module:name:type:value, type s or i.")
    ] = None,
    stay: Annotated[int, typer.Option("-D", count=True, help="Stay in the foreground (it always does).")] = 0,
    daemonize: Annotated[bool, typer.Option("--daemonize", help="Go to the background.")] = False,
    log_stderr: Annotated[bool, typer.Option("--log-stderr/--log-syslog", "-E/", help="Where to log.")] = True,
    color: Annotated[bool, typer.Option("-e", "--log-color", help="Coloured log lines.")] = False,
    debug: Annotated[int | None, typer.Option("--debug", help="Log level, -5 to 3, instead of the file's.")] = None,
    pid_file: Annotated[str, typer.Option("-P", "--pid-file", help="Write the process number here.")] = "",
    run_dir: Annotated[str, typer.Option("-Y", "--run-dir", help="Directory of sockets and FIFOs.")] = DEFAULT_RUN_DIR,
    work_dir: Annotated[str, typer.Option("-w", "--work-dir", help="Change to this directory.")] = "",
    user: Annotated[str, typer.Option("-u", "--user", help="Change to this user.")] = "",
    group: Annotated[str, typer.Option("-g", "--group", help="Change to this group.")] = "",
    server_id: Annotated[int | None, typer.Option("--server-id", help="Value of server_id.")] = None,
    no_tcp: Annotated[bool, typer.Option("-T", "--no-tcp", help="No TCP.")] = False,
    shm: Annotated[str | None, typer.Option("-m", hidden=True)] = None,
    pkg: Annotated[str | None, typer.Option("-M", hidden=True)] = None,
    children: Annotated[str | None, typer.Option("-n", hidden=True)] = None,
    tcp_children: Annotated[str | None, typer.Option("-N", hidden=True)] = None,
    module_path: Annotated[str | None, typer.Option("-L", hidden=True)] = None,
) -> None:
    """Run the server. -L, -m, -M, -n and -N of kamailio are accepted without effect."""
    unused = {"-m": shm, "-M": pkg, "-n": children, "-N": tcp_children, "-L": module_path}
    options = ServeOptions(
        config=config,
        listen=list(listen or ()),
        defines=_defines(define),
        aliases=list(alias or ()),
        loadmodules=list(loadmodule or ()),
        log_stderr=log_stderr,
        log_color=color,
        debug=debug,
        daemonize=daemonize,
        pid_file=pid_file,
        run_dir=run_dir,
        work_dir=work_dir,
        user=user,
        group=group,
        disable_tcp=no_tcp,
        server_id=server_id,
        without_effect=[f"{letter} {value}" for letter, value in unused.items() if value is not None],
        arguments=["olelo", *sys.argv[1:]],
    )
    try:
        options.modparams = [modparam_of(text) for text in modparam or ()]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--modparam") from None
    _must_exist(config)
    from olelo.cli.door import server

    raise typer.Exit(server().serve(options))


def _defines(given: list[str] | None) -> dict[str, str | None]:
    try:
        return dict(define_of(text) for text in given or ())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="-A") from None


def _must_exist(path: str) -> None:
    if not os.path.isfile(path):
        what = "is no file" if os.path.exists(path) else "does not exist"
        print(f"olelo: configuration {path} {what}", file=sys.stderr)
        raise typer.Exit(1)


# --- check and modules ------------------------------------------------------------------------------------------------


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="Configuration file.")] = DEFAULT_CONFIG,
    define: Define = None,
    json: Annotated[bool, typer.Option("--json", help="Findings as JSON.")] = False,
) -> None:
    """Say everything that is wrong in a configuration, without running it. Exit code 1 if there are errors."""
    defines = _defines(define)
    _must_exist(file)
    from olelo.cli import report
    from olelo.cli.door import server

    found, sources = server().check(file, defines)
    if json:
        _print_json(report.as_json(found, file))
    else:
        color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        for finding in found.found:
            print(report.with_source(finding, sources, color), end="\n\n")
        print(report.summary(found, file))
    raise typer.Exit(1 if found.errors else 0)


@app.command()
def modules(
    name: Annotated[str | None, typer.Argument(help="Module to show in full.")] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the modules, or what one of them offers."""
    from olelo.cli import tables
    from olelo.cli.door import server

    catalog = server().catalog()
    if name is not None and name not in catalog.modules:
        import difflib

        near = difflib.get_close_matches(name, catalog.modules, 1)
        print(f"olelo: no module {name}" + (f"; did you mean {near[0]}?" if near else ""), file=sys.stderr)
        raise typer.Exit(1)
    if json:
        _print_json(tables.everything(catalog) if name is None else {name: tables.module_parts(catalog, name)})
    elif name is not None:
        tables.show_module(catalog, name)
    else:
        tables.show_modules(catalog)


# --- cmd --------------------------------------------------------------------------------------------------------------


@app.command(context_settings={"ignore_unknown_options": True})
def cmd(
    method: Annotated[str, typer.Argument(help="Command, such as core.uptime or an alias of kamcmd (ps, ls, who).")],
    args: Annotated[list[str] | None, typer.Argument(help="Numbers or strings; s:1 is a string.")] = None,
    socket: Annotated[str, typer.Option("-s", "--socket", help="Control socket: path, tcp:host:port, ..")] = "",
    json: Annotated[bool, typer.Option("--json", help="The reply as JSON.")] = False,
) -> None:
    """Call a command of a running server. Exit code 1 if it refuses."""
    from olelo.cli.call import call

    raise typer.Exit(call(method, list(args or ()), socket, json))


def _print_json(value: object) -> None:
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False))


# --- other tools' names -----------------------------------------------------------------------------------------------


@app.command("kamailio", context_settings=_PASS_ON, help="Be `kamailio`: its options, its exit codes.")
def _kamailio(ctx: typer.Context) -> None:
    raise typer.Exit(run_tool("kamailio", ctx.args))


@app.command("kamcmd", context_settings=_PASS_ON, help="Be `kamcmd`: its options, its output.")
def _kamcmd(ctx: typer.Context) -> None:
    raise typer.Exit(run_tool("kamcmd", ctx.args))


@app.command("kamctl", context_settings=_PASS_ON, help="Be `kamctl`: subscribers, groups, peers, the running server.")
def _kamctl(ctx: typer.Context) -> None:
    raise typer.Exit(run_tool("kamctl", ctx.args))


@app.command("kamdbctl", context_settings=_PASS_ON, help="Be `kamdbctl`: make, save and drop Kamailio's database.")
def _kamdbctl(ctx: typer.Context) -> None:
    raise typer.Exit(run_tool("kamdbctl", ctx.args))


@app.command("user", context_settings=_PASS_ON, help="Subscribers who register with a password: add, passwd, rm, list.")
def _user(ctx: typer.Context) -> None:
    from olelo.cli.user import user_app

    user_app(args=ctx.args, prog_name="olelo user")


@app.command("sim", context_settings=_PASS_ON, help="SIM keys: make, store, export and check cards.")
def _sim(ctx: typer.Context) -> None:
    from olelo.cli.sim import sim_app  # type: ignore[import-not-found,unused-ignore]

    sim_app(args=ctx.args, prog_name="olelo sim")
