"""rr without a network: what is recorded, what is followed, and what each function returns."""

from __future__ import annotations

import re

import pytest
from pv_kit import Desk, request

from olelo.core.context import RouteContext
from olelo.core.sockets import Destination, ListenSocket
from olelo.modules.rr import Rr
from olelo.script.catalog import RouteKind

OURS = "<sip:127.0.0.1;lr;ftag=ft1>"
IN_DIALOG = "<sip:alice@example.org>;tag=to1"


def desk(**params: int | str) -> Desk:
    return Desk(Rr, params={"rr": list(params.items())})


def routed(place: Desk, *routes: str, target: str = IN_DIALOG, uri: str = "sip:alice@192.0.2.9") -> RouteContext:
    headers = "".join(f"Route: {route}\r\n" for route in routes)
    return place.context(request(uri=uri, headers=headers, target=target))


def recorded(place: Desk, ctx: RouteContext, socket: ListenSocket | None = None) -> list[str]:
    to = Destination("udp", "192.0.2.9", 5060, socket or place.socket)
    text: str = ctx.record_route.lines(ctx, to).decode() if ctx.record_route is not None else ""
    return [line.removeprefix("Record-Route: ") for line in text.splitlines()]


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({}, "<sip:127.0.0.1;lr;ftag=ft1>"),
        ({"enable_full_lr": 1}, "<sip:127.0.0.1;lr=on;ftag=ft1>"),
        ({"append_fromtag": 0}, "<sip:127.0.0.1;lr>"),
        ({"add_username": 1}, "<sip:alice@127.0.0.1;lr;ftag=ft1>"),
        ({"add_username": 1, "ignore_user": "alice"}, "<sip:xlice@127.0.0.1;lr;ftag=ft1>"),
    ],
)
def test_a_line_as_the_parameters_say(params: dict[str, int | str], line: str) -> None:
    place = desk(**params)
    ctx = place.context(request())
    assert place.call(ctx, "record_route") == 1
    assert recorded(place, ctx) == [line]
    assert place.call(ctx, "record_route") == -1


def test_parameters_from_before_and_after_both_show_in_both_lines() -> None:
    place = desk()
    ctx = place.context(request())
    place.call(ctx, "add_rr_param", ";a=1")
    place.call(ctx, "record_route", ";p=2")
    assert place.call(ctx, "add_rr_param", ";b=3") == 1
    tail = "lr;ftag=ft1;p=2;a=1;b=3>"
    assert recorded(place, ctx) == [f"<sip:127.0.0.1;{tail}"]
    other = ListenSocket("tcp", "127.0.0.1", 5070)
    assert recorded(place, ctx, other) == [
        f"<sip:127.0.0.1:5070;transport=tcp;r2=on;{tail}",
        f"<sip:127.0.0.1;r2=on;{tail}",
    ]


def test_the_place_is_the_advertised_one_and_the_name_is_shown_where_it_is_asked_for() -> None:
    place = desk(sockname_mode=1)
    place.engine.sockets[0] = socket = ListenSocket("udp", "10.0.0.1", 5060, ("proxy.example", 5080), "out")
    ctx = place.context(request())
    ctx.rcv.socket = socket
    place.call(ctx, "record_route")
    assert recorded(place, ctx, socket) == ["<sip:proxy.example:5080;sn=out;lr;ftag=ft1>"]


def test_too_many_parameters_are_refused() -> None:
    place = desk()
    ctx = place.context(request())
    assert place.call(ctx, "add_rr_param", ";x=" + "1" * 512) == -1


def test_what_is_removed_does_not_leave() -> None:
    place = desk()
    ctx = place.context(request())
    place.call(ctx, "record_route")
    assert place.call(ctx, "remove_record_route") == 1
    assert recorded(place, ctx) == []


def test_what_a_branch_route_records_is_that_branch_alone() -> None:
    place = desk()
    ctx = place.context(request(), RouteKind.BRANCH)
    ctx.branch = 0
    assert place.call(ctx, "record_route") == 1
    assert len(recorded(place, ctx)) == 1
    ctx.branch = 1
    assert recorded(place, ctx) == []
    assert place.call(ctx, "record_route") == 1
    assert len(recorded(place, ctx)) == 1


def test_presets_and_an_advertised_address() -> None:
    place = desk()
    ctx = place.context(request())
    assert place.call(ctx, "record_route_preset", "1.2.3.4", "5.6.7.8;r2=on") == 1
    assert recorded(place, ctx) == ["<sip:1.2.3.4;ftag=ft1;lr>", "<sip:5.6.7.8;r2=on;ftag=ft1;lr>"]
    ctx = place.context(request())
    assert place.call(ctx, "record_route_advertised_address", "9.9.9.9") == 1
    assert recorded(place, ctx) == ["<sip:9.9.9.9;ftag=ft1;lr>"]
    assert recorded(place, ctx, ListenSocket("tcp", "127.0.0.1", 5060)) == [
        "<sip:9.9.9.9;transport=tcp;r2=on;ftag=ft1;lr>",
        "<sip:9.9.9.9;transport=udp;r2=on;ftag=ft1;lr>",
    ]
    off = desk(enable_double_rr=0)
    assert off.call(off.context(request()), "record_route_preset", "1.2.3.4", "5.6.7.8") == -1


@pytest.mark.parametrize(
    ("routes", "target", "code", "next_hop", "left"),
    [
        ([], IN_DIALOG, -1, "", []),
        ([OURS], IN_DIALOG, 1, "", []),
        ([OURS], "<sip:alice@example.org>", -3, "", []),
        ([f"{OURS},<sip:192.0.2.7;lr>"], "<sip:alice@example.org>", 1, "sip:192.0.2.7;lr", ["<sip:192.0.2.7;lr>"]),
        ([OURS, "<sip:192.0.2.7;lr>"], IN_DIALOG, 1, "sip:192.0.2.7;lr", ["<sip:192.0.2.7;lr>"]),
        (["<sip:192.0.2.7;lr>"], IN_DIALOG, 1, "sip:192.0.2.7;lr", ["<sip:192.0.2.7;lr>"]),
        ([f"{OURS}, <sip:u@x:5070;lr;maddr=192.0.2.8>"], IN_DIALOG, 1, "sip:192.0.2.8:5070", ["<sip:u@x:5070;lr;maddr=192.0.2.8>"]),
        (["nonsense"], IN_DIALOG, -1, "", ["nonsense"]),
        (["<sip:127.0.0.1;lr;gr=1>"], IN_DIALOG, 1, "sip:127.0.0.1;lr;gr=1", ["<sip:127.0.0.1;lr;gr=1>"]),
    ],
)  # fmt: skip
def test_loose_route(routes: list[str], target: str, code: int, next_hop: str, left: list[str]) -> None:
    place = desk()
    ctx = routed(place, *routes, target=target)
    ctx.ruri_used = True
    assert place.call(ctx, "loose_route") == code
    assert ctx.dst_uri.decode() == next_hop
    sent = type(ctx.msg).parse(ctx.msg.apply_edits())
    assert [value.decode() for value in sent.named(b"Route")] == left
    assert ctx.ruri_used == (not next_hop)


def test_two_entries_of_ours_go_and_the_second_names_the_socket() -> None:
    place = desk()
    place.engine.sockets.append(second := ListenSocket("tcp", "127.0.0.1", 5070))
    ctx = routed(place, "<sip:127.0.0.1;r2=on;lr>, <sip:127.0.0.1:5070;transport=tcp;r2=on;lr>")
    assert place.call(ctx, "loose_route") == 1
    assert ctx.force_socket is second
    assert b"Route" not in ctx.msg.apply_edits()


def test_a_strict_router_gets_its_uri_and_the_target_goes_to_the_end() -> None:
    place = desk()
    ctx = routed(place, OURS, "<sip:192.0.2.7>")
    assert place.call(ctx, "loose_route") == 1
    assert ctx.ruri == b"sip:192.0.2.7"
    assert type(ctx.msg).parse(ctx.msg.apply_edits()).named(b"Route") == [b"<sip:alice@192.0.2.9>"]


def test_behind_a_strict_router_the_last_route_is_the_target() -> None:
    place = desk()
    ctx = routed(place, "<sip:192.0.2.7;lr>, <sip:alice@192.0.2.9>", uri="sip:127.0.0.1;lr;ftag=other")
    assert place.call(ctx, "loose_route") == 1
    assert (ctx.ruri, ctx.dst_uri) == (b"sip:alice@192.0.2.9", b"sip:192.0.2.7;lr")
    assert type(ctx.msg).parse(ctx.msg.apply_edits()).named(b"Route") == [b"<sip:192.0.2.7;lr>"]
    assert place.call(ctx, "is_direction", "upstream") == 1


def test_directions_and_variables() -> None:
    place = desk()
    down, up = routed(place, OURS), routed(place, "<sip:127.0.0.1;lr;ftag=to1>")
    assert [place.call(c, "is_direction", "downstream") for c in (down, up)] == [1, -1]
    assert [place.get(c, "$fti") for c in (down, up)] == ["ft1", "to1"]
    assert [place.get(c, "$tti") for c in (down, up)] == ["to1", "ft1"]
    assert [(place.get(c, "$rdir(id)"), place.get(c, "$rdir(name)")) for c in (down, up)] == [
        (1, "downstream"),
        (2, "upstream"),
    ]
    assert place.get(down, "$route_uri") == "sip:127.0.0.1;lr;ftag=ft1"
    assert place.call(up, "record_route") == 1
    assert recorded(place, up) == ["<sip:127.0.0.1;lr;ftag=to1>"]
    assert place.call(down, "is_direction", "sideways") == -1


def test_route_parameters_and_next_hops() -> None:

    place = desk()
    ctx = routed(place, "<sip:127.0.0.1;lr;nat=yes>, <sip:192.0.2.7;lr>")
    assert place.call(ctx, "rr_next_hop_route") == -1
    place.call(ctx, "loose_route")
    assert place.call(ctx, "rr_next_hop_route") == 1
    assert place.call(ctx, "check_route_param", re.compile("^;lr;nat=yes$")) == 1
    assert place.call(ctx, "check_route_param", re.compile("vpn")) == -1
    assert place.call(routed(place, "<sip:192.0.2.7;lr;nat=yes>"), "check_route_param", re.compile("nat")) == -1


def test_preloaded_and_mode_1() -> None:
    place = desk()
    assert place.call(routed(place, OURS, target="<sip:a@b>"), "loose_route_preloaded") == 1
    assert place.call(routed(place, OURS), "loose_route_preloaded") == -1
    ctx = routed(place, "<sip:192.0.2.7;lr>", uri="sip:x@127.0.0.1")
    assert place.call(ctx, "loose_route_mode", 1) == 1
    assert ctx.ruri == b"sip:x@127.0.0.1"
