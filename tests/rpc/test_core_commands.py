"""core.*, dns.*, dst_blocklist.* and modparam.* over an engine's view with fixed facts."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import pytest

from olelo.core.dns_cache import DnsEntry
from olelo.core.module import Many, NamedList, RpcFault
from rpc.rpc_kit import FixedView, filled_registry


def call(name: str, *args: Any, view: FixedView | None = None) -> Any:
    return filled_registry(view).call(name, args)


def fault(name: str, *args: Any, view: FixedView | None = None) -> tuple[int, str]:
    with pytest.raises(RpcFault) as caught:
        call(name, *args, view=view)
    return caught.value.code, caught.value.text


def test_echoes() -> None:
    assert call("core.echo", "a", 1, 2.5) == Many(["a", "1", "2.5"])
    assert call("core.prints", "a", "b") == Many(["a", "b"])
    assert fault("core.prints", 1)[0] == 400
    assert call("core.printi", 1, 2) == Many([1, 2])
    assert call("core.echo") == Many()


def test_version_has_the_form_that_tools_cut() -> None:
    name, version, platform = call("core.version").split(" ")
    assert name == "olelo"
    assert version.split(".")[0].isdigit()
    assert platform.startswith("(")
    assert platform.endswith(")")
    assert call("core.info")["version"] == f"{name} {version}"


def test_uptime_and_runinfo() -> None:
    view = FixedView()
    started = time.asctime(time.localtime(view.started_at))
    now = time.asctime(time.localtime(view.now()))
    assert call("core.uptime") == {"now": now, "up_since": started, "uptime": 100_000}
    info = call("core.runinfo")
    assert (info["time_now"], info["time_started"]) == (now, started)
    assert info["utime_days"] == "1d 3h 46m 40s"


def test_processes() -> None:
    assert call("core.ps") == Many([4711, "main process", 4712, "worker"])
    assert call("core.psx")[1] == {"IDX": 1, "PID": 4712, "DSC": "worker"}
    assert call("core.psa")[1] == {"index": 1, "pid": 4712, "status": 1, "rank": 1, "description": "worker"}


def test_where_it_runs() -> None:
    assert call("core.pwd") == os.getcwd()
    assert call("core.arg") == Many(["olelo", "serve", "-f", "x.cfg"])
    assert call("core.modules") == Many(["sl", "kex", "ctl"])


def test_kill_asks_the_engine() -> None:
    view = FixedView()
    assert call("core.kill", view=view) is None
    assert call("core.kill", 1, view=view) is None
    assert view.signals == [15, 1]
    with pytest.raises(
        RpcFault
    ):  # it has nothing to say, so the caller hears of the argument; the reference kills, too
        call("core.kill", "x", view=view)
    assert view.signals == [15, 1, 15]


def test_memory() -> None:
    plain = call("core.shmmem")
    assert 0 < plain["used"] <= plain["max_used"] < plain["total"]
    assert call("core.shmmem", "kb")["total"] == plain["total"] >> 10
    assert call("core.shmmem", "G")["total"] == plain["total"] >> 30
    for bad in ("x", "kx", "kbb"):
        assert fault("core.shmmem", bad) == (500, "bad param, (use b|k|m|g)")


def test_tcp() -> None:
    assert call("core.tcp_info")["opened_connections"] == 1
    options = call("core.tcp_options")
    assert (options["connection_lifetime"], options["send_timeout"]) == (3605, 10)
    connection = call("core.tcp_list")[0]
    assert (connection["type"], connection["state"], connection["dst_port"]) == ("TLS", "CONN_OK", 5061)
    view = FixedView()
    view.streams = None
    for name in ("core.tcp_info", "core.tcp_options", "core.tcp_list"):
        assert fault(name, view=view) == (500, "tcp support disabled")


def test_sockets_and_aliases() -> None:
    sockets = call("core.sockets_list")
    assert isinstance(sockets, NamedList)
    assert sockets[0] == (
        "socket",
        {"proto": "udp", "address": "127.0.0.77", "port": "5060", "mcast": "no", "mhomed": "no", "virtual": "no"},
    )
    assert list(sockets[1][1]) == ["proto", "address", "ipaddress", "port", "mcast", "mhomed", "virtual"]
    aliases = call("core.aliases_list")["aliases"]
    assert aliases[0] == ("alias", {"proto": "*", "address": "example.org", "port": "*"})
    assert aliases[1] == ("alias", {"proto": "udp", "address": "example.net", "port": 5070})


def test_defines() -> None:
    assert call("core.ppdefines") == Many(["WITH_FOO", "BAR"])
    assert call("core.ppdefines_full") == Many(
        [{"name": "WITH_FOO", "type": 0, "value": "none"}, {"name": "BAR", "type": 0, "value": "12"}]
    )


def test_module_parameters() -> None:
    view = FixedView()
    assert call("modparam.list", "ctl", view=view) == {"mode": 0o600, "user": "kamailio"}
    assert call("modparam.gets", "ctl", "user", view=view) == "kamailio"
    assert call("modparam.getn", "ctl", "mode", view=view) == 0o600
    assert call("modparam.setn", "ctl", "mode", 5, view=view) is None
    assert call("modparam.getn", "ctl", "mode", view=view) == 5
    assert fault("modparam.setn", "ctl", "mode", -1, view=view) == (400, "negative")
    assert fault("modparam.getn", "ctl", "user", view=view)[0] == 400
    assert fault("modparam.getn", "nope", "user", view=view)[0] == 404
    assert fault("modparam.gets", "ctl", "nope", view=view)[0] == 404


def test_dns_lookup_and_view() -> None:
    assert call("dns.mem_info") == Many([200, 512000])
    entry = call("dns.lookup", "a", "example.org")
    assert list(entry) == [
        "name",
        "type",
        "size_bytes",
        "reference_counter",
        "permanent",
        "expires",
        "last_used",
        "negative_entry",
        "records",
    ]
    assert entry["records"] == [{"rr_idx": 0, "rr_ip": "192.0.2.1", "rr_permanent": "no", "rr_expires": 9}]
    assert [found["name"] for found in call("dns.view")] == ["example.org", "fixed.example.org"]
    assert call("dns.debug")[:7] == ("example.org", 1, 100, 1, 9, 1, 0)
    assert call("dns.debug_all")[:11] == ("example.org", 1, 0, 100, 1, 9, 1, 0, "ip", "192.0.2.1", 9)
    assert fault("dns.lookup", "A", "nope.example.org") == (400, "Not found")
    assert fault("dns.lookup", "XX", "example.org") == (400, "Invalid type")


def test_dns_lookup_that_waits() -> None:
    view = FixedView()
    assert view.cache is not None

    async def later(kind: str, name: str) -> DnsEntry | None:
        return DnsEntry(name, kind) if name == "known" else None

    view.cache.lookup = later  # type: ignore[method-assign,assignment]
    registry = filled_registry(view)
    assert asyncio.run(registry.answer("dns.lookup", ["A", "known"]))["name"] == "known"
    with pytest.raises(RpcFault, match="Not found"):
        asyncio.run(registry.answer("dns.lookup", ["A", "unknown"]))


def test_dns_changes() -> None:
    view = FixedView()
    assert view.cache is not None
    assert call("dns.delete_a", "example.org", view=view) is None
    assert fault("dns.delete_a", "example.org", view=view) == (400, "Not found")
    assert fault("dns.delete_aaaa", "fixed.example.org", view=view) == (400, "Permanent entries cannot be deleted")
    call("dns.add_a", "new.example.org", 60, "192.0.2.3", 0, view=view)
    call("dns.add_srv", "_sip._udp.example.org", 60, 1, 2, 5060, "new.example.org", 0, view=view)
    assert call("dns.lookup", "SRV", "_sip._udp.example.org", view=view)["records"][0]["rr_port"] == 5060
    for kind, address in (("a", "2001:db8::3"), ("aaaa", "192.0.2.3"), ("a", "x")):
        text = "Failed to add the entry to the cache"
        assert fault(f"dns.add_{kind}", "bad.example.org", 60, address, 0, view=view) == (400, text)
    assert call("dns.delete_all", view=view) == {"status": "ok"}
    assert [entry.name for entry in view.cache.entries()] == ["fixed.example.org"]
    assert call("dns.delete_all_force", view=view) == {"status": "ok"}
    assert view.cache.entries() == []


def test_what_is_switched_off_says_so() -> None:
    view = FixedView()
    view.cache = None
    assert fault("dns.view", view=view) == (500, "dns cache support disabled (see use_dns_cache)")
    for name in ("mem_info", "debug", "view", "delete_all", "add"):
        assert fault(f"dst_blocklist.{name}") == (500, "dst blocklist support disabled")
