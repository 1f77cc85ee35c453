"""Tokens of kamailio.cfg and the words its language reserves."""

from __future__ import annotations

from dataclasses import dataclass

from olelo.script.nodes import Pos

# --- kinds --------------------------------------------------------------------------------------------------

ID = "name"
NUMID = "number-name"  # starts with a digit, holds letters: an interface or host part, never a plain name
NUMBER = "number"
STRING = "string"
PVAR = "variable"
SELECT = "select"
IPV6 = "ipv6"
WORD = "word"  # a reserved word
OP = "operator"
EVENT = "event"  # the name inside event_route[..]
EOF = "end"


@dataclass(slots=True)
class Token:
    """One token.

    text is as written (for STRING and PVAR: the value, without quotes and `$`); number the value of a NUMBER.
    pos is its first byte, end the place just after its last one; a token from a macro has the place of the use.
    first: it is the first token of its line. offset: where it starts in the file's text (-1 inside a macro).
    lines: how many line ends a string's (first) quotes hold that no backslash takes away.
    stray: characters before it that no token holds. joined: a string made of two on one line.
    """

    kind: str
    text: str
    pos: Pos
    end: Pos
    number: int = 0
    first: bool = False
    lines: int = 0
    offset: int = -1
    stray: str = ""
    joined: bool = False


# --- reserved words -------------------------------------------------------------------------------------------

TRUE_WORDS = frozenset({"yes", "true", "on", "enable"})
FALSE_WORDS = frozenset({"no", "false", "off", "disable"})
INET_WORDS = frozenset({"inet", "INET", "ipv4", "IPv4", "IPV4"})
INET6_WORDS = frozenset({"inet6", "INET6", "ipv6", "IPv6", "IPV6"})
#: Words that are numbers, with their values (address families as on Linux).
NUMBER_WORDS: dict[str, int] = {
    **dict.fromkeys(TRUE_WORDS, 1),
    **dict.fromkeys(FALSE_WORDS, 0),
    **dict.fromkeys(INET_WORDS, 2),
    **dict.fromkeys(INET6_WORDS, 10),
}
PROTO_WORDS = frozenset({"udp", "UDP", "tcp", "TCP", "tls", "TLS", "sctp", "SCTP", "ws", "WS", "wss", "WSS"})
#: Operators written as words, normalised as nodes.Binary and nodes.Unary have them.
OPERATOR_WORDS: dict[str, str] = {
    "and": "&&", "or": "||", "not": "!", "mod": "mod", "eq": "eq", "ne": "ne", "ieq": "ieq", "ine": "ine",
}  # fmt: skip
ROUTE_WORDS = frozenset(
    "route request_route failure_route reply_route onreply_route branch_route onsend_route event_route".split()
)
LOAD_WORDS = frozenset("loadmodule loadmodulex loadpath mpath modparam modparamx cfgengine".split())
STATEMENT_WORDS = frozenset("if while switch return exit drop break".split())
#: Operands that stand bare in a comparison, as nodes.CoreOperand names them, with their other spellings.
OPERANDS: dict[str, str] = {
    **{
        name: name
        for name in (
            "method uri status from_uri to_uri src_ip src_port dst_ip dst_port proto af myself max_len"
            " msg:len snd_ip snd_port snd_proto snd_af to_ip to_port"
        ).split()
    },
    "to_proto": "snd_proto",
    "to_af": "snd_af",
}
COMMAND_WORDS = frozenset(
    (
        "forward forward_tcp forward_tls forward_sctp forward_udp log error exec setflag resetflag isflagset"
        " setavpflag resetavpflag isavpflagset rewritehost sethost seth rewritehostport sethostport sethp"
        " rewritehostporttrans sethostporttrans sethpt rewriteuser setuser setu rewriteuserpass setuserpass setup"
        " rewriteport setport setp rewriteuri seturi revert_uri prefix strip strip_tail remove_branch clear_branches"
        " userphone force_rport add_rport add_local_rport force_tcp_alias add_tcp_alias udp_mtu_try_proto"
        " set_advertised_address set_advertised_port force_send_socket set_forward_no_connect set_reply_no_connect"
        " set_forward_close set_reply_close cfg_select cfg_reset"
    ).split()
)
#: Core parameters whose names are reserved words (in 5.6; names added later are plain names and clash with nothing).
PARAM_WORDS = frozenset(
    (
        "debug fork fork_delay modinit_delay log_stderror log_facility log_name log_color log_prefix log_prefix_mode"
        " log_engine_type log_engine_data xavp_via_params xavp_via_fields listen alias auto_aliases dns rev_dns"
        " dns_try_ipv6 dns_try_naptr dns_srv_lb dns_srv_loadbalancing dns_udp_pref dns_udp_preference dns_tcp_pref"
        " dns_tcp_preference dns_tls_pref dns_tls_preference dns_sctp_pref dns_sctp_preference dns_retr_time"
        " dns_slow_query_ms dns_retr_no dns_servers_no dns_use_search_list dns_search_full_match dns_naptr_ignore_rfc"
        " dns_cache_init use_dns_cache use_dns_failover dns_cache_flags dns_cache_negative_ttl dns_cache_min_ttl"
        " dns_cache_max_ttl dns_cache_mem dns_cache_gc_interval dns_cache_del_nonexp dns_cache_delete_nonexpired"
        " dns_cache_rec_pref auto_bind_ipv6 bind_ipv6_link_local ipv6_hex_style dst_blocklist_init use_dst_blocklist"
        " dst_blocklist_mem dst_blocklist_expire dst_blocklist_ttl dst_blocklist_gc_interval dst_blocklist_udp_imask"
        " dst_blocklist_tcp_imask dst_blocklist_tls_imask dst_blocklist_sctp_imask ip_free_bind ipfreebind"
        " ip_nonlocal_bind port statistics stats_name_separator maxbuffer sql_buffer_size children socket_workers"
        " async_workers async_usleep async_nonblock async_workers_group check_via phone2tel memlog mem_log memdbg"
        " mem_dbg mem_summary mem_safety mem_join mem_status_mode sip_parser_log_oneline sip_parser_log"
        " sip_parser_mode corelog core_log sip_warning user uid group gid chroot workdir wdir rundir run_dir mhomed"
        " disable_tcp tcp_children tcp_accept_aliases tcp_accept_unique tcp_connection_match tcp_send_timeout"
        " tcp_connect_timeout tcp_connection_lifetime tcp_poll_method tcp_max_connections tls_max_connections"
        " tcp_no_connect tcp_source_ipv4 tcp_source_ipv6 tcp_fd_cache tcp_conn_wq_max tcp_wq_max tcp_rd_buf_size"
        " tcp_wq_blk_size tcp_buf_write tcp_async tcp_defer_accept tcp_delayed_ack tcp_syncnt tcp_linger2"
        " tcp_keepalive tcp_keepidle tcp_keepintvl tcp_keepcnt tcp_crlf_ping tcp_accept_no_cl tcp_accept_hep3"
        " tcp_accept_haproxy tcp_clone_rcvbuf tcp_reuse_port tcp_wait_data tcp_script_mode disable_tls tls_disable"
        " enable_tls tls_enable tlslog tls_log tls_port_no tls_method tls_verify tls_require_certificate"
        " tls_certificate tls_private_key tls_ca_list tls_handshake_timeout tls_send_timeout disable_sctp enable_sctp"
        " sctp_children server_signature server_header user_agent_header reply_to_via advertised_address"
        " advertised_port disable_core_dump open_files_limit shm shm_mem shm_mem_size shm_force_alloc mlock_pages"
        " real_time rt_prio rt_policy rt_timer1_prio rt_fast_timer_prio rt_ftimer_prio rt_timer1_policy"
        " rt_ftimer_policy rt_timer2_prio rt_stimer_prio rt_timer2_policy rt_stimer_policy mcast_loopback mcast_ttl"
        " mcast tos pmtu_discovery exit_timeout ser_kill_timeout max_while_loops pv_buffer_size pv_buffer_slots"
        " pv_cache_limit pv_cache_action http_reply_hack http_reply_parse version_table verbose_startup"
        " route_locks_size wait_worker1_mode wait_worker1_time wait_worker1_usleep server_id max_recursive_level"
        " max_branches latency_log latency_cfg_log msg_time onsend_route_reply latency_limit_db latency_limit_action"
        " latency_limit_cfg received_route_mode uri_host_extra_chars hdr_name_extra_chars udp_mtu udp4_raw"
        " udp4_raw_mtu udp4_raw_ttl local_rport"
    ).split()
)
#: Reserved words that are also core parameters, next to their other use.
PARAM_OR_COMMAND = frozenset({"force_rport", "add_rport", "udp_mtu_try_proto"})
CALLBACK_WORDS = frozenset(
    "reply_route_callback onsend_route_callback event_route_callback received_route_callback"
    " pre_routing_callback".split()
)
RESERVED = frozenset(
    ROUTE_WORDS
    | LOAD_WORDS
    | STATEMENT_WORDS
    | COMMAND_WORDS
    | PARAM_WORDS
    | CALLBACK_WORDS
    | PROTO_WORDS
    | frozenset(NUMBER_WORDS)
    | frozenset(OPERATOR_WORDS)
    | frozenset(OPERANDS)
    | frozenset(
        "else case default flags bool avpflags strlen strempty defined selval kemi include_file import_file"
        " advertise ADVERTISE virtual name NAME description descr desc uri:host uri:port"
        " sslv23 SSLv23 SSLV23 sslv2 SSLv2 SSLV2 sslv3 SSLv3 SSLV3 tlsv1 TLSv1 TLSV1".split()
    )
)


def describe(token: Token) -> str:
    """The token as a message names it: `"foo"`, `the string "foo"`, `the end of the file`."""
    if token.kind == EOF:
        return "the end of the file"
    text = token.text if len(token.text) <= 32 else token.text[:29] + "..."
    text = text.replace("\n", " ").replace("\r", " ").replace("\t", " ")
    if token.kind == STRING:
        return f'the string "{text}"'
    if token.kind == PVAR:
        return f'"${text}"'
    if token.kind == SELECT:
        return f'"@{text}"'
    return f'"{text}"'
