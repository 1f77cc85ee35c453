"""The core parameters of a kamailio.cfg: their names, defaults, and which of them mean something here.

One table says it all. Defaults are those of Kamailio 5.6.3; names that only later releases have are accepted too.
`name = value` in the file becomes `CoreParams.set(name, value)`.
"""

from __future__ import annotations

from dataclasses import dataclass

from olelo.script.catalog import ParamSpec

INT = "int"
STR = "str"
ANY = "any"  # a number, a string or a bare word
LIST = "list"  # may be given several times: listen, alias, domain

_PROTOS = {"udp": 1, "tcp": 2, "tls": 3, "sctp": 4, "ws": 5, "wss": 6}
_IPTOS = {"IPTOS_LOWDELAY": 0x10, "IPTOS_THROUGHPUT": 0x08, "IPTOS_RELIABILITY": 0x04, "IPTOS_MINCOST": 0x02}
_FACILITIES = frozenset(
    "LOG_" + name
    for name in (
        "AUTH CRON DAEMON KERN LOCAL0 LOCAL1 LOCAL2 LOCAL3 LOCAL4 LOCAL5 LOCAL6 LOCAL7 LPR MAIL NEWS USER UUCP "
        "AUTHPRIV FTP SYSLOG"
    ).split()
)


@dataclass(slots=True, frozen=True)
class CoreParamInfo:
    """One core parameter. names[0] is the canonical name and the attribute of `CoreParams`; noop: no effect here."""

    names: tuple[str, ...]
    type: str
    default: int | str
    doc: str
    noop: bool


def _p(names: str, type_: str, default: int | str, doc: str, noop: bool = False) -> CoreParamInfo:
    return CoreParamInfo(tuple(names.split("/")), type_, default, doc, noop)


def _n(names: str, type_: str, default: int | str, doc: str) -> CoreParamInfo:
    return _p(names, type_, default, doc, True)


TABLE: tuple[CoreParamInfo, ...] = (
    # --- log ---
    _p("debug", INT, 0, "Highest level that is logged: -5 alert .. 3 debug."),
    _p("log_stderror", INT, 0, "Log to standard error instead of syslog."),
    _p("log_facility", ANY, "LOG_DAEMON", "Syslog facility."),
    _p("log_name", STR, "", "Name in front of syslog lines."),
    _p("log_prefix", STR, "", "Format string in front of every line logged while a message is processed."),
    _n("log_prefix_mode", INT, 0, "0: evaluate log_prefix once per message; 1: for every line."),
    _p("log_color", INT, 0, "Colours by level on standard error."),
    _n("log_engine_type", STR, "", "Other log formats."),
    _n("log_engine_data", STR, "", "Settings of log_engine_type."),
    _n("corelog/core_log", INT, -1, "Level of some core messages."),
    _n("sip_parser_log", INT, -1, "Level of complaints about bad messages."),
    _n("sip_parser_log_oneline", INT, 0, "Log a bad message in one line."),
    _n("sip_parser_mode", INT, 0, "Strictness of the parser."),
    _n("memdbg/mem_dbg", INT, 4, "Level of memory debugging lines."),
    _n("memlog/mem_log", INT, 4, "Level of memory summaries."),
    _n("tlslog/tls_log", INT, 3, "Level of TLS messages; the tls module has its own."),
    _n("latency_cfg_log", INT, 3, "Level of lines about the script's running time."),
    _n("latency_log", INT, -1, "Level of latency lines."),
    _n("latency_limit_action", INT, 0, "Microseconds after which an action is reported."),
    _n("latency_limit_cfg", INT, 0, "Microseconds after which a route is reported."),
    _n("latency_limit_db", INT, 0, "Milliseconds after which a query is reported."),
    _n("verbose_startup", INT, 0, "More lines at start."),
    # --- files ---
    _n("loadpath/mpath", STR, "", "Where modules lie; Olelo's are part of it."),
    _p("cfgengine", STR, "native", "Language of the routes: only native is there."),
    # --- process ---
    _p("fork", INT, 1, "Go to the background."),
    _p("children", INT, 8, "Workers per UDP socket; one event loop does their work, the number shows in lists."),
    _p("socket_workers", INT, 0, "Workers of the next listen; as children."),
    _p("tcp_children", INT, 0, "Workers for TCP; as children."),
    _n("sctp_children", INT, 0, "Workers for SCTP."),
    _p("async_workers", INT, 0, "Workers for asynchronous tasks; tasks run in the event loop."),
    _p("async_workers_group", STR, "", "Named groups of asynchronous workers."),
    _n("async_usleep", INT, 0, "Pause of asynchronous workers, microseconds."),
    _n("async_nonblock", INT, 0, "Asynchronous workers' sockets do not block."),
    _n("async_tkv_evcb", STR, "", "Callback for key-value events."),
    _n("async_tkv_gname", STR, "", "Worker group for key-value events."),
    _p("user/uid", ANY, "", "User to run as."),
    _p("group/gid", ANY, "", "Group to run as."),
    _p("workdir/wdir", ANY, "", "Working directory."),
    _p("rundir/run_dir", ANY, "/run/kamailio", "Directory of control sockets and pid files."),
    _n("chroot", ANY, "", "Root directory."),
    _p("disable_core_dump", INT, 0, "No core files."),
    _p("open_files_limit", INT, -1, "Limit of open files."),
    _n("exit_timeout/ser_kill_timeout", INT, 60, "Seconds until a hanging stop is forced."),
    _n("fork_delay", INT, 0, "Microseconds between two forks."),
    _n("modinit_delay", INT, 0, "Microseconds between two module starts."),
    _n("mlock_pages", INT, 0, "Keep memory from being swapped."),
    _n("real_time", INT, 0, "Real-time scheduling."),
    _n("rt_policy", INT, 0, "Real-time policy."),
    _n("rt_prio", INT, 0, "Real-time priority."),
    _n("rt_timer1_policy/rt_ftimer_policy", INT, 0, "Real-time policy of the fast timer."),
    _n("rt_timer1_prio/rt_fast_timer_prio/rt_ftimer_prio", INT, 0, "Real-time priority of the fast timer."),
    _n("rt_timer2_policy/rt_stimer_policy", INT, 0, "Real-time policy of the slow timer."),
    _n("rt_timer2_prio/rt_stimer_prio", INT, 0, "Real-time priority of the slow timer."),
    _n("wait_worker1_mode", INT, 0, "Wait for the first worker at start."),
    _n("wait_worker1_time", INT, 4000000, "Longest wait, microseconds."),
    _n("wait_worker1_usleep", INT, 100000, "Step of the wait, microseconds."),
    _n("rpc_exec_delta", INT, 0, "Least seconds between two RPC commands."),
    _n("rpc_exec_locks", INT, 0, "Locks for RPC commands."),
    _n("rpc_exec_locks_mode", INT, 0, "How RPC locks are taken."),
    # --- memory ---
    _n("shm/shm_mem/shm_mem_size", INT, 64, "Shared memory, MB."),
    _n("shm_force_alloc", INT, 0, "Take all shared memory at start."),
    _n("mem_add_size", INT, 0, "Memory added when it runs out."),
    _n("mem_join", INT, 1, "Join free fragments."),
    _n("mem_safety", INT, 1, "Checks on free."),
    _n("mem_status_mode", INT, 0, "What memory status prints."),
    _n("mem_summary", INT, 12, "What memory summaries print."),
    _n("sql_buffer_size", INT, 65535, "Buffer for queries, bytes."),
    _n("pv_buffer_size", INT, 8192, "Buffer of a variable's value, bytes."),
    _n("pv_buffer_slots", INT, 10, "Buffers for variables."),
    _n("pv_cache_limit", INT, 2048, "Cached variable names."),
    _n("pv_cache_action", INT, 0, "What happens at pv_cache_limit."),
    _n("route_locks_size", INT, 0, "Locks that order messages of one Call-ID; here they are always ordered."),
    _n("msg_clone_extra_size", INT, 0, "Spare room in a cloned message."),
    # --- who we are, where we listen ---
    _p("listen", LIST, "", "Addresses to listen on."),
    _p("alias", LIST, "", "Names that are ours too."),
    _p("domain", LIST, "", "Domains that are ours too."),
    _p("auto_aliases", INT, 1, "Reverse names of our addresses are ours too."),
    _n("auto_domains", INT, 0, "Names of our host are ours too."),
    _p("port", INT, 5060, "Port of listen addresses without one."),
    _p("mhomed", INT, 0, "Choose the sending socket by the route to the destination."),
    _p("advertised_address", ANY, "", "Address in Via and the like instead of the socket's."),
    _p("advertised_port", INT, 0, "Port in Via and the like instead of the socket's; 0 the socket's."),
    _n("auto_bind_ipv6", INT, 0, "Listen on IPv6 addresses too if no listen is given."),
    _n("bind_ipv6_link_local", INT, 0, "Listen on link-local IPv6 addresses too."),
    _p("ip_free_bind/ipfreebind/ip_nonlocal_bind", INT, 0, "Listen on addresses the host does not have yet."),
    _p("tos", ANY, 16, "Type of service of packets we send."),
    _n("pmtu_discovery", INT, 0, "Path MTU discovery."),
    _n("mcast", ANY, "", "Multicast interface."),
    _n("mcast_loopback", INT, 0, "Loop multicast back."),
    _n("mcast_ttl", INT, -1, "TTL of multicast."),
    _n("maxbuffer", INT, 262144, "Largest receive buffer to try, bytes."),
    _n("maxsndbuffer", INT, 262144, "Largest send buffer to try, bytes."),
    _n("msg_recv_max_size", INT, 32767, "Largest message taken, bytes."),
    # --- messages ---
    _p("server_header", STR, "Server: kamailio (5.6.3 (x86_64/linux))", "Server header line of our replies."),
    _p("user_agent_header", STR, "User-Agent: kamailio (5.6.3 (x86_64/linux))", "User-Agent line of our requests."),
    _p("server_signature", INT, 1, "Add server_header to replies and user_agent_header to requests."),
    _p("sip_warning", INT, 0, "Add a Warning header to our replies."),
    _p("server_id", INT, 0, "Number of this server, $sid."),
    _p("check_via", INT, 0, "Refuse replies whose first Via is not ours."),
    _n("rev_dns/dns_rev_via", INT, 0, "Reverse lookup of the sender when Via is checked."),
    _n("dns", INT, 0, "Lookup of Via's host when the sender is compared with it."),
    _p("force_rport/add_rport", INT, 0, "Send replies where requests came from, as with force_rport() on all."),
    _p("local_rport", INT, 0, "Put rport into our Via."),
    _p("reply_to_via", INT, 0, "Send replies to Via's address, not to the packet's."),
    _n("http_reply_hack/http_reply_parse", INT, 0, "Take HTTP replies as messages."),
    _p("max_while_loops", INT, 100, "Turns after which a while loop is stopped."),
    _p("max_recursive_level", INT, 256, "Depth at which calls of routes are stopped."),
    _p("max_branches", INT, 12, "Most branches of a request."),
    _n("return_mode", INT, 0, "1: `return 0` in a route does not end the script."),
    _p("onsend_route_reply", INT, 0, "Run onsend_route for replies too."),
    _p("received_route_mode", INT, 0, "1: run event_route[core:msg-received] for every message."),
    _n("stats_name_separator", STR, "_", "Between method and status in names of statistics."),
    _p("version_table", STR, "version", "Name of the table of table versions."),
    _p("xavp_via_params", STR, "", "xavp whose fields become parameters of our Via."),
    _p("xavp_via_fields", STR, "", "xavp whose fields become address and port of our Via."),
    _n("xavp_via_reply_params", STR, "", "xavp whose fields become parameters of Via in replies."),
    _n("phone2tel", INT, 1, "user=phone URIs are compared as tel URIs."),
    _n("msg_time", INT, 1, "Take the time of every message."),
    _n("msg_apply_changes_mode", INT, 0, "How msg_apply_changes() works."),
    _n("hdr_name_extra_chars", STR, "", "More characters in header names."),
    _n("uri_host_extra_chars", STR, "", "More characters in host names."),
    _n("ipv6_hex_style", STR, "c", "Letters of IPv6 addresses."),
    # --- UDP ---
    _p("udp_mtu", INT, 0, "Requests longer than this go by udp_mtu_try_proto; 0 off."),
    _p("udp_mtu_try_proto", ANY, "", "Transport for requests longer than udp_mtu."),
    _n("udp4_raw", INT, 0, "Send by raw sockets."),
    _n("udp4_raw_mtu", INT, 1500, "MTU of raw sockets."),
    _n("udp4_raw_ttl", INT, -1, "TTL of raw sockets."),
    _n("udp_accept_proxy", INT, 0, "Proxy protocol on UDP."),
    _n("udp_receiver_mode", INT, 0, "How UDP sockets are read."),
    # --- TCP ---
    _p("disable_tcp", INT, 0, "No TCP."),
    _p("tcp_connection_lifetime", INT, 120, "Seconds after which an idle connection is closed."),
    _p("tcp_max_connections", INT, 2048, "Most TCP connections."),
    _p("tcp_connect_timeout", INT, 10, "Seconds to connect."),
    _p("tcp_send_timeout", INT, 10, "Seconds that a send may wait."),
    _p("tcp_accept_no_cl", INT, 0, "Take messages without Content-Length."),
    _p("tcp_crlf_ping", INT, 1, "Answer CRLF keepalives."),
    _p("tcp_reuse_port", INT, 0, "Connect from the listening port."),
    _p("tcp_no_connect", INT, 0, "Never open connections."),
    _p("tcp_keepalive", INT, 1, "Keepalives by the kernel."),
    _p("tcp_keepidle", INT, 0, "Idle seconds until the first keepalive."),
    _p("tcp_keepintvl", INT, 0, "Seconds between keepalives."),
    _p("tcp_keepcnt", INT, 0, "Keepalives until a connection is given up."),
    _p("tcp_accept_aliases", INT, 0, "Take the alias parameter of Via."),
    _p("tcp_accept_iplimit", INT, 1024, "Most connections of one address; 0 off."),
    _p("tcp_conn_wq_max", INT, 32768, "Most bytes waiting on one connection."),
    _p("tcp_wq_max", INT, 10485760, "Most bytes waiting on all connections."),
    _p("tcp_rd_buf_size", INT, 16384, "Longest message on a stream, bytes."),
    _p("tcp_msg_read_timeout", INT, 20, "Seconds to receive a whole message."),
    _n("tcp_msg_data_timeout", INT, 20, "Seconds to receive the first data."),
    _n("tcp_accept_haproxy", INT, 0, "Proxy protocol on TCP."),
    _n("tcp_accept_hep3", INT, 0, "HEP3 on TCP."),
    _n("tcp_accept_protocols/tcp_accept_protos", ANY, 0, "Protocols taken on TCP."),
    _n("tcp_accept_unique", INT, 0, "One connection per peer."),
    _n("tcp_buf_write/tcp_async", INT, 1, "Writes never block; always so here."),
    _n("tcp_check_timer", INT, 10, "Seconds between checks of connections."),
    _n("tcp_clone_rcvbuf", INT, 0, "Copy the read buffer."),
    _n("tcp_close_rst", INT, 0, "Close with RST."),
    _n("tcp_connection_match", INT, 0, "How connections are matched."),
    _n("tcp_defer_accept", INT, 0, "Accept when data is there."),
    _n("tcp_delayed_ack", INT, 1, "Delayed ACKs."),
    _n("tcp_fd_cache", INT, 1, "Cache of descriptors."),
    _n("tcp_linger2", INT, 0, "Lifetime of orphaned sockets."),
    _p("tcp_listen_backlog", INT, 1024, "Connections waiting to be accepted."),
    _n("tcp_main_threads", INT, 0, "Threads of TCP."),
    _n("tcp_poll_method", ANY, "", "How sockets are watched."),
    _n("tcp_script_mode", INT, 0, "What a failed script does to a connection."),
    _p("tcp_source_ipv4", ANY, "", "Address to connect from."),
    _p("tcp_source_ipv6", ANY, "", "IPv6 address to connect from."),
    _n("tcp_syncnt", INT, 0, "SYN retransmissions."),
    _n("tcp_wait_data", INT, 5000, "Milliseconds to wait for data on a new connection."),
    _n("tcp_wq_blk_size", INT, 2100, "Size of write blocks."),
    # --- TLS, SCTP ---
    _p("enable_tls/tls_enable", INT, 0, "Use TLS (with the tls module)."),
    _p("disable_tls/tls_disable", INT, 1, "Opposite of enable_tls."),
    _p("tls_max_connections", INT, 2048, "Most TLS connections."),
    _n("tls_ca_list", STR, "", "Replaced by the tls module's parameter."),
    _n("tls_certificate", STR, "", "Replaced by the tls module's parameter."),
    _n("tls_private_key", STR, "", "Replaced by the tls module's parameter."),
    _n("tls_method", ANY, "", "Replaced by the tls module's parameter."),
    _n("tls_verify", INT, 0, "Replaced by the tls module's parameter."),
    _n("tls_require_certificate", INT, 0, "Replaced by the tls module's parameter."),
    _n("tls_handshake_timeout", INT, 0, "Replaced by tcp_connect_timeout."),
    _n("tls_send_timeout", INT, 0, "Replaced by tcp_send_timeout."),
    _n("tls_threads_mode", INT, 0, "How OpenSSL's threads are handled."),
    _n("tls_connection_match_domain", INT, 0, "Match connections by TLS domain."),
    _n("enable_sctp", INT, 2, "SCTP: 0 off, 1 on, 2 if the module is loaded."),
    _n("disable_sctp", INT, 2, "Opposite of enable_sctp."),
    # --- DNS ---
    _p("dns_try_ipv6", INT, 1, "Look for AAAA after A."),
    _p("dns_try_naptr", INT, 0, "Look for NAPTR first."),
    _p("dns_udp_pref/dns_udp_preference", INT, 30, "Preference of UDP in NAPTR; highest first."),
    _p("dns_tcp_pref/dns_tcp_preference", INT, 20, "Preference of TCP in NAPTR."),
    _p("dns_tls_pref/dns_tls_preference", INT, 10, "Preference of TLS in NAPTR."),
    _p("dns_sctp_pref/dns_sctp_preference", INT, 20, "Preference of SCTP in NAPTR."),
    _p("dns_retr_time", INT, -1, "Seconds until a query is repeated; -1 the system's."),
    _p("dns_retr_no", INT, -1, "Repetitions of a query; -1 the system's."),
    _p("dns_servers_no", INT, -1, "Servers used; -1 all."),
    _p("dns_use_search_list", INT, 1, "Use the search list of resolv.conf."),
    _n("dns_search_full_match", INT, 1, "Check answers against the search list."),
    _n("dns_slow_query_ms", INT, 0, "Report queries slower than this."),
    _p("dns_naptr_ignore_rfc", INT, 1, "Order NAPTR by our preferences, not by the record's."),
    _p("use_dns_cache/dns_use_cache", INT, 1, "Keep answers for their time to live."),
    _p("use_dns_failover/dns_use_failover", INT, 0, "Try the next address when one fails."),
    _n("dns_srv_lb/dns_srv_loadbalancing", INT, 0, "Spread over SRV records by weight."),
    _p("dns_cache_init", INT, 1, "Have a cache at all."),
    _p("dns_cache_negative_ttl", INT, 60, "Seconds to keep a failed look-up."),
    _p("dns_cache_min_ttl", INT, 0, "Least seconds to keep an answer."),
    _p("dns_cache_max_ttl", INT, 0xFFFFFFFF, "Most seconds to keep an answer."),
    _n("dns_cache_mem", INT, 500, "Memory of the cache, KB."),
    _n("dns_cache_flags", INT, 0, "1: IPv4 only, 2: IPv6 only, 4: prefer IPv6."),
    _n("dns_cache_gc_interval", INT, 120, "Seconds between two cleanings."),
    _n("dns_cache_del_nonexp/dns_cache_delete_nonexpired", INT, 0, "Drop entries that are still valid when full."),
    _n("dns_cache_rec_pref", INT, 0, "Which records to keep."),
    _p("use_dst_blocklist", INT, 0, "Remember destinations that failed."),
    _p("dst_blocklist_expire/dst_blocklist_ttl", INT, 60, "Seconds that a destination is remembered."),
    _n("dst_blocklist_init", INT, 1, "Have a blocklist at all."),
    _n("dst_blocklist_mem", INT, 250, "Memory of the blocklist, KB."),
    _n("dst_blocklist_gc_interval", INT, 60, "Seconds between two cleanings."),
    _p("dst_blocklist_udp_imask", INT, 0, "Events that do not count on UDP."),
    _p("dst_blocklist_tcp_imask", INT, 0, "Events that do not count on TCP."),
    _p("dst_blocklist_tls_imask", INT, 0, "Events that do not count on TLS."),
    _p("dst_blocklist_sctp_imask", INT, 0, "Events that do not count on SCTP."),
    # --- scripts in other languages ---
    _n("kemi.request_route_callback", STR, "ksr_request_route", "Function for requests."),
    _n("kemi.reply_route_callback", STR, "ksr_reply_route", "Function for replies."),
    _n("kemi.onsend_route_callback", STR, "ksr_onsend_route", "Function before sending."),
    _n("kemi.event_route_callback", STR, "", "Function for events."),
    _n("kemi.received_route_callback", STR, "", "Function for received messages."),
    _n("kemi.pre_routing_callback", STR, "", "Function before routing."),
)  # fmt: skip

BY_NAME: dict[str, CoreParamInfo] = {name: info for info in TABLE for name in info.names}


def core_param_specs() -> dict[str, ParamSpec]:
    """Every name a core parameter may be written with, for the catalog. Lists have type "any"."""
    specs: dict[str, ParamSpec] = {}
    for name, info in BY_NAME.items():
        kind = ANY if info.type == LIST else info.type
        specs[name] = ParamSpec(name, "", kind, info.default, info.doc, info.noop)
    return specs


class CoreParams:
    """Values of the core parameters, as attributes under their canonical names.

    Those that the engine reads are annotated; the rest are there as well. Times are in seconds unless the table
    says otherwise.
    """

    debug: int
    log_stderror: int
    log_facility: str
    log_name: str
    log_prefix: str
    log_prefix_mode: int
    log_color: int
    fork: int
    children: int
    socket_workers: int
    tcp_children: int
    async_workers: int
    user: str
    group: str
    workdir: str
    disable_core_dump: int
    open_files_limit: int
    rundir: str
    auto_aliases: int
    port: int
    mhomed: int
    advertised_address: str
    advertised_port: int
    tos: int
    server_header: str
    user_agent_header: str
    server_signature: int
    sip_warning: int
    server_id: int
    check_via: int
    rev_dns: int
    dns: int
    force_rport: int
    local_rport: int
    reply_to_via: int
    http_reply_hack: int
    max_while_loops: int
    max_recursive_level: int
    max_branches: int
    return_mode: int
    onsend_route_reply: int
    received_route_mode: int
    stats_name_separator: str
    version_table: str
    xavp_via_params: str
    xavp_via_fields: str
    xavp_via_reply_params: str
    udp_mtu: int
    udp_mtu_try_proto: str
    disable_tcp: int
    tcp_connection_lifetime: int
    tcp_max_connections: int
    tcp_connect_timeout: int
    tcp_send_timeout: int
    tcp_accept_no_cl: int
    ip_free_bind: int
    tcp_listen_backlog: int
    tcp_source_ipv4: str
    tcp_source_ipv6: str
    tcp_crlf_ping: int
    tcp_reuse_port: int
    tcp_no_connect: int
    tcp_keepalive: int
    tcp_keepidle: int
    tcp_keepintvl: int
    tcp_keepcnt: int
    tcp_accept_aliases: int
    tcp_accept_iplimit: int
    tcp_conn_wq_max: int
    tcp_wq_max: int
    tcp_rd_buf_size: int
    tcp_msg_read_timeout: int
    tcp_msg_data_timeout: int
    enable_tls: int
    disable_tls: int
    tls_max_connections: int
    dns_try_ipv6: int
    dns_try_naptr: int
    dns_udp_pref: int
    dns_tcp_pref: int
    dns_tls_pref: int
    dns_sctp_pref: int
    dns_retr_time: int
    dns_retr_no: int
    dns_servers_no: int
    dns_use_search_list: int
    dns_naptr_ignore_rfc: int
    use_dns_cache: int
    use_dns_failover: int
    dns_srv_lb: int
    dns_cache_init: int
    dns_cache_negative_ttl: int
    dns_cache_min_ttl: int
    dns_cache_max_ttl: int
    use_dst_blocklist: int
    dst_blocklist_expire: int
    alias: list[str]
    domain: list[str]
    listen: list[str]

    def __init__(self) -> None:
        #: canonical names that the configuration has set
        self.given: set[str] = set()
        for info in TABLE:
            if info.type == LIST:
                setattr(self, info.names[0], [])
            else:
                setattr(self, info.names[0], info.default)

    def set(self, name: str, value: int | str) -> None:
        """Set a parameter by any of its names; list parameters collect.

        Raises: ValueError where there is no such parameter or the value is not of its kind.
        """
        info = BY_NAME.get(name)
        if info is None:
            raise ValueError(f"there is no core parameter {name!r}")
        canonical = info.names[0]
        if info.type == LIST:
            getattr(self, canonical).append(str(value))
        else:
            setattr(self, canonical, _checked(info, value))
        self.given.add(canonical)
        if canonical == "enable_tls":
            self.disable_tls = 0 if value else 1
        elif canonical == "disable_tls":
            self.enable_tls = 0 if value else 1

    def get(self, name: str) -> int | str | None:
        """The value of a parameter by any of its names (`core.x` of `cfg.get`); None where there is none."""
        info = BY_NAME.get(name)
        if info is None:
            return None
        value: int | str | list[str] = getattr(self, info.names[0])
        return ", ".join(value) if isinstance(value, list) else value


def _checked(info: CoreParamInfo, value: int | str) -> int | str:
    name = info.names[0]
    if info.type == INT:
        if not isinstance(value, int):
            raise ValueError(f"{name} takes a number, not {value!r}")
        return value
    if name == "cfgengine":
        if value not in ("native", "default"):
            raise ValueError(f"routes are read from this file only, not with {value!r}")
        return value
    if info.type == STR:
        if not isinstance(value, str):
            raise ValueError(f'{name} takes a string: {name}="{value}"')
        return value
    if name == "tos":
        return _tos(value)
    if name == "log_facility":
        if str(value) not in _FACILITIES:
            raise ValueError(f"log_facility takes a syslog facility such as LOG_LOCAL0, not {value!r}")
        return str(value)
    if name == "udp_mtu_try_proto":
        text = str(value).lower()
        if text not in _PROTOS:
            raise ValueError(f"udp_mtu_try_proto takes TCP, TLS, SCTP or UDP, not {value!r}")
        return text
    return value if info.default.__class__ is int else str(value)


def _tos(value: int | str) -> int:
    if isinstance(value, str):
        found = _IPTOS.get(value.upper())
        if found is None:
            raise ValueError(f"tos takes a number or one of {', '.join(_IPTOS)}, not {value!r}")
        return found
    if not 0 <= value <= 255:
        raise ValueError(f"tos takes 0 to 255, not {value}")
    return value
