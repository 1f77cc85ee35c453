"""Every format: round trip, files in the shape of public examples, and rows that are refused."""

from dataclasses import replace

import pytest

from auc.kit import Dice, plan
from olelo.auc.batch import COMMON, new_cards
from olelo.auc.card import Card
from olelo.auc.errors import AucError, CheckValueError, FormatError, SealError
from olelo.auc.formats import FORMATS, find_format
from olelo.auc.formats.fields import OTA_KEYS, Fields, Options, to_card, to_fields
from olelo.auc.milenage import Milenage
from olelo.auc.numbering import imsi_range, msisdn_range
from olelo.auc.seal import Codes
from olelo.auc.secret import Secret
from olelo.auc.transport import TransportKey

OP = Secret(bytes(range(30, 46)))
K1, OPC1 = "0f0e0d0c0b0a09080706050403020100", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
OPTIONS = Options(mcc="001", mnc="01", batch="first", state="active")
TEMPLATE = "[header]\nBatch {batch} KCV {kcv}\n[line]\n{iccid} {imsi};{k}|{opc} {pin1}\n[footer]\nEnd\n"
MAPPING = {"imsi": "IMSI", "iccid": "Card", "k": "eKi", "opc": "eOPc", "adm1": "ADM"}
READABLE = [name for name, item in FORMATS.items() if item.read is not None]


def _cards(count: int = 3, **changes: object) -> list[Card]:
    made = plan(count=count, msisdns=msisdn_range("685700001", count), op_mode=COMMON, op=OP, **changes)
    cards = list(new_cards(made, Dice()))
    for number, card in enumerate(cards):
        card.sqn = 32 * number + 16
    return cards


def _options(name: str, **changes: object) -> Options:
    base = replace(OPTIONS, template=TEMPLATE, mapping=MAPPING, op=OP if find_format(name).needs_op else None)
    return replace(base, **changes)  # type: ignore[arg-type]


def _write(name: str, cards: list[Card], options: Options) -> str:
    write = find_format(name).write
    assert write is not None
    return "".join(write((to_fields(card, n, options, Dice("t")) for n, card in enumerate(cards, 1)), options))


def _read(name: str, text: str, options: Options) -> list[Card | AucError]:
    read = find_format(name).read
    assert read is not None
    found: list[Card | AucError] = []
    for _, fields in read(iter(text.splitlines(keepends=True)), options):
        try:
            found.append(fields if isinstance(fields, AucError) else to_card(fields, options))
        except AucError as error:
            found.append(error)
    return found


def _one(name: str, text: str, **changes: object) -> Card:
    (card,) = _read(name, text, replace(OPTIONS, **changes))  # type: ignore[arg-type]
    assert isinstance(card, Card), card
    return card


# What a format carries beside IMSI, K and OPc.
CARRIES = {
    "olelo": ("iccid", "msisdn", "amf", "sqn", "ind", "state", "PIN1", "PUK1", "PIN2", "PUK2", "ADM1"),
    "pysim-prog": ("iccid", "ADM1"),
    "card-data": ("iccid", "PIN1", "PUK1", "PIN2", "PUK2", "ADM1"),
    "saip": ("iccid", "PIN1", "PUK1", "PIN2", "PUK2", "ADM1"),
    "srsepc": ("amf", "sqn"),
    "pycrate": ("sqn",),
    "csv": ("iccid", "ADM1"),
    "pyhss": ("iccid", "msisdn", "amf", "sqn", "PIN1", "PUK1", "PIN2", "PUK2", "ADM1"),
    "open5gs": ("msisdn", "amf", "sqn"),
    "udr": ("amf", "sqn"),
    "osmohlr": ("msisdn",),
    "sipp": ("amf",),
    "template": ("iccid", "PIN1"),
}


def _facts(card: Card, names: tuple[str, ...]) -> list[object]:
    facts: list[object] = [card.imsi, card.keys]
    return facts + [card.codes.get(name) if name.isupper() else getattr(card, name) for name in names]


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("mode", ["clear", "aes-gcm", "aes-ecb", "aes-cbc", "3des-ecb"])
def test_round_trip(name: str, mode: str) -> None:
    cards = _cards(amf=b"\x80\x00")
    columns = {} if mode == "clear" else {"*": TransportKey(Secret(bytes(range(16))), mode, 3)}
    options = _options(name, columns=columns)
    text = _write(name, cards, options)
    back = _read(name, text, options)
    expected = [_facts(card, CARRIES[name]) for card in cards]
    assert [_facts(card, CARRIES[name]) if isinstance(card, Card) else card for card in back] == expected
    shown = any(card.keys.k.reveal().hex() in text for card in cards)
    assert shown == (mode == "clear")


def test_every_readable_format_is_in_the_table() -> None:
    assert set(CARRIES) == set(READABLE)
    with pytest.raises(FormatError, match="pyhss"):
        find_format("nosuch")


@pytest.mark.parametrize("name", ["olelo", "saip", "udr"])
def test_tuak_where_the_format_has_a_place_for_it(name: str) -> None:
    cards = list(new_cards(plan(count=2, algorithm="tuak:iterations=2", key_bits=256), Dice()))
    options = _options(name)
    back = _read(name, _write(name, cards, options), options)
    assert [(card.algorithm, card.keys) for card in back if isinstance(card, Card)] == [
        ("tuak:iterations=2", card.keys) for card in cards
    ]


@pytest.mark.parametrize("name", ["srsepc", "pyhss", "open5gs", "osmohlr", "sipp", "pycrate"])
def test_an_own_profile_is_refused_where_there_is_no_place_for_it(name: str) -> None:
    cards = _cards(algorithm="milenage:r=64/0/33/64/96")
    with pytest.raises(FormatError, match="no place"):
        _write(name, cards, _options(name))


def test_saip_has_no_column_for_other_options() -> None:
    with pytest.raises(FormatError, match="no column"):
        _write("saip", list(new_cards(plan(count=1, algorithm="tuak:res=128"), Dice())), _options("saip"))


def test_a_card_not_made_from_the_op_is_not_written_with_it() -> None:
    cards = list(new_cards(plan(count=1), Dice()))
    with pytest.raises(AucError, match="not made from this OP"):
        _write("sipp", cards, _options("sipp"))


def test_swapped_columns_of_an_encrypted_file_are_noticed() -> None:
    options = _options("olelo", columns={"*": TransportKey(Secret(bytes(16)))})
    lines = _write("olelo", _cards(2), options).splitlines()
    first, second = lines[1].split(","), lines[2].split(",")
    position = lines[0].split(",").index("k")
    first[position], second[position] = second[position], first[position]
    back = _read("olelo", "\n".join([lines[0], ",".join(first), ",".join(second)]), options)
    assert [type(item) for item in back] == [SealError, SealError]


def test_a_key_of_its_own_for_one_column() -> None:
    keys = {"k": TransportKey(Secret(bytes(16)), "aes-cbc"), "opc": TransportKey(Secret(bytes(range(16))), "aes-ecb")}
    options = _options("card-data", columns=keys)
    cards = _cards(1)
    (back,) = _read("card-data", _write("card-data", cards, options), options)
    assert isinstance(back, Card)
    assert back.keys == cards[0].keys
    assert back.codes["PIN1"] == cards[0].codes["PIN1"]


def test_pysim_prog_writes_numbers_without_zeros() -> None:
    text = f"name,iccid,mcc,mnc,imsi,smsp,ki,opc\nA,8988211000000000011,1,1,001010000000001,,{K1},{OPC1}\n"
    assert _one("pysim-prog", text).keys.k.reveal().hex() == K1


def test_card_data_of_pysim_shell() -> None:
    text = (
        "ID,IMSI,ICCID,ACC,PIN1,PUK1,PIN2,PUK2,KI,OPC,ADM1,SCP02_ENC_1,EID\n"
        f"1,001010000000001,8988211000000000011,0002,1234,12312312,,,{K1.upper()},{OPC1},00112233,{K1},\n"
    )
    card = _one("card-data", text)
    assert dict(card.codes) == {"PIN1": "1234", "PUK1": "12312312", "ADM1": "00112233", "SCP02_ENC_1": K1}


def test_pyhss_as_its_api_lists_it() -> None:
    entry = (
        f'{{"auc_id": 1, "ki": "{K1}", "opc": "{OPC1}", "amf": "8000", "sqn": 320, "iccid": "8988211000000000011",'
        ' "imsi": "001010000000001", "batch_name": null, "esim": false, "lpa": null, "pin1": null, "algo": "3"}'
    )
    for text in (f"[\n{entry}\n]\n", entry + "\n"):
        card = _one("pyhss", text)
        assert (card.amf, card.sqn, card.keys.opc.reveal().hex()) == (b"\x80\x00", 320, OPC1)


def test_open5gs_with_an_op_and_blanks_in_keys() -> None:
    spaced = " ".join(K1[i : i + 8] for i in range(0, 32, 8))
    text = (
        f'{{"imsi":"001010000000001","msisdn":["685"],"security":{{"k":"{spaced}","op":"{OP.reveal().hex()}",'
        '"opc":null,"amf":"8000","sqn":{"$numberLong":"97"}}}\n'
    )
    card = _one("open5gs", text)
    assert card.keys.opc == Milenage().opc(Secret.from_hex(K1), OP)
    assert (card.sqn, card.msisdn) == (97, "685")


def test_udr_in_its_older_shape() -> None:
    text = (
        f'{{"ueId":"imsi-001010000000001","permanentKey":{{"permanentKeyValue":"{K1}"}},"sequenceNumber":"000000000023",'
        f'"authenticationManagementField":"8000","opc":{{"opcValue":"{OPC1}"}}}}\n'
    )
    assert (_one("udr", text).sqn, _one("udr", text).keys.opc.reveal().hex()) == (0x23, OPC1)


def test_osmohlr_as_typed() -> None:
    text = (
        "enable\nsubscriber imsi 001010000000001 create\nsubscriber imsi 001010000000001 update msisdn 685\n"
        f"subscriber imsi 001010000000001 update aud3g milenage k {K1} op {OP.reveal().hex()}\n"
        "subscriber imsi 001010000000002 create\n"
    )
    first, second = _read("osmohlr", text, OPTIONS)
    assert isinstance(first, Card)
    assert first.keys.opc == Milenage().opc(Secret.from_hex(K1), OP)
    assert isinstance(second, FormatError)


def test_srsepc_in_both_shapes() -> None:
    text = (
        "#\n# comment\n"
        f"ue1,mil,001010000000001,{K1},opc,{OPC1},9001,000000001234,7,dynamic\n"
        f"ue2,001010000000002,{K1},{OP.reveal().hex()},0x8000\n"
        f"ue3,xor,001010000000003,{K1},opc,{OPC1},9001,000000001234,7,dynamic\n"
        f"ue4,mil,001010000000004,{K1},both,{OPC1},9001,000000001234,7,dynamic\n"
        f"ue5,mil,001010000000005,{K1},opc,{OPC1},9001,xyz,7,dynamic\n"
        "ue6,mil\n"
    )
    first, second, *refused = _read("srsepc", text, OPTIONS)
    assert isinstance(first, Card)
    assert isinstance(second, Card)
    assert (first.sqn, first.amf, second.amf) == (0x1234, b"\x90\x01", b"\x80\x00")
    assert second.keys.opc == Milenage().opc(Secret.from_hex(K1), OP)
    assert [type(item) for item in refused] == [FormatError] * 4


def test_sipp_lines_that_are_none() -> None:
    assert [type(item) for item in _read("sipp", "SEQUENTIAL\n# note\nuser;secret\n", OPTIONS)] == [FormatError]


def test_pycrate_names_the_2g_algorithm_and_its_3g_side_is_milenage() -> None:
    op = OP.reveal().hex()
    text = (
        "################\n# AuC database #\n################\n#\n"
        f"001010000000001;{K1};0;5;{op};\n001010000000002;{K1};2;0;{op};\n"
        f"001010000000003;{K1};1;-1;;\n001010000000004;{K1};0;1;\n001010000000005;{K1}\n"
    )
    first, second, *refused = _read("pycrate", text, OPTIONS)
    for card in (first, second):
        assert isinstance(card, Card)
        assert (card.algorithm, card.keys.opc) == ("milenage", Milenage().opc(Secret.from_hex(K1), OP))
    assert ["SQN -1" in str(refused[0]), "neither OPc nor OP" in str(refused[1]), "2 values" in str(refused[2])] == [
        True
    ] * 3
    # The OP of the whole server, where a row has none.
    assert isinstance(_read("pycrate", text, replace(OPTIONS, op=OP))[3], Card)


def test_a_template_frames_and_refuses() -> None:
    options = _options("template", columns={"*": TransportKey(Secret(bytes(16)), "aes-ecb")})
    text = _write("template", _cards(2), options)
    assert text.startswith("Batch first KCV 66E94B\n")
    assert text.endswith("End\n")
    broken = _read("template", text.replace(";", ":", 1), options)
    assert [type(item) for item in broken] == [FormatError, Card]
    for bad in ("", "[line]\n", "[line]\n{imsi}\n{k}\n", "[line]\n{imsi} {nonsense}\n", "text\n[line]\n{imsi}\n"):
        with pytest.raises(FormatError):
            _read("template", "x\n", replace(options, template=bad))


def test_kamailio_rows_hold_no_key() -> None:
    cards = _cards(1)
    text = _write("kamailio", cards, _options("kamailio"))
    assert "INSERT INTO dbaliases" in text
    assert "'685700001'" in text
    assert "ims.mnc001.mcc001.3gppnetwork.org" in text
    for key in (cards[0].keys.k, cards[0].keys.opc):
        assert key.reveal().hex() not in text
    with pytest.raises(FormatError):
        _write("kamailio", cards, _options("kamailio", domain="x'; DROP TABLE"))


@pytest.mark.parametrize(
    ("name", "text"),
    [("olelo", ""), ("olelo", "imsi,k\n"), ("card-data", "a,b\n"), ("csv", "x,y\n"), ("pyhss", "[{]\n")],
)
def test_files_that_are_not_of_the_format(name: str, text: str) -> None:
    with pytest.raises(FormatError):
        _read(name, text, _options(name))
    with pytest.raises(FormatError):
        _read("csv", "IMSI\n", replace(OPTIONS, mapping={}))


ROW = {"imsi": "001010000000001", "iccid": "8988211000000000011", "k": K1, "opc": OPC1}


@pytest.mark.parametrize(
    "change",
    [
        {"imsi": ""},
        {"imsi": K1},
        {"imsi": "002010000000001"},
        {"iccid": "8988211000000000012"},
        {"iccid": OPC1},
        {"k": ""},
        {"k": K1[:-2]},
        {"k": K1 + K1},
        {"k": K1[:-2] + "zz"},
        {"opc": ""},
        {"opc": OPC1[:-1]},
        {"op": OPC1},
        {"algorithm": K1},
        {"state": K1},
        {"amf": K1},
        {"sqn": K1},
        {"sqn": str(1 << 48)},
        {"ind": "32"},
        {"ind_length": K1},
        {"msisdn": K1},
        {"mcc": K1},
        {"mnc": "1"},
    ],
)
def test_a_refused_row_never_repeats_a_value_that_may_be_a_key(change: Fields) -> None:
    with pytest.raises(AucError) as caught:
        to_card(ROW | change, OPTIONS)
    message = str(caught.value)
    for key in (K1, OPC1, K1[:12], OPC1[:12]):
        assert key not in message


def test_rows_with_too_many_values_and_json_that_is_none() -> None:
    text = f"imsi,k,opc\n001010000000001,{K1},{OPC1},extra\n"
    assert [type(item) for item in _read("olelo", text, OPTIONS)] == [FormatError]
    (error,) = _read("pyhss", f'{{"ki": "{K1}"\n', OPTIONS)
    assert isinstance(error, FormatError)
    assert K1 not in str(error)
    for name in ("pyhss", "open5gs", "udr"):
        assert [type(item) for item in _read(name, "5\n", OPTIONS)] == [FormatError]
    assert [type(item) for item in _read("udr", '{"sequenceNumber": "zz"}\n', OPTIONS)] == [FormatError]


def _refusal(name: str, text: str, **changes: object) -> str:
    (found,) = _read(name, text, replace(OPTIONS, **changes))  # type: ignore[arg-type]
    assert isinstance(found, AucError), found
    return str(found)


def test_card_data_as_the_pysim_manual_shows_it() -> None:
    k, opc, ota = "4" * 32, "45" * 16, "46" * 16
    text = (
        '"id","imsi","iccid","acc","pin1","puk1","pin2","puk2","ki","opc","adm1","scp02_dek_1","scp02_enc_1","scp02_mac_1"\n'
        f'"card4","999700000000004","8900000000000000004","0004","4444","44444444","0404","04040404","{k}","{opc}",'
        f'"44444444","{ota}","{k}","{opc}"\n'
    )
    card = _one("card-data", text, mcc="999", mnc="70", luhn=False)
    assert (card.imsi, card.iccid, card.keys.k.reveal().hex()) == ("999700000000004", "8900000000000000004", k)
    assert (card.codes["ADM1"], card.codes["SCP02_DEK_1"], card.codes["SCP02_MAC_1"]) == ("44444444", ota, opc)


ALL_CODES = {name: "0f" * 16 for name in OTA_KEYS} | {"pin1": "0000", "adm1": "12345678"}


@pytest.mark.parametrize("name", ["olelo", "card-data"])
@pytest.mark.parametrize("mode", ["clear", "aes-gcm"])
def test_every_ota_key_comes_through(name: str, mode: str) -> None:
    cards = _cards(2)
    cards[0].codes = Codes(ALL_CODES)  # the second card has none, in the same table
    options = _options(name, columns={} if mode == "clear" else {"*": TransportKey(Secret(bytes(16)))})
    back = _read(name, _write(name, cards, options), options)
    assert [dict(card.codes) for card in back if isinstance(card, Card)] == [dict(card.codes) for card in cards]


@pytest.mark.parametrize("mode", ["aes-cbc", "aes-ecb", "3des-ecb"])
def test_an_ota_key_in_a_block_mode_is_encrypted_as_bytes(mode: str) -> None:
    key = TransportKey(Secret(bytes(range(16))), mode)
    options = _options("card-data", columns={"scp03_enc_isdr": key, "uicc_scp02_kic1": key})
    cards = _cards(1)
    cards[0].codes = Codes({"scp03_enc_isdr": K1, "uicc_scp02_kic1": OPC1})
    text = _write("card-data", cards, options)
    # What a card maker writes and pySim reads: the block cipher over the 16 bytes, in hexadecimal.
    assert key.encrypt(bytes.fromhex(K1), "", Dice()).hex() in text
    (back,) = _read("card-data", text, options)
    assert isinstance(back, Card)
    assert (back.codes["SCP03_ENC_ISDR"], back.codes["UICC_SCP02_KIC1"]) == (K1, OPC1)


def test_codes_that_do_not_fit_a_block_mode_are_refused_without_their_value() -> None:
    key = TransportKey(Secret(bytes(16)), "aes-cbc")
    cards = _cards(1)
    cards[0].codes = Codes({"adm1": "87654321", "kic": "nothex-nothex-nothex"})
    for name in ("adm1", "kic"):
        with pytest.raises(AucError, match=name.upper()) as caught:
            _write("card-data", cards, _options("card-data", columns={name: key}))
        assert "8765" not in str(caught.value)
        assert "nothex" not in str(caught.value)
    text = "imsi,iccid,ki,opc,adm1\n" + f"001010000000001,8988211000000000011,{K1},{OPC1},{K1}\n"
    assert "ADM1" in _refusal("card-data", text, columns={"adm1": key})


def test_codes_are_printable_and_short() -> None:
    for bad in ("1234\x1b[2J", "\u00e4\u00e4\u00e4\u00e4", "0" * 129):
        with pytest.raises(FormatError, match="PIN1") as caught:
            to_card(ROW | {"pin1": bad}, OPTIONS)
        assert bad not in str(caught.value)


def test_columns_without_a_place_are_told_and_those_that_need_none_are_not() -> None:
    text = f"name,acc,imsi,ki,opc,smsp,KIC9\nA,0001,001010000000001,{K1},{OPC1},x,{K1}\n"
    options = replace(OPTIONS, ignored=set())
    _read("pysim-prog", text, options)
    assert options.ignored == {"smsp", "KIC9"}


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        ("imsi,k,opc,pin1", f"001010000000001,{K1},{OPC1}", "3 values under 4 columns"),
        ("imsi,k,opc", f"001010000000001,{K1},{OPC1},{K1}", "4 values under 3 columns"),
        ("imsi,k,opc", f'001010000000001,{K1},"{OPC1}\n001010000000002', "OPC of IMSI"),  # an open quotation mark
    ],
)
def test_rows_that_were_cut_or_shifted(header: str, row: str, said: str) -> None:
    message = _refusal("olelo", f"{header}\n{row}\n")
    assert said in message
    assert K1[:12] not in message


def test_empty_values_at_the_end_of_a_row_are_no_shift() -> None:
    assert isinstance(_one("olelo", f"imsi,k,opc\n001010000000001,{K1},{OPC1},,\n"), Card)


def test_a_column_that_is_there_twice() -> None:
    with pytest.raises(FormatError, match="more than one column for k"):
        _read("olelo", f"imsi,k,opc,K\n001010000000001,{K1},{OPC1},{OPC1}\n", OPTIONS)


def test_rows_are_numbered_as_in_the_file_whatever_the_comments() -> None:
    read = find_format("srsepc").read
    assert read is not None
    text = f"# one\n\n# two\nue,mil,001010000000001,{K1},opc,{OPC1},8000,0,9,dynamic\n# three\nbad,row\n"
    assert [number for number, _ in read(iter(text.splitlines(keepends=True)), OPTIONS)] == [4, 6]


def test_a_delimiter_of_the_file() -> None:
    options = _options("csv", delimiter=";")
    text = _write("csv", _cards(1), options)
    assert text.startswith("IMSI;Card;")
    assert isinstance(_read("csv", text, options)[0], Card)
    with pytest.raises(FormatError):
        _read("csv", text, _options("csv"))


@pytest.mark.parametrize("name", ["pyhss", "open5gs", "udr"])
@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[1, 2]", '"text"'])
def test_json_that_is_deep_or_something_else(name: str, text: str) -> None:
    try:
        found = _read(name, text + "\n", OPTIONS)
    except FormatError:
        return
    assert {type(item) for item in found} == {FormatError}


def test_open5gs_numbers_of_the_mongo_shell() -> None:
    start = f'{{"imsi":"001010000000001","security":{{"k":"{K1}","op":null,"opc":"{OPC1}","amf":"8000","sqn":'
    for sqn in ('{"$numberDouble":"97.0"}', "97.0", '{"$numberInt":"97"}', "97"):
        assert _one("open5gs", start + sqn + "}}\n").sqn == 97


def test_udr_of_free5gc_with_an_op_and_of_oai_with_its_text_column() -> None:
    op = OP.reveal().hex()
    free5gc = (
        f'{{"ueId":"imsi-001010000000001","authenticationMethod":"5G_AKA","permanentKey":{{"permanentKeyValue":"{K1}"}},'
        f'"sequenceNumber":"16f3b3f70fc2","authenticationManagementField":"8000",'
        f'"milenage":{{"op":{{"opValue":"{op}"}}}},"opc":{{"opcValue":""}}}}\n'
    )
    card = _one("udr", free5gc)
    assert (card.sqn, card.keys.opc) == (0x16F3B3F70FC2, Milenage().opc(Secret.from_hex(K1), OP))
    counter = '{\\"sqn\\": \\"000000000020\\", \\"sqnScheme\\": \\"NON_TIME_BASED\\", \\"indLength\\": 6}'
    oai = (
        f'{{"ueid":"x","supi":"imsi-001010000000001","encPermanentKey":"{K1}","encOpcKey":"{OPC1}",'
        f'"algorithmId":"milenage","sequenceNumber":"{counter}"}}\n'
    )
    assert (_one("udr", oai).sqn, _one("udr", oai).ind_length) == (0x20, 6)
    assert "sequenceNumber" in _refusal("udr", '{"sequenceNumber": "{not json"}\n')


def test_saip_carries_an_own_milenage_in_pysims_columns() -> None:
    profile = "milenage:r=64/0/33/64/96:c=0/1/2/4/9"
    cards = list(new_cards(plan(count=2, algorithm=profile), Dice()))
    text = _write("saip", cards, _options("saip"))
    assert "4000214060" in text
    options = replace(OPTIONS, ignored=set())
    back = _read("saip", text, options)
    assert [(card.algorithm, card.keys) for card in back if isinstance(card, Card)] == [
        (profile, card.keys) for card in cards
    ]
    assert options.ignored == set()
    named = f"IMSI,ICCID,K,OPc,Algorithm,MilenageRotation\n001010000000001,8988211000000000011,{K1},{OPC1},1,40 00 20 40 60\n"
    assert _one("saip", named).algorithm == "milenage"
    assert "form" in _refusal("saip", named.replace("40 00", "4x 00"))


VENDOR = "[header]\nBatch {batch} of {...}\nQuantity {count} key {transport_index} {kcv}\n[line]\n{imsi} {k} {opc}\n[footer]\nEND {count}\n"


def _vendor(**changes: object) -> Options:
    columns = {"*": TransportKey(Secret(bytes(16)), "aes-ecb", 5)}
    return replace(_options("template", template=VENDOR, columns=columns, count=2), **changes)


def test_a_vendor_header_is_compared_and_not_skipped() -> None:
    text = _write("template", _cards(2), _vendor())
    assert text.splitlines()[:2] == ["Batch first of ", "Quantity 2 key 5 66E94B"]
    assert [type(card) for card in _read("template", text, _vendor())] == [Card, Card]
    elsewhere = text.replace("Batch first of ", "Batch 00233 of 141114091800")
    assert [type(card) for card in _read("template", elsewhere, _vendor())] == [Card, Card]
    for wrong, said in (
        (text.replace("Quantity 2", "Quantity 3"), "quantity 3, here it is 2"),
        (text.replace("key 5", "key 6"), "index 6, here it is 5"),
        (text.replace("66E94B", "66E94C"), "66E94C, here it is 66E94B"),
        (text.replace("END 2", "END 1"), "quantity 1"),
    ):
        with pytest.raises(CheckValueError, match=said):
            _read("template", wrong, _vendor())
    # One header line less: without the comparison the first card would be taken for it.
    with pytest.raises(FormatError, match="line 1 is not the header"):
        _read("template", "".join(text.splitlines(keepends=True)[1:]), _vendor())
    with pytest.raises(CheckValueError, match="index 5, here it is 0"):
        _read("template", text, _vendor(columns={}))


@pytest.mark.parametrize(
    "bad",
    ["[line]\n{imsi} {k} {imsi}\n", "[header]\n{k}\n[line]\n{imsi}\n", "[header]\n{count} {count}\n[line]\n{imsi}\n"],
)
def test_templates_that_cannot_be_read_with(bad: str) -> None:
    with pytest.raises(FormatError):
        _read("template", "1 1\n2 2\n", _options("template", template=bad))


def test_kamailio_rows_of_two_networks() -> None:
    cards = _cards(1) + list(
        new_cards(plan(count=1, mcc="310", mnc="410", imsis=imsi_range("310410000000001", 1, "310", "410")), Dice())
    )
    text = _write("kamailio", cards, _options("kamailio"))
    assert "ims.mnc001.mcc001.3gppnetwork.org" in text
    assert "('310410000000001', 'ims.mnc410.mcc310.3gppnetwork.org'" in text


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_format_tells_truly_whether_it_has_codes(name: str) -> None:
    form = find_format(name)
    if name in ("csv", "template"):
        return
    cards = _cards(1)
    cards[0].codes = Codes({"ADM1": "90817263"})
    assert ("90817263" in _write(name, cards, _options(name))) == form.has_codes


def test_a_mac_that_does_not_fit_into_autn() -> None:
    with pytest.raises(FormatError, match="64 bits"):
        to_card(ROW | {"algorithm": "tuak:mac=128", "opc": OPC1 + OPC1}, OPTIONS)
