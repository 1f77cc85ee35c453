"""Command-line options: what they become, and what is said of wrong ones."""

from __future__ import annotations

import io

import pytest

from olelo.cli import kamailio
from olelo.cli.options import define_of, modparam_of


def options_of(*argv: str) -> kamailio.ServeOptions:
    return kamailio.serve_options(kamailio._options(list(argv)), ["kamailio", *argv])


def test_a_service_file_line() -> None:
    options = options_of(
        "-f", "/etc/k.cfg", "-P", "/run/k.pid", "-m64", "-M", "8", "-u", "kam", "-g", "kam", "-DD", "-E"
    )
    assert (options.config, options.pid_file) == ("/etc/k.cfg", "/run/k.pid")
    assert (options.user, options.group, options.log_stderr) == ("kam", "kam", True)
    assert options.without_effect == ["-m 64", "-M 8"]
    assert options.daemonize is False
    assert options.arguments[:3] == ["kamailio", "-f", "/etc/k.cfg"]


@pytest.mark.parametrize(("given", "daemonize"), [((), True), (("-D",), False), (("-DD",), False), (("-DDD",), True)])
def test_daemonize(given: tuple[str, ...], daemonize: bool) -> None:
    assert options_of(*given).daemonize is daemonize


def test_repeated_and_long_options() -> None:
    options = options_of(
        *("-l", "udp:127.0.0.1:5080", "-l", "eth0", "-A", "WITH_AUTH", "-A", "N=5", "-A", 'S="a=b"', "-dd"),
        *(
            "--alias=example.org",
            "--loadmodule=sl",
            "--modparam=ctl:mode:i:432",
            "--modparam=ctl:binrpc:s:tcp:1.2.3.4:5",
        ),
        *("--server-id=7", "--substdef=/A/B/", "-a", "off", "-T", "-Y", "/run/x", "-w", "/tmp", "-b", "9000"),
    )
    assert options.listen == ["udp:127.0.0.1:5080", "eth0"]
    assert options.defines == {"WITH_AUTH": None, "N": "5", "S": '"a=b"'}
    assert options.debug == 2
    assert options.modparams == [("ctl", "mode", 432), ("ctl", "binrpc", "tcp:1.2.3.4:5")]
    assert (options.aliases, options.loadmodules) == (["example.org"], ["sl"])
    assert (options.server_id, options.auto_aliases, options.disable_tcp) == (7, False, True)
    assert (options.substs, options.run_dir, options.work_dir) == ([("substdef", "/A/B/")], "/run/x", "/tmp")
    assert options.max_recv_buffer == 9000


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["-Z"], "Unknown option '-Z'. Use -h for help."),
        (["-f"], "Option '-f' requires an argument. Use -h for help."),
        (["--bogus"], "Unknown option '--bogus'. Use -h for help."),
        (["stray"], "Unexpected argument 'stray'. Use -h for help."),
        (["-b", "x"], "Option '-b': bad number 'x'. Use -h for help."),
        (["-m", "x"], "Option '-m': bad number 'x'. Use -h for help."),
        (
            ["-l", "smoke:1.2.3.4"],
            "Option '-l': bad address 'smoke:1.2.3.4', must be [proto:]address[:port][/advertised]. Use -h for help.",
        ),
        (
            ["-t", "/srv"],
            "Option '-t': a chroot is not supported; use RootDirectory= of systemd, or a container. Use -h for help.",
        ),
        (["-A", "=1"], "Option '-A': bad define '=1'. Use -h for help."),
        (["-a", "maybe"], "Option '-a': bad auto aliases mode 'maybe', must be yes, on, no or off. Use -h for help."),
    ],
)
def test_wrong_options(argv: list[str], text: str) -> None:
    err = io.StringIO()
    assert kamailio.main(argv, io.StringIO(), err) == 255
    assert err.getvalue() == text + "\n"


def test_options_without_effect_are_kept_for_the_log() -> None:
    options = options_of(
        "-r", "-R", "-W", "epoll_lt", "-x", "fm", "-n", "4", "-O", "1", "--log-engine=json:M", "--atexit=no"
    )
    given = "-r; -R; -W epoll_lt; -x fm; -n 4; -O 1; --log-engine json:M; --atexit no"
    assert options.without_effect == given.split("; ")


def test_the_working_directory_is_the_root_unless_told_otherwise() -> None:
    assert options_of("-DD").work_dir == "/"
    assert options_of("-w", "/tmp").work_dir == "/tmp"
    assert options_of("-D").work_dir == ""


@pytest.mark.parametrize("text", ["", "=x", "a b", "a-b=1"])
def test_bad_defines(text: str) -> None:
    with pytest.raises(ValueError, match="bad define"):
        define_of(text)


@pytest.mark.parametrize("text", ["", "a:b", "a:b:x:1", "a:b:i:x", ":b:i:1", "a::i:1"])
def test_bad_modparams(text: str) -> None:
    with pytest.raises(ValueError, match="bad modparam"):
        modparam_of(text)
