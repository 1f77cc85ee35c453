"""`olelo sim list|show|state|swap|audit`: the cards in the database."""

import json
import os
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table
from sqlalchemy import and_, or_, select

from olelo.auc import schema
from olelo.auc.audit import audit as run_audit
from olelo.auc.batch import PER_CARD, RANDOM_OPC, new_codes, new_keys
from olelo.auc.cards import Cards, Selection, open_card
from olelo.auc.errors import FormatError, NotFound
from olelo.auc.numbering import check_iccid, impu
from olelo.auc.profile import parse_profile
from olelo.auc.seal import CardKeys, Codes
from olelo.auc.store import Store, Subscriber
from olelo.cli.sim.common import (
    CARDS,
    ask_key,
    clear_errors,
    clock,
    err,
    key_from_file,
    opened,
    operator,
    out,
    place_of,
    progress,
    sim_app,
)

BatchOption = Annotated[str | None, typer.Option("--batch", help="Only this batch.")]
StateOption = Annotated[str | None, typer.Option("--state", help="Only cards in this state.")]
_LINE = "{:15}  {:20}  {:15}  {:9}  {:>13}  {}"
_SHOWN = 20  # issues of one kind
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for programs, one object a line.")]


@sim_app.command("list", rich_help_panel=CARDS)
@clear_errors
def list_cards(
    ctx: typer.Context,
    batch: BatchOption = None,
    state: StateOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List cards. Keys are never shown."""
    selection = Selection(batch=batch, state=state)
    with opened(ctx) as store:
        cards = Cards(store)
        total = cards.count(selection)
        # Lines and not a table: a million cards are listed as they are read, and memory does not grow.
        console = out()
        if not as_json:
            console.print(_LINE.format("IMSI", "ICCID", "MSISDN", "state", "SEQ", "batch"), soft_wrap=True)
        for subscriber in cards.browse(selection, limit=limit):
            if as_json:
                typer.echo(json.dumps(_facts(subscriber)))
                continue
            seq = subscriber.counter.sqn >> subscriber.counter.ind_length
            console.print(
                _LINE.format(
                    *(subscriber.imsi, subscriber.iccid, subscriber.msisdn or "", subscriber.state),
                    *(seq, subscriber.batch),
                ),
                soft_wrap=True,
            )
    if not as_json and total > limit:
        err().print(f"{limit} of {total} cards; --limit shows more")


@sim_app.command("show", rich_help_panel=CARDS)
@clear_errors
def show(
    ctx: typer.Context,
    imsi: Annotated[str, typer.Argument(help="IMSI, IMPI or ICCID.")],
    as_json: JsonOption = False,
) -> None:
    """Show one card and what happened to it. Keys are never shown."""
    with opened(ctx) as store:
        subscriber = _find(store, imsi)
        facts = _facts(subscriber)
        if as_json:
            typer.echo(json.dumps(facts))
            return
        table = Table(show_header=False, box=None)
        for name, value in facts.items():
            table.add_row(name, "" if value is None else str(value))
        out().print(table)
        e = schema.events.c
        of_batch = and_(e.imsi.is_(None), e.batch == subscriber.batch)
        about = select(schema.events).where(or_(e.imsi == subscriber.imsi, of_batch)).order_by(e.id)
        with store.engine.connect() as connection:
            rows = connection.execute(about).all()
        for row in rows:
            whole = "" if row.imsi or row.action == "batch" else " of the batch"
            out().print(f"{_when(row.at)}  {row.action}{whole} by {row.who}: {row.detail}", soft_wrap=True)


@sim_app.command("state", rich_help_panel=CARDS)
@clear_errors
def set_state(
    ctx: typer.Context,
    state: Annotated[str, typer.Argument(help="made, shipped, active, suspended, lost or retired.")],
    imsi: Annotated[list[str] | None, typer.Argument(help="Cards; or choose by --batch and --from.")] = None,
    batch: BatchOption = None,
    before: Annotated[str | None, typer.Option("--from", help="Only cards that are now in this state.")] = None,
) -> None:
    """Move cards through their life: all that are chosen, or none.

    made -> shipped -> active <-> suspended; any of them -> lost -> active; any -> retired, which is the end.
    """
    if not imsi and batch is None and before is None:
        raise FormatError("which cards? Give IMSIs, --batch or --from")
    with opened(ctx) as store:
        selection = Selection(batch=batch, state=before, imsis=tuple(imsi or ()))
        moved = Cards(store).set_state(selection, state, now=clock(), who=operator())
    out().print(f"{moved} cards are now {state}")


@sim_app.command("swap", rich_help_panel=CARDS)
@clear_errors
def swap(
    ctx: typer.Context,
    imsi: Annotated[str, typer.Argument(help="The subscriber's IMSI.")],
    iccid: Annotated[str, typer.Option(help="ICCID of the new card, with its Luhn digit.")],
    op: Annotated[
        str,
        typer.Option(
            help="New keys: per-card, random-opc, a 0600 file with a common OP (- for a prompt); or given: ask for K"
            " and OPc, of a card that was made elsewhere (then without codes)."
        ),
    ] = PER_CARD,
    state: Annotated[str, typer.Option(help="State of the new card.")] = "made",
) -> None:
    """Give a subscriber a new card: new ICCID and keys, same IMSI and MSISDN. The old card's keys are overwritten."""
    iccid = check_iccid(iccid)
    with place_of(ctx).sealing() as ring, opened(ctx) as store:
        old = store.subscriber(imsi)
        algorithm = parse_profile(old.algorithm)
        if op == "given":
            keys = CardKeys(ask_key(None, "K", algorithm.key_sizes), ask_key(None, "OPc", (algorithm.op_size,)))
            codes = Codes()  # the card has its own, which we do not know
        else:
            codes = new_codes(os.urandom)
            mode = op if op in (PER_CARD, RANDOM_OPC) else "common"
            common = key_from_file(op, "OP", (algorithm.op_size,)) if mode == "common" else None
            bits = len(open_card(ring, old, codes=False).keys.k) * 8
            keys = new_keys(algorithm, bits, mode, common, os.urandom)
        Cards(store).swap(
            old.imsi,
            iccid,
            keys,
            codes,
            ring,
            state=state,
            now=clock(),
            who=operator(),
            random=os.urandom,
        )
    out().print(f"IMSI {old.imsi}: card {old.iccid or 'unknown'} replaced by {iccid}, {state}")


@sim_app.command("audit", rich_help_panel=CARDS)
@clear_errors
def audit(
    ctx: typer.Context,
    batch: BatchOption = None,
    op: Annotated[
        list[str] | None, typer.Option(help="0600 file with an OP to look for behind the cards' OPc; repeatable.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look for repeated, weak and public keys, shared OP, wrong Luhn digits, records that do not open.

    Ends with code 10 if anything was found.
    """
    ops = [key_from_file(path, "OP", (16, 32)) for path in op or []]
    found: dict[str, int] = {}
    selection = Selection(batch=batch)
    with opened(ctx) as store:
        total = Cards(store).count(selection)
        with progress("reading cards", total) as advance:
            for issue in run_audit(store, place_of(ctx).ring(), selection, ops=ops, progress=advance):
                found[issue.code] = found.get(issue.code, 0) + 1
                if as_json:
                    typer.echo(json.dumps({"code": issue.code, "imsi": issue.imsi, "text": issue.text}))
                elif found[issue.code] <= _SHOWN:
                    whose = f"IMSI {issue.imsi}: " if issue.imsi else ""
                    out().print(f"{issue.code}: {whose}{issue.text}", soft_wrap=True)
                elif found[issue.code] == _SHOWN + 1:
                    out().print(f"{issue.code}: and more; --json shows all")
    if total == 0:
        raise NotFound(f"no card for {selection}")
    summary = ", ".join(f"{number} {code}" for code, number in found.items()) or "nothing found"
    err().print(f"{total} cards: {summary}")
    if found:
        raise typer.Exit(10)


@sim_app.command("log", rich_help_panel=CARDS)
@clear_errors
def log(ctx: typer.Context, limit: Annotated[int, typer.Option(min=1, help="The last so many.")] = 50) -> None:
    """Show what was done to batches and cards, and by whom: exports above all."""
    with opened(ctx) as store, store.engine.connect() as connection:
        e = schema.events.c
        rows = connection.execute(select(schema.events).order_by(e.id.desc()).limit(limit)).all()
    for row in reversed(rows):
        place = " ".join(part for part in (row.batch, row.imsi) if part)
        out().print(f"{_when(row.at)}  {row.who}  {row.action}  {place}  {row.detail}", soft_wrap=True)


def _find(store: Store, identity: str) -> Subscriber:
    digits = identity.isdigit() and len(identity) in (19, 20)
    return store.subscriber_by_iccid(identity) if digits else store.subscriber(identity)


def _when(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _facts(subscriber: Subscriber) -> dict[str, Any]:
    counter = subscriber.counter
    return {
        "imsi": subscriber.imsi,
        "iccid": subscriber.iccid,
        "msisdn": subscriber.msisdn,
        "batch": subscriber.batch,
        "state": subscriber.state,
        "impi": subscriber.impi,
        "impu": impu(subscriber.imsi, subscriber.mcc, subscriber.mnc),
        "algorithm": subscriber.algorithm,
        "op": subscriber.op_mode,
        "amf": subscriber.amf.hex(),
        "seq": counter.sqn >> counter.ind_length,
        "ind": counter.ind,
        "ind_length": counter.ind_length,
        "seq_follows_clock": counter.floor_at is not None,
        "sealed_under": subscriber.kek_id,
        "changed": _when(subscriber.changed),
    }
