"""The binrpc codec: the format's documented examples, round trips, limits, and no other error than BinrpcError."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from olelo.core.module import Many, NamedList, Pairs
from olelo.rpc import binrpc
from olelo.rpc.binrpc import BinrpcError, Framer, decode, encode_fault, encode_reply, encode_request


def body(reply: object) -> bytes:
    packet = encode_reply(reply, 1)
    header = binrpc.read_header(packet)
    assert header is not None
    return packet[header[2] :]


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (0x1234, "201234"),
        (7, "1007"),
        (0, "00"),
        (-1, "40ffffffff"),
        (-0x80000000, "4080000000"),
        ("", "1100"),
        ("abcdef", "71" + b"abcdef".hex() + "00"),
        ("abcdefhij", "910a" + b"abcdefhij".hex() + "00"),
        (2.5, "2209c4"),
        (0.0, "02"),
        (0x80000000, "62" + (0x80000000 * 1000).to_bytes(6, "big").hex()),
        (-0.001, "82ffffffffffffffff"),
        (
            {"intval": 3, "s": "abc"},
            "0375" + b"intval".hex() + "001003" + "25" + b"s".hex() + "0041" + b"abc".hex() + "0083",
        ),
        ([1, "a"], "031001216100" + "83"),
        (None, ""),
        (Many((1, 2)), "10011002"),
        (NamedList([("a", 1), ("a", 2)]), "03256100100125610010" + "0283"),
        ({"x": None}, "03257800910e" + b"<null string>".hex() + "0083"),
        ({"x": {}}, "0325780003" + "8383"),
    ],
)
def test_values_on_the_wire(value: object, wire: str) -> None:
    assert body(value).hex() == wire


@pytest.mark.parametrize("value", [10**16, -(10**16), float("inf"), float("nan")])
def test_a_number_that_no_double_of_the_format_holds_goes_as_digits(value: float) -> None:
    assert decode(encode_reply(value, 1)).values == [str(value)]


@pytest.mark.parametrize(
    ("cookie", "args", "start"),
    [(1, [], "a1000501"), (0, [], "a1000500"), (0x10203, [], "a10205010203"), (0xFFFFFFFF, [], "a10305ffffffff")],
)
def test_request_header(cookie: int, args: list[int], start: str) -> None:
    assert encode_request("abc", args, cookie).hex().startswith(start)
    assert decode(encode_request("abc", args, cookie)) == binrpc.Packet(binrpc.REQUEST, cookie, ["abc"])


def test_header_length_takes_as_many_bytes_as_it_needs() -> None:
    packet = encode_reply("x" * 300, 7)
    assert packet[:2] == b"\xa1\x14"
    assert binrpc.read_header(packet) == (binrpc.REPLY, 7, 5, len(packet) - 5)


def test_fault() -> None:
    packet = decode(encode_fault(500, "command x not found", 9))
    assert packet.kind == binrpc.FAULT
    assert binrpc.fault_parts(packet) == (500, "command x not found")


def test_fault_text_is_cut_as_the_reference_does() -> None:
    assert len(binrpc.fault_parts(decode(encode_fault(500, "y" * 400, 9)))[1]) == binrpc.MAX_FAULT_TEXT


def test_repeated_names_come_back_as_pairs_and_arrays_as_lists() -> None:
    reply = {"many": Pairs([("a", 1), ("a", 2)]), "list": [1, "two", {"three": 3}], "none": {}}
    assert decode(encode_reply(reply, 1)).values == [reply]
    assert isinstance(decode(encode_reply(reply, 1)).values[0]["many"], Pairs)


def test_a_real_array_is_read() -> None:
    assert binrpc.decode_body(bytes.fromhex("04100141616263008410 05".replace(" ", ""))) == [[1, "abc"], 5]


def test_text_written_by_people_goes_out_as_utf8() -> None:
    assert decode(encode_reply("häß → €", 1)).values == ["häß → €".encode().decode("latin-1")]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xb1\x00\x01\x00\x00", binrpc.CORRUPTED),
        (b"\xa1\x20\x01\x00\x00", binrpc.CORRUPTED),
        (b"\xa1", binrpc.MORE_DATA),
        (b"\xa1\x00\x05\x01\x00", binrpc.MORE_DATA),
        (b"\xa1\x00\x01\x01\x41", binrpc.MORE_DATA),
        (b"\xa1\x00\x02\x01\x21\x61", binrpc.MORE_DATA),
        (b"\xa1\x00\x02\x01\x11\x61", binrpc.BAD_RECORD),
        (b"\xa1\x00\x01\x01\x07", binrpc.WRONG_TYPE),
        (b"\xa1\x00\x01\x01\x83", binrpc.BAD_RECORD),
        (b"\xa1\x00\x01\x01\x03", binrpc.MORE_DATA),
        (b"\xa1\x00\x02\x01\x03\x84", binrpc.BAD_RECORD),
        (b"\xa1\x00\x03\x01\x15\x00\x00", binrpc.BAD_RECORD),
        (b"\xa1\x00\x06\x01\x50\x00\x00\x00\x00\x00", binrpc.BAD_RECORD),
        (b"\xa1\x00\x28\x01" + b"\x04" * 40, binrpc.BAD_RECORD),
    ],
)
def test_bad_bytes_end_in_the_one_error(data: bytes, text: str) -> None:
    with pytest.raises(BinrpcError, match=f"^{text}$"):
        decode(data)


@pytest.mark.parametrize(
    ("packet", "text"),
    [
        (encode_reply("x", 1), binrpc.CORRUPTED),
        (b"\xa1\x00\x00\x01", binrpc.END_OF_PACKET),
        (b"\xa1\x00\x02\x01\x10\x05", binrpc.WRONG_TYPE),
    ],
)
def test_what_is_no_request(packet: bytes, text: str) -> None:
    with pytest.raises(BinrpcError, match=text):
        binrpc.request_parts(decode(packet))


def test_a_reply_past_its_limit_is_refused_and_structs_count_for_themselves() -> None:
    fits = {"a": "x" * 900}
    assert encode_reply(Many([fits] * 20), 1, max_body=1024, max_struct=1024)
    with pytest.raises(BinrpcError, match="overflow"):
        encode_reply({"a": "x" * 1100}, 1, max_body=4096, max_struct=1024)
    with pytest.raises(BinrpcError, match="overflow"):
        encode_reply(Many(["x" * 500] * 3), 1, max_body=1024, max_struct=1024)


def test_a_reply_without_end_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(BinrpcError):
        encode_reply(loop, 1)


def test_framer_cuts_packets_from_any_pieces() -> None:
    stream = b"".join(encode_request("m", [n], n) for n in range(40))
    for size in (1, 2, 3, 7, 1000):
        framer = Framer()
        found = [packet for at in range(0, len(stream), size) for packet in framer.feed(stream[at : at + size])]
        assert [decode(packet).values for packet in found] == [["m", n] for n in range(40)]
        assert framer.pending == 0


def test_framer_refuses_a_large_packet_before_it_arrives() -> None:
    with pytest.raises(BinrpcError, match="overflow"):
        Framer(limit=100).feed(b"\xa1\x04\x00\x80\x01")


def test_framer_refuses_garbage_at_the_first_byte() -> None:
    with pytest.raises(BinrpcError, match="corrupted"):
        Framer().feed(b"G")


scalars = (
    st.integers(-(2**31), 2**31 - 1)
    | st.text(st.characters(max_codepoint=255, blacklist_characters="\0"))
    | st.integers(-(10**9), 10**9).map(lambda n: n / 8)
)
names = st.text(st.characters(max_codepoint=255, blacklist_characters="\0"), max_size=12)
trees = st.recursive(
    scalars, lambda inner: st.dictionaries(names, inner) | st.lists(inner, min_size=1, max_size=5), max_leaves=20
)


@given(st.lists(trees), st.integers(0, 2**32 - 1))
def test_round_trip(values: list[object], cookie: int) -> None:
    assert decode(encode_reply(Many(values), cookie)) == binrpc.Packet(binrpc.REPLY, cookie, values)


@given(st.binary(max_size=200))
def test_any_body_is_read_or_refused(data: bytes) -> None:
    try:
        values = binrpc.decode_body(data)
    except BinrpcError:
        return
    assert isinstance(values, list)


@given(st.binary(max_size=80), st.integers(1, 9))
def test_any_stream_is_framed_or_refused(data: bytes, size: int) -> None:
    framer = Framer(limit=64)
    try:
        for at in range(0, len(data), size):
            for packet in framer.feed(b"\xa1"[: at == 0] + data[at : at + size]):
                header = binrpc.read_header(packet)
                assert header is not None
                assert len(packet) == header[2] + header[3] <= 64
    except BinrpcError:
        return
    assert framer.pending <= len(data) + 1
