"""Export and import: whole files or nothing, logged, and only with protection or on demand in clear."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from auc.kit import FIRST_IMSI, NOW, RING, Dice, open_store, stocked
from olelo.auc import schema
from olelo.auc.cards import ALL, Cards, Selection
from olelo.auc.errors import AucError, CheckValueError, FormatError, KeyFormatError, NotFound, OverlapError, SealError
from olelo.auc.exchange import ImportRefused, Summary, check_export, export_cards, import_cards
from olelo.auc.files import digesting, private_file
from olelo.auc.formats import find_format
from olelo.auc.formats.fields import Options
from olelo.auc.ledger import Ledger
from olelo.auc.secret import Secret
from olelo.auc.store import Store
from olelo.auc.transport import TransportKey

OLELO = find_format("olelo")
TRANSPORT = {"*": TransportKey(Secret(bytes(range(16))))}
OPTIONS = Options(mcc="001", mnc="01", batch="copy", columns=TRANSPORT)


def _export(store: Store, options: Options = OPTIONS, name: str = "olelo") -> tuple[bytes, Summary]:
    data = bytearray()
    summary = export_cards(
        store, RING, ALL, find_format(name), options, data.extend, now=NOW, who="test", target="x", random=Dice("t")
    )
    return bytes(data), summary


def _import(store: Store, data: bytes, options: Options = OPTIONS, **more: object) -> Summary:
    lines: Iterable[str] = digesting(data.splitlines(keepends=True), hashlib.sha256())
    return import_cards(store, RING, lines, OLELO, options, now=NOW, who="test", random=Dice("i"), **more)  # type: ignore[arg-type]


def _events(store: Store) -> list[str]:
    with store.engine.connect() as connection:
        return [f"{row.action}: {row.detail}" for row in connection.execute(select(schema.events))]


def test_from_one_database_to_another(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    source = stocked(tmp_path / "a", count=30)
    source.reserve_sqn(FIRST_IMSI, NOW)
    data, summary = _export(source)
    assert (summary.count, summary.imsi_first, summary.batches) == (30, FIRST_IMSI, ["first"])
    assert summary.sha256 == hashlib.sha256(data).hexdigest()
    target = open_store(tmp_path / "b")
    assert _import(target, data).count == 30
    for old, new in zip(Cards(source).opened(RING), Cards(target).opened(RING), strict=True):
        assert (new.imsi, new.iccid, new.keys, new.sqn, new.state) == (
            old.imsi,
            old.iccid,
            old.keys,
            old.sqn,
            old.state,
        )
        assert dict(new.codes) == dict(old.codes)
        assert new.batch == "copy"
    assert target.reserve_sqn(FIRST_IMSI, NOW)[0] > source.subscriber(FIRST_IMSI).counter.sqn


def test_an_export_of_a_card_that_is_not_there_writes_nothing(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    selection = Selection(imsis=(FIRST_IMSI, "001019999999999"))
    with pytest.raises(NotFound, match="1 cards for IMSI"):
        export_cards(store, RING, selection, OLELO, OPTIONS, print, now=NOW, who="t", target="x")
    assert len(_events(store)) == 1


def test_an_export_is_logged_before_its_first_row(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    seen: list[int] = []
    options = replace(OPTIONS, columns={})
    export_cards(
        store, RING, ALL, OLELO, options, lambda _data: seen.append(len(_events(store))), now=NOW, who="t", target="x"
    )
    assert seen[0] == 2
    assert _events(store)[-1] == "export: 5 cards, all cards, format olelo, keys in clear, to x"


def test_keys_in_clear_only_on_demand() -> None:
    for options in (replace(OPTIONS, columns={}), replace(OPTIONS, columns={"k": TRANSPORT["*"]})):
        with pytest.raises(KeyFormatError, match="plaintext"):
            check_export(OLELO, options, False, False)
        check_export(OLELO, options, False, True)
    blocks = replace(OPTIONS, columns={"*": TransportKey(Secret(bytes(16)), "aes-ecb")})
    with pytest.raises(KeyFormatError, match="PIN"):
        check_export(OLELO, blocks, False, False)
    check_export(OLELO, replace(blocks, codes=False), False, False)
    check_export(find_format("udr"), blocks, False, False)  # it has no place for codes
    check_export(find_format("kamailio"), replace(OPTIONS, columns={}), False, False)


def test_a_target_that_knows_op_only() -> None:
    with pytest.raises(FormatError, match="thrown away"):
        check_export(find_format("sipp"), OPTIONS, False, True)
    check_export(find_format("sipp"), OPTIONS, True, True)


def test_nothing_selected_or_not_writable(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    with pytest.raises(NotFound):
        export_cards(store, RING, Selection(state="lost"), OLELO, OPTIONS, print, now=NOW, who="t", target="x")
    assert len(_events(store)) == 1
    with pytest.raises(FormatError, match="cannot be read"):
        import_cards(store, RING, [], find_format("kamailio"), OPTIONS, now=NOW, who="t")


def test_a_damaged_record_leaves_no_file(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE auc SET sealed_keys = x'00112233' WHERE imsi = '001010000000004'"))
    target = tmp_path / "out.csv"
    with pytest.raises(SealError, match="001010000000004"), private_file(target) as file:
        export_cards(store, RING, ALL, OLELO, OPTIONS, file.write, now=NOW, who="t", target="x")
    assert not [path.name for path in tmp_path.iterdir() if "out.csv" in path.name]


def _rows(tmp_path: Path, count: int = 6) -> list[bytes]:
    (tmp_path / "source").mkdir()
    data, _ = _export(stocked(tmp_path / "source", count=count), replace(OPTIONS, columns={}))
    return data.splitlines(keepends=True)


def _refused(store: Store, data: bytes, error: type[AucError] = ImportRefused, **more: object) -> AucError:
    before = len(Ledger(store).batches()), Cards(store).key_ids(), len(_events(store))
    with pytest.raises(error) as caught:
        _import(store, data, replace(OPTIONS, columns={}), **more)
    assert (len(Ledger(store).batches()), Cards(store).key_ids(), len(_events(store))) == before
    return caught.value


def test_one_bad_row_refuses_the_file_and_all_bad_rows_are_told(tmp_path: Path) -> None:
    rows = _rows(tmp_path)
    store = open_store(tmp_path)
    cells = rows[2].split(b",")
    key = cells[4].decode()
    rows[2] = b",".join([*cells[:4], cells[4][:-2], *cells[5:]])
    rows[5] = rows[5].replace(b"001010000000005", b"002010000000005")
    error = _refused(store, b"".join(rows))
    assert isinstance(error, ImportRefused)
    assert [row for row, _ in error.errors] == [3, 6]
    assert error.total == 2
    assert key[:8] not in str(error.errors)


def test_repeats_in_the_file_in_one_chunk_and_across(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _rows(tmp_path)
    store = open_store(tmp_path)
    error = _refused(store, b"".join([*rows, rows[1]]))
    assert "twice in the file" in str(error.errors)
    monkeypatch.setattr("olelo.auc.exchange.CHUNK", 4)
    error = _refused(store, b"".join([*rows, rows[1]]))
    assert "earlier in the file" in str(error.errors)
    assert _import(store, b"".join(rows), replace(OPTIONS, columns={})).count == 6


def test_cards_that_are_in_the_database_or_in_the_ledger(tmp_path: Path) -> None:
    rows = _rows(tmp_path)
    store = stocked(tmp_path, count=3)
    error = _refused(store, b"".join(rows))
    assert error.total == 6  # three IMSIs and three ICCIDs
    # A number of the ledger whose card is gone stays taken.
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM auc"))
    assert "batch 'first'" in str(_refused(store, b"".join(rows), OverlapError))


def test_imported_numbers_are_in_the_ledger_as_runs(tmp_path: Path) -> None:
    rows = _rows(tmp_path)
    store = open_store(tmp_path)
    _import(store, b"".join([rows[0], *rows[1:4], rows[6]]), replace(OPTIONS, columns={}))
    ranges = [(item.kind, item.first[-4:], item.last[-4:]) for item in Ledger(store).ranges("copy")]
    assert ranges == [
        ("iccid", *(row.split(b",")[1].decode()[-4:] for row in (rows[1], rows[3]))),
        ("iccid", *[rows[6].split(b",")[1].decode()[-4:]] * 2),
        ("imsi", "0001", "0003"),
        ("imsi", "0006", "0006"),
    ]
    with pytest.raises(OverlapError):
        _import(store, b"".join([rows[0], rows[6]]), replace(OPTIONS, columns={}))
    options = replace(OPTIONS, columns={}, batch="rest")
    assert _import(store, b"".join([rows[0], *rows[4:6]]), options).count == 2


def test_a_dry_run_and_a_refusing_manifest_keep_nothing(tmp_path: Path) -> None:
    rows = _rows(tmp_path)
    store = open_store(tmp_path)
    assert _import(store, b"".join(rows), replace(OPTIONS, columns={}), dry_run=True).count == 6
    assert Ledger(store).batches() == []

    def refuse(_summary: Summary) -> None:
        raise CheckValueError("no")

    _refused(store, b"".join(rows), CheckValueError, verify=refuse)


def test_an_empty_file_other_algorithms_and_bytes_that_are_no_text(tmp_path: Path) -> None:
    rows = _rows(tmp_path)
    store = open_store(tmp_path)
    _refused(store, rows[0], FormatError)
    _refused(store, b"\xff\xfe\n", FormatError)
    error = _refused(store, b"".join(rows).replace(b"milenage", b"milenage:r=64/0/33/64/96", 1))
    assert "the batch has milenage" in str(error.errors)


def test_a_file_under_another_transport_key(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    data, _ = _export(stocked(tmp_path / "source"))
    store = open_store(tmp_path)
    other = replace(OPTIONS, columns={"*": TransportKey(Secret(bytes(16)))})
    with pytest.raises(ImportRefused) as caught:
        _import(store, data, other)
    assert caught.value.total == 5
    flipped = bytearray(data)
    position = data.index(b"milenage,") + 40
    flipped[position] = ord("0") if flipped[position] != ord("0") else ord("1")
    with pytest.raises(ImportRefused) as caught:
        _import(store, bytes(flipped))
    assert caught.value.total == 1
    assert Cards(store).key_ids() == {}


def test_cards_without_iccid(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    data = b"imsi,k,opc\n" + b"".join(
        b"00101000000000%d,%032x,%032x\n" % (n, 0xABCDEF0123 << n, 0x1234567890 << n) for n in range(1, 4)
    )
    assert _import(store, data, replace(OPTIONS, columns={}, state="active")).count == 3
    assert [(card.iccid, card.keys.k.reveal()[-1] % 2) for card in Cards(store).opened(RING)] == [("", 0)] * 3
    assert [item.kind for item in Ledger(store).ranges("copy")] == ["imsi"]


def test_cards_that_share_an_op_are_a_batch_with_a_common_op(tmp_path: Path) -> None:
    def modes(text: str, op: Secret | None = None) -> str:
        store = open_store(tmp_path)
        options = replace(OPTIONS, columns={}, op=op, batch=f"b{len(Ledger(store).batches())}")
        _import(store, text.encode(), options)
        return Ledger(store).batches()[-1].op_mode

    own = [Dice(str(n))(16).hex() for n in range(9)]
    head = "imsi,k,opc,op\n"
    assert modes(f"{head}001010000000001,{own[0]},,{own[8]}\n001010000000002,{own[1]},,{own[7]}\n") == "imported"
    assert modes(f"{head}001010000000003,{own[2]},,{own[8]}\n001010000000004,{own[3]},,{own[8].upper()}\n") == "common"
    assert modes(f"{head}001010000000005,{own[4]},{own[5]},\n") == "imported"
    given = Secret(bytes.fromhex(own[6]))
    assert modes(f"{head}001010000000006,{own[5]},,\n", given) == "common"


def test_msisdns_of_an_import_are_in_the_ledger_unless_they_are_reused(tmp_path: Path) -> None:
    rows = "imsi,msisdn,k,opc\n"
    keys = [f"{Dice(str(n))(16).hex()},{Dice(str(-n - 1))(16).hex()}" for n in range(9)]
    store = open_store(tmp_path)
    options = replace(OPTIONS, columns={})
    first = rows + "".join(f"00101000000000{n},68570000{n},{keys[n]}\n" for n in range(1, 4))
    _import(store, first.encode(), replace(options, batch="one"))
    assert ("msisdn", "685700001", "685700003") in [(r.kind, r.first, r.last) for r in Ledger(store).ranges("one")]
    again = (rows + f"001010000000005,685700002,{keys[5]}\n001010000000006,685700002,{keys[6]}\n").encode()
    error = _refused(store, again, OverlapError)
    assert "MSISDN 685700002" in str(error)
    assert _import(store, again, replace(options, batch="two"), reuse_msisdns=True).count == 2
    assert [card.imsi for card in store.subscribers_by_msisdn("+685700002")] == [
        f"00101000000000{n}" for n in (2, 5, 6)
    ]


def test_a_name_of_a_file_does_not_write_its_own_lines_into_the_log(tmp_path: Path) -> None:
    store = stocked(tmp_path)
    target = "x\n2026-11-23 nobody did nothing\x1b[2K\udcff"
    export_cards(
        store, RING, ALL, OLELO, OPTIONS, lambda _data: None, now=NOW, who="t\r", target=target, random=Dice("t")
    )
    assert _events(store)[-1].endswith("to x?2026-11-23 nobody did nothing?[2K?")
