"""Export and import: streams of cards through a format, whole or not at all.

Export is the one door through which keys leave; it is logged before the first row. Import enters a batch, and any
row that is refused discards the batch.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from olelo.auc.batch import COMMON, Progress, check_batch_name, quiet
from olelo.auc.card import Card
from olelo.auc.cards import Cards, Selection
from olelo.auc.errors import AucError, FormatError, KeyFormatError, NotFound
from olelo.auc.formats.fields import Format, Options, to_card, to_fields
from olelo.auc.keyring import Keyring
from olelo.auc.ledger import CHUNK, BatchInfo, Floor, Ledger, card_row
from olelo.auc.profile import parse_profile
from olelo.auc.seal import RandomSource
from olelo.auc.store import Store

SHOWN_ERRORS = 20
IMPORTED = "imported"  # how OPc came about in a batch from elsewhere: not known here
_MARKS = 10_000  # OPs compared; one that is common shows among the first few


@dataclass(slots=True)
class Summary:
    """What went through: number of cards, ranges, and the digest of the text."""

    count: int = 0
    imsi_first: str = ""
    imsi_last: str = ""
    iccid_first: str = ""
    iccid_last: str = ""
    batches: list[str] = field(default_factory=list)
    sha256: str = ""
    shared_op: bool = False

    def add(self, card: Card) -> None:
        """Count a card."""
        self.count += 1
        self.imsi_first = min(self.imsi_first or card.imsi, card.imsi)
        self.imsi_last = max(self.imsi_last, card.imsi)
        if card.iccid:
            self.iccid_first = min(self.iccid_first or card.iccid, card.iccid)
            self.iccid_last = max(self.iccid_last, card.iccid)
        if card.batch and card.batch not in self.batches:
            self.batches.append(card.batch)


class ImportRefused(AucError):
    """Rows of a file were refused, so nothing of it was taken; `errors` has the first ones as (row, message)."""

    exit_code = 4

    def __init__(self, errors: list[tuple[int, str]], total: int) -> None:
        super().__init__(f"{total} rows were refused, nothing was imported")
        self.errors = errors
        self.total = total


def check_export(form: Format, options: Options, selection_op_known: bool, plaintext: bool) -> None:
    """Refuse an export that cannot work or would leave keys readable without being told to.

    Raises:
        FormatError: the format cannot be written, or needs an OP.
        KeyFormatError: keys or codes would be in clear and `plaintext` is False.
    """
    if form.write is None:
        raise FormatError(f"format {form.name} can only be read")
    if form.needs_op and not selection_op_known:
        raise FormatError(
            f"{form.name} knows OP only, never OPc. Cards whose OP was thrown away cannot be written for it;"
            " for a batch with a common OP give --op FILE"
        )
    if not form.has_keys or plaintext:
        return
    names = ["k", "op" if form.needs_op else "opc"] + (["pin1"] if options.codes and form.has_codes else [])
    clear = [name for name in names if options.transport(name) is None]
    if clear == ["pin1"]:
        raise KeyFormatError("this transport mode does not protect PIN, PUK and ADM: --no-codes, or --plaintext-keys")
    if clear:
        raise KeyFormatError(
            "no transport key: the file would hold keys in clear. --transport-key, or --plaintext-keys"
        )


def export_cards(
    store: Store,
    ring: Keyring,
    selection: Selection,
    form: Format,
    options: Options,
    write: Callable[[bytes], object],
    *,
    now: int,
    who: str,
    target: str,
    random: RandomSource = os.urandom,
    progress: Progress = quiet,
) -> Summary:
    """Write the selected cards through `write`; call `check_export` first.

    Raises:
        NotFound: nothing selected.
        SealError: a record does not open; what was written so far is not a whole file.
    """
    cards = Cards(store)
    total = cards.count(selection)
    if total == 0 or total < len(set(selection.imsis)):
        raise NotFound(f"{total or 'no'} cards for {selection}; nothing was exported")
    if form.write is None:
        raise FormatError(f"format {form.name} can only be read")
    protection = ", ".join(f"{name} {key.mode} KCV {key.kcv}" for name, key in options.columns.items()) or "in clear"
    keys = f"keys {protection}" if form.has_keys else "no keys"
    store.log(now, who, "export", f"{total} cards, {selection}, format {form.name}, {keys}, to {target}")
    summary = Summary()

    def rows() -> Iterator[dict[str, str]]:
        for index, card in enumerate(cards.opened(ring, selection, codes=options.codes), 1):
            summary.add(card)
            yield to_fields(card, index, options, random)
            if index % CHUNK == 0:
                progress(CHUNK)

    digest = hashlib.sha256()
    for text in form.write(rows(), options):
        data = text.encode()
        digest.update(data)
        write(data)
    progress(summary.count % CHUNK)
    summary.sha256 = digest.hexdigest()
    return summary


def import_cards(
    store: Store,
    ring: Keyring,
    lines: Iterable[str],
    form: Format,
    options: Options,
    *,
    now: int,
    who: str,
    random: RandomSource = os.urandom,
    verify: Callable[[Summary], None] | None = None,
    seq_floor: bool = True,
    reuse_msisdns: bool = False,
    source: str = "",
    dry_run: bool = False,
    progress: Progress = quiet,
) -> Summary:
    """Take all cards of a file as the batch `options.batch`, or none.

    Args:
        verify: called with the summary before the batch is completed; it raises to refuse the file.
        dry_run: do everything, then discard.
        reuse_msisdns: let MSISDNs pass that are shared or were given before.

    Raises:
        ImportRefused: rows were refused. OverlapError: numbers are in the ledger. FormatError: unreadable.
    """
    check_batch_name(options.batch)
    if form.read is None:
        raise FormatError(f"format {form.name} cannot be read")
    ledger = Ledger(store)
    profile = parse_profile(options.algorithm).profile
    source = source or f"import {form.name}"
    source = "".join(c if c.isprintable() else "?" for c in source)
    info = BatchInfo(options.batch, profile, options.mcc, options.mnc, IMPORTED, source[:64], now)
    batch_id = ledger.begin(info, [])
    try:
        summary = _take(ledger, batch_id, ring, form.read(lines, options), options, now, random, seq_floor, progress)
        if verify is not None:
            verify(summary)
        if summary.count == 0:
            raise FormatError("no cards in the file")
        ledger.take_cards(batch_id, msisdns=not reuse_msisdns)
        if dry_run:
            ledger.undo(batch_id)
        else:
            ledger.finish(batch_id, now, who, op_mode=COMMON if summary.shared_op else None)
        return summary
    except BaseException as error:
        # Also on an interrupt: a batch that is not whole does not stay.
        ledger.give_up(batch_id, options.batch, error)
        raise


def _take(
    ledger: Ledger,
    batch_id: int,
    ring: Keyring,
    rows: Iterator[tuple[int, dict[str, str] | AucError]],
    options: Options,
    now: int,
    random: RandomSource,
    seq_floor: bool,
    progress: Progress,
) -> Summary:
    summary = Summary()
    errors: list[tuple[int, str]] = []
    total = 0
    profile = parse_profile(options.algorithm).profile
    chunk: list[tuple[int, Card]] = []
    ops = _Ops(random(32), options)

    def refuse(row: int, message: str) -> None:
        nonlocal total
        total += 1
        if len(errors) < SHOWN_ERRORS:
            errors.append((row, message))

    def flush() -> None:
        cards = [card for _, card in chunk]
        taken = ledger.taken(cards)
        seen: set[str] = set()
        for row, card in chunk:
            for number, kind in ((card.imsi, "IMSI"), (card.iccid, "ICCID")):
                if number in taken:
                    refuse(row, f"{taken[number]} or earlier in the file")
                elif number and number in seen:
                    refuse(row, f"{kind} {number} is twice in the file")
                seen.add(number)
        if not total:
            floor = Floor(now if seq_floor else None)
            ledger.add(batch_id, [card_row(card, ring, random, floor, now) for card in cards])
        progress(len(chunk))
        chunk.clear()

    for row, fields in rows:
        try:
            if isinstance(fields, AucError):
                raise fields
            card = to_card(fields, options)
            if card.algorithm != profile:
                # The profile belongs to the batch; a file with several is imported in several batches.
                raise FormatError(f"IMSI {card.imsi}: algorithm {card.algorithm}, but the batch has {profile}")
        except AucError as error:
            refuse(row, str(error))
            continue
        summary.add(card)
        ops.add(fields)
        chunk.append((row, card))
        if len(chunk) == CHUNK // 2:  # two numbers a card in one IN list
            flush()
    flush()
    if total:
        raise ImportRefused(errors, total)
    summary.shared_op = ops.shared
    return summary


class _Ops:
    """Whether cards of a file share an OP, told from marks of the values as they stand there."""

    def __init__(self, salt: bytes, options: Options) -> None:
        self._salt = salt
        self._common = options.op is not None
        self._marks: set[bytes] = set()
        self.shared = False

    def add(self, fields: dict[str, str]) -> None:
        value = fields.get("op", "").strip().lower()
        if not value:
            self.shared = self.shared or (self._common and not fields.get("opc"))
        elif not self.shared and len(self._marks) < _MARKS:
            mark = hashlib.blake2b(value.encode(), key=self._salt, digest_size=8).digest()
            self.shared = mark in self._marks
            self._marks.add(mark)
