"""`olelo sim batch`: make a batch of cards, list batches, clear away one that was not finished."""

import os
from dataclasses import replace
from typing import Annotated

import typer
from rich.table import Table

from olelo.auc.batch import COMMON, PER_CARD, RANDOM_OPC, BatchPlan, dry_run, make_batch
from olelo.auc.card import STATES
from olelo.auc.cards import Cards
from olelo.auc.errors import AucError
from olelo.auc.ledger import Ledger
from olelo.auc.numbering import iccid_range, imsi_range, msisdn_range
from olelo.auc.profile import parse_profile
from olelo.auc.secret import Secret
from olelo.auc.selftest import run
from olelo.auc.sqn import DEFAULT_IND, DEFAULT_IND_LENGTH
from olelo.cli.sim.common import (
    clear_errors,
    clock,
    coloured,
    err,
    hex_argument,
    key_from_file,
    opened,
    operator,
    out,
    place_of,
    progress,
)

NUMBERS, KEYS, COUNTER = "Numbers", "Keys and codes", "Challenges"

batch_app = typer.Typer(
    name="batch", no_args_is_help=True, help="Batches: make new cards, list, discard unfinished ones."
)


@batch_app.command("new")
@clear_errors
def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the batch; letters, digits, dots, dashes.")],
    mcc: Annotated[str, typer.Option(help="Mobile country code, 3 digits.", rich_help_panel=NUMBERS)],
    mnc: Annotated[
        str, typer.Option(help="Mobile network code with its declared length: 01 is not 001.", rich_help_panel=NUMBERS)
    ],
    count: Annotated[int, typer.Option(min=1, help="Number of cards.", rich_help_panel=NUMBERS)],
    imsi_start: Annotated[str, typer.Option(help="First IMSI, 15 digits.", rich_help_panel=NUMBERS)],
    iccid_start: Annotated[
        str, typer.Option(help="First ICCID, with or without its Luhn digit.", rich_help_panel=NUMBERS)
    ],
    iccid_length: Annotated[int, typer.Option(help="Digits of the ICCID, 19 or 20.", rich_help_panel=NUMBERS)] = 19,
    msisdn_start: Annotated[
        str | None, typer.Option(help="First MSISDN; the others follow it.", rich_help_panel=NUMBERS)
    ] = None,
    reuse_msisdn: Annotated[
        bool,
        typer.Option(
            "--reuse-msisdn",
            help="The MSISDNs were given to cards before, and come back to use.",
            rich_help_panel=NUMBERS,
        ),
    ] = False,
    algo: Annotated[
        str,
        typer.Option(
            help="Algorithm: milenage or tuak. An own profile follows after colons, as in milenage:r=64/0/32/64/96"
            " or tuak:iterations=2:res=128.",
            rich_help_panel=KEYS,
        ),
    ] = "milenage",
    op: Annotated[
        str,
        typer.Option(
            help="per-card: a random OP for each card, thrown away after OPc is derived. random-opc: OPc itself is"
            " random. Or a 0600 file with an OP common to the batch (- for a prompt or standard input).",
            rich_help_panel=KEYS,
        ),
    ] = PER_CARD,
    key_bits: Annotated[int, typer.Option(help="Bits of K; 256 with TUAK only.", rich_help_panel=KEYS)] = 128,
    codes: Annotated[
        bool, typer.Option("--codes/--no-codes", help="Make PIN, PUK and ADM codes.", rich_help_panel=KEYS)
    ] = True,
    amf: Annotated[
        str,
        typer.Option(help="Authentication management field, 4 hexadecimal digits.", rich_help_panel=COUNTER),
    ] = "0000",
    ind: Annotated[
        int,
        typer.Option(
            help="IND of this server; other servers for the same cards need another.", rich_help_panel=COUNTER
        ),
    ] = DEFAULT_IND,
    ind_length: Annotated[
        int, typer.Option(help="Bits of IND on the card.", rich_help_panel=COUNTER)
    ] = DEFAULT_IND_LENGTH,
    seq_floor: Annotated[
        bool,
        typer.Option(
            "--seq-floor/--no-seq-floor",
            help="Let SEQ follow the clock, so that a restored backup goes on above the numbers it forgot.",
            rich_help_panel=COUNTER,
        ),
    ] = True,
    state: Annotated[
        str,
        typer.Option(help=f"State of the new cards: {', '.join(STATES)}. Only active ones get vectors."),
    ] = "made",
    dry: Annotated[bool, typer.Option("--dry-run", help="Show the ranges and check the ledger; make nothing.")] = False,
) -> None:
    """Make a batch of new cards, sealed in the database.

    Numbers that any batch has taken are refused. The batch is there whole or not at all.
    """
    algorithm = parse_profile(algo)
    plan = BatchPlan(
        name=name,
        mcc=mcc,
        mnc=mnc,
        imsis=imsi_range(imsi_start, count, mcc, mnc),
        iccids=iccid_range(iccid_start, count, iccid_length),
        msisdns=None if msisdn_start is None else msisdn_range(msisdn_start, count),
        algorithm=algo,
        key_bits=key_bits,
        amf=hex_argument(amf, "AMF", 2),
        ind=ind,
        ind_length=ind_length,
        seq_floor=seq_floor,
        codes=codes,
        state=state,
        reuse_msisdns=reuse_msisdn,
    )
    if op in (PER_CARD, RANDOM_OPC):
        plan = replace(plan, op_mode=op)
    else:
        common: Secret = key_from_file(op, "OP", (algorithm.op_size,))
        plan = replace(plan, op_mode=COMMON, op=common)
        risk = (
            "If it leaks, the OP half of the secret is gone for every card of this batch and of every other batch made"
            " with it: whoever then gets a K can compute that card's OPc. With --op per-card (the default) one card's"
            " keys say nothing about another's."
        )
        err().print(coloured(f"One OP for {count} cards.", "yellow", risk))
    plan.check()
    if wrong := [check.name for check in run(os.urandom) if check.wrong]:
        raise AucError(f"self-test failed: {', '.join(wrong)}; no card was made")
    _show_plan(plan)
    place = place_of(ctx)
    if dry:
        with opened(ctx, dry=True) as store:
            dry_run(store, plan, clock())
        out().print("dry run: nothing was written, the numbers are free")
        return
    with place.sealing() as ring, opened(ctx, create=True) as store, progress("making cards", count) as advance:
        made = make_batch(store, ring, plan, now=clock(), who=operator(), progress=advance)
    out().print(f"batch {name}: {made} cards, sealed")


def _show_plan(plan: BatchPlan) -> None:
    table = Table(show_header=False, box=None)
    table.add_row("batch", plan.name)
    table.add_row("cards", str(plan.count))
    for item in plan.ranges:
        table.add_row(item.kind.upper(), f"{item.first} to {item.last}")
    table.add_row("algorithm", f"{parse_profile(plan.algorithm).profile}, K of {plan.key_bits} bits, OP {plan.op_mode}")
    table.add_row("AMF, IND", f"{plan.amf.hex()}, {plan.ind} in {plan.ind_length} bits")
    out().print(table)


@batch_app.command("list")
@clear_errors
def list_batches(ctx: typer.Context) -> None:
    """List the batches with their numbers and how many cards are in which state."""
    with opened(ctx) as store:
        ledger = Ledger(store)
        states = Cards(store).states()
        table = Table("batch", "cards", "algorithm", "OP", "source", "states", "ranges", box=None)
        for info in ledger.batches():
            counted = [f"{number} {state}" for (name, state), number in states.items() if name == info.name]
            found = ledger.ranges(info.name)
            ranges = [f"{item.kind.upper()} {item.first}-{item.last}" for item in found[:4]]
            more = [f"and {len(found) - 4} more"] if len(found) > 4 else []
            status = ", ".join(counted) if info.status == "ready" else "not finished"
            table.add_row(
                info.name, str(info.count), info.algorithm, info.op_mode, info.source, status, "\n".join(ranges + more)
            )
        out().print(table)


@batch_app.command("discard")
@clear_errors
def discard(ctx: typer.Context, name: Annotated[str, typer.Argument(help="A batch that was not finished.")]) -> None:
    """Clear away a batch whose making was killed; a finished batch is never deleted."""
    with opened(ctx) as store:
        removed = Ledger(store).discard(name)
        store.log(clock(), operator(), "discard", f"unfinished, {removed} cards", batch=name)
    out().print(f"batch {name} discarded, {removed} cards removed; its numbers are free")
