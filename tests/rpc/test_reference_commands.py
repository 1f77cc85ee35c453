"""Every command of the modules that Olelo has, asked of both servers with kamcmd: right and wrong arguments."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rpc.reference_pair import Pair, kamcmd, request, shape, start
from rpc.rpc_kit import needs_kamailio

pytestmark = [pytest.mark.reference, pytest.mark.wire, needs_kamailio]

#: The commands of Kamailio 5.6.3 with the 18 modules loaded; core.kill ends the server and has a test of its own.
COMMANDS = """
cfgutils.check_config_hash cfgutils.get_config_hash cfgutils.get_gflags cfgutils.is_gflag cfgutils.rand_get_prob
cfgutils.rand_reset_prob cfgutils.rand_set_prob cfgutils.reset_gflag cfgutils.set_gflag cnt.get cnt.get_raw cnt.get_vars
cnt.grp_get_all cnt.grps_list cnt.help cnt.list_groups cnt.list_vars cnt.reset cnt.var_list core.aliases_list core.arg
core.echo core.flags core.info core.kill core.modules core.ppdefines core.ppdefines_full core.printi core.prints core.ps
core.psa core.psx core.pwd core.runinfo core.shmmem core.sockets_list core.tcp_info core.tcp_list core.tcp_options
core.udp4_raw_info core.uptime core.version corex.debug corex.list_aliases corex.list_sockets corex.pkg_summary
corex.shm_status corex.shm_summary ctl.connections ctl.listen ctl.who dns.add_a dns.add_aaaa dns.add_srv dns.debug
dns.debug_all dns.delete_a dns.delete_aaaa dns.delete_all dns.delete_all_force dns.delete_cname dns.delete_ebl
dns.delete_naptr dns.delete_ptr dns.delete_srv dns.delete_txt dns.lookup dns.mem_info dns.view dst_blocklist.add
dst_blocklist.debug dst_blocklist.delete_all dst_blocklist.mem_info dst_blocklist.view mod.mem_stats mod.mem_statsx
mod.stats pkg.info pkg.stats pv.shvGet pv.shvSet shm.info shm.report shm.stats sl.stats stats.clear_statistics
stats.fetch stats.fetchn stats.get_statistics stats.reset_statistics system.listMethods system.methodHelp
system.methodSignature tm.cancel tm.clean tm.hash_stats tm.list tm.reply tm.reply_callid tm.stats tm.t_uac_start
tm.t_uac_wait tm.t_uac_wait_block ul.add ul.db_contacts ul.db_expired_contacts ul.db_users ul.dump ul.flush ul.lookup
ul.rm ul.rm_contact
""".split()

#: Asked of every command: nothing, wrong types, too much.
ANY = ["", "a", "1", "s:1", "a b", "1 2", "a 1", "1 a", "a b 1 c", "3.5", "a b c d e f g h i j"]
#: These would ask name servers.
LEFT_OUT = {"dns.lookup": {"a b", "a b 1 c", "a b c d e f g h i j"}}
#: Arguments that the commands are meant for, and mistakes near them.
OWN = """
cfgutils.set_gflag 1|4294967295
cfgutils.is_gflag 1
cfgutils.reset_gflag 1
cfgutils.rand_set_prob 50|101|-1
cnt.get script mine|script|script.mine|nosuch x|script nosuch|script 1
cnt.get_raw script mine|script
cnt.get_vars script|core|nosuch
cnt.grp_get_all calls
cnt.help script mine|core fwd_requests|script nosuch|tcp established
cnt.list_vars script|core|tcp|dns|sl|tmx|shmem|usrloc|registrar|nosuch
cnt.var_list core
cnt.reset script mine|script nosuch
core.shmmem k|K|kb|m|g|z|kz|b
core.prints a 1|1
core.printi 1 a
corex.debug 2|s:2|x
corex.pkg_summary pid 1|idx 0|idx 99|idx x|foo 1|abcd 1
dns.add_a foo 10 1.2.3.4 0|foo 10 x 0|foo 10 1.2.3.4|foo x 1.2.3.4 0|foo 10 1.2.3.4 2|foo 10 1.2.3.4 1
dns.view
dns.debug
dns.debug_all
dns.lookup A foo|a foo|XX foo
dns.add_aaaa foo 10 ::1 0|foo 10 1.2.3.4 0
dns.add_srv _sip._udp.foo 10 1 2 5060 host.foo 0|_sip._udp.foo 10
dns.delete_a foo|nosuch
dns.delete_srv _sip._udp.foo
dst_blocklist.add 127.0.0.1 5060 1 0
mod.stats rr pkg|rr shm|rr foo|nosuch pkg|RR pkg
mod.mem_stats rr pkg
mod.mem_statsx rr pkg
pkg.stats pid 1|pid|rank 99|index 0|rank 0|foo 1|index x|PID 1
pv.shvGet a|b|nosuch
pv.shvSet a int 5|a int x|a int|a str s:5|a str|a foo 1|nosuch int 1|nosuch str x
stats.get_statistics all|core:|shmem:|tcp:|nosuch:|rcv_requests|core:rcv_requests|rcv_requests fwd_requests|nosuch
stats.fetch all|core:|core.rcv_requests|core:rcv_requests|rcv_requests|nosuch
stats.fetchn all|core:|rcv_requests
stats.reset_statistics core:|nosuch
stats.clear_statistics core:|nosuch|shmem:
tm.cancel a s:1|a|a b
tm.reply 200 OK 1:2 tag|200 OK x tag|200 OK|200|x
tm.reply_callid 200 OK nosuch s:1 tag|200 OK nosuch|200 OK|200
ul.add location new sip:new@192.0.2.1 100 1.0 . 0 0 0|nosuch new sip:x@h 1 1.0 . 0 0 0|location new sip:x@h
ul.lookup location alice|location nosuch|nosuch alice|location
ul.dump brief|foo
ul.rm_contact location alice sip:nosuch|location nosuch sip:x|nosuch a b
ul.rm nosuch a|location new
ul.db_users location
ul.db_contacts location
ul.db_expired_contacts location
"""

_DIALECT = "a number is taken where the reference insists on s:"
_UAC = "the reference counts the parameters from the first bad one; we say how many came"
_WAIT = "the reference cannot wait over binrpc (600); we answer"
_HASH = "another text of the same refusal"
_REPORT = "the reference's fields tell of its own memory manager's fragments"
_FEW = ["a", "1", "s:1", "a b", "1 2", "a 1", "1 a", "a b 1 c", "3.5"]
#: What differs, and why that is right.
_NUMBERS = "a user that is a number is found as it is typed; the reference wants s:106"
KNOWN: dict[str, dict[str, str]] = {
    "core.echo": {"3.5": "the reference has no text for a float and says so; we echo it"},
    "shm.report": dict.fromkeys(ANY, _REPORT),
    "tm.cancel": dict.fromkeys(["1 2", "a 1", "1 a"], _DIALECT),
    "tm.hash_stats": dict.fromkeys(ANY, _HASH),
    "tm.reply": dict.fromkeys(["s:1", "1 2"], _DIALECT),
    "tm.reply_callid": dict.fromkeys(["s:1", "1 2"], _DIALECT),
    "tm.t_uac_start": dict.fromkeys(_FEW, _UAC),
    "tm.t_uac_wait": dict.fromkeys(ANY, _WAIT),
    "tm.t_uac_wait_block": dict.fromkeys(_FEW, _UAC),
    "ul.lookup": dict.fromkeys(["1 2", "a 1", "1 a"], _NUMBERS),
    "ul.rm": dict.fromkeys(["1 2", "a 1", "1 a"], _NUMBERS),
    "ul.rm_contact": {"a b 1 c": _NUMBERS},
}


def cases() -> Iterator[object]:
    own: dict[str, list[str]] = {}
    for line in OWN.strip().splitlines():
        command, _, rest = line.partition(" ")
        own[command] = rest.split("|")
    assert set(own) | set(KNOWN) | set(LEFT_OUT) <= set(COMMANDS)
    for command in COMMANDS:
        if command == "core.kill":
            continue
        every = dict.fromkeys([*ANY, *own.get(command, [])])
        known = KNOWN.get(command, {})
        assert set(known) <= set(every), command
        for words in every:
            if words in LEFT_OUT.get(command, ()):
                continue
            reason = known.get(words)
            marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
            yield pytest.param(command, words, marks=marks, id=f"{command} {words}".strip())


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both servers, with alice registered and a message of each kind seen."""
    one = start(tmp_path_factory.mktemp("pair"))
    try:
        one.send(request("REGISTER", extra="Expires: 3600"))
        one.send(request("OPTIONS"))
        yield one
    finally:
        one.stop()


def test_the_reference_has_these_commands(pair: Pair) -> None:
    assert kamcmd(pair.kamailio, "system.listMethods").split() == COMMANDS


def test_we_have_all_of_them(pair: Pair) -> None:
    assert set(COMMANDS) <= set(kamcmd(pair.olelo, "system.listMethods").split())


@pytest.mark.parametrize(("command", "words"), list(cases()))
def test_replies_have_the_same_shape(pair: Pair, command: str, words: str) -> None:
    ours, theirs = pair.ask(command, *words.split())
    assert shape(ours) == shape(theirs)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(pair: Pair, command: str) -> None:
    ours, theirs = pair.ask("system.methodHelp", command)
    assert not ours.startswith("error"), theirs
    assert len(ours.strip()) > 10


@pytest.mark.parametrize("words", ["", "15"])
def test_kill_ends_the_server(tmp_path_factory: pytest.TempPathFactory, words: str) -> None:
    one = start(tmp_path_factory.mktemp("kill"))
    try:
        one.ask("core.kill", *words.split())
        assert one.olelo.process.wait(10) == 0
        assert one.kamailio.process.wait(10) == 0
    finally:
        one.stop()
