"""`olelo sim opc|vector|resync|kcv|check|self-test`: small tools."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from olelo.auc.cards import Cards, Selection, open_card
from olelo.auc.centre import AuthenticationCentre
from olelo.auc.diagnosis import Exchange, diagnose
from olelo.auc.digest import parse_authorization
from olelo.auc.errors import AutsMacFailure, FormatError
from olelo.auc.keyfile import create_key_file
from olelo.auc.keyring import Keyring
from olelo.auc.profile import parse_profile
from olelo.auc.seal import CardKeys
from olelo.auc.secret import Secret
from olelo.auc.selftest import run
from olelo.auc.sqn import DEFAULT_IND, DEFAULT_IND_LENGTH, Counter, check_ind, join, split
from olelo.auc.transport import aes_kcv, check_value, require_check_value
from olelo.auc.vector import Vector, check_auts, generate, parse_auts, triplet
from olelo.cli.sim.common import (
    TOOLS,
    ask_key,
    clear_errors,
    clock,
    coloured,
    err,
    hex_argument,
    key_from_file,
    opened,
    out,
    place_of,
    progress,
    sim_app,
)

KOption = Annotated[str | None, typer.Option("--k", help="0600 file with K, or - for standard input; else a prompt.")]
OpcOption = Annotated[str | None, typer.Option("--opc", help="0600 file with OPc, or -; else a prompt.")]
OpOption = Annotated[str | None, typer.Option("--op", help="0600 file with OP, or -, instead of OPc.")]
AlgoOption = Annotated[str, typer.Option("--algo", help="Algorithm profile: milenage or tuak, with options.")]


def _card_keys(algo: str, k: str | None, opc: str | None, op: str | None) -> CardKeys:
    algorithm = parse_profile(algo)
    key = ask_key(k, "K", algorithm.key_sizes)
    if op is not None:
        return CardKeys(key, algorithm.opc(key, ask_key(op, "OP", (algorithm.op_size,))))
    return CardKeys(key, ask_key(opc, "OPc", (algorithm.op_size,)))


def _no_keys(*sources: str | None) -> bool:
    return all(source is None for source in sources)


@sim_app.command("opc", rich_help_panel=TOOLS)
@clear_errors
def opc(
    file: Annotated[Path, typer.Argument(help="Where to write OPc; mode 0600, never overwritten.")],
    k: KOption = None,
    op: Annotated[str | None, typer.Option("--op", help="0600 file with OP, or -; else a prompt.")] = None,
    algo: AlgoOption = "milenage",
) -> None:
    """Derive OPc from K and OP, into a file. On the screen only check values."""
    algorithm = parse_profile(algo)
    key = ask_key(k, "K", algorithm.key_sizes)
    derived = algorithm.opc(key, ask_key(op, "OP", (algorithm.op_size,)))
    create_key_file(file, f"{derived.reveal().hex()}\n")
    out().print(f"OPc in {file}, key check value {aes_kcv(derived)}; K has {aes_kcv(key)}")


@sim_app.command("vector", rich_help_panel=TOOLS)
@clear_errors
def vector(
    ctx: typer.Context,
    imsi: Annotated[
        str | None, typer.Option(help="A card of the database; a sequence number of it is used up.")
    ] = None,
    k: KOption = None,
    opc: OpcOption = None,
    op: OpOption = None,
    algo: AlgoOption = "milenage",
    sqn: Annotated[str | None, typer.Option(help="SQN, 12 hexadecimal digits; without a database.")] = None,
    amf: Annotated[str | None, typer.Option(help="AMF, 4 hexadecimal digits.")] = None,
    rand: Annotated[
        str | None, typer.Option(help="RAND, 32 hexadecimal digits; else random. Without a database.")
    ] = None,
    session_keys: Annotated[bool, typer.Option("--session-keys", help="Show CK and IK too.")] = False,
    gsm: Annotated[bool, typer.Option("--gsm", help="A GSM triplet instead.")] = False,
) -> None:
    """Make one authentication vector, for a card of the database or for keys that you give."""
    if imsi is not None:
        if sqn is not None or rand is not None or gsm or not _no_keys(k, opc, op):
            raise FormatError(
                "--sqn, --rand, --gsm and keys are for a card that you describe, not for one of the database"
            )
        with opened(ctx) as store:
            centre = AuthenticationCentre(store, place_of(ctx).ring())
            made = centre.challenge(imsi, clock(), amf=None if amf is None else hex_argument(amf, "AMF", 2))
        _show_vector(made, session_keys)
        return
    keys = _card_keys(algo, k, opc, op)
    functions = parse_profile(algo).bind(keys.k, keys.opc)
    challenge = os.urandom(16) if rand is None else hex_argument(rand, "RAND", 16)
    if gsm:
        simple = triplet(functions, challenge)
        kc = f" Kc {simple.kc.hex()}" if session_keys else ""
        out().print(f"RAND {simple.rand.hex()} SRES {simple.sres.hex()}{kc}")
        return
    number = join(1, DEFAULT_IND) if sqn is None else int.from_bytes(hex_argument(sqn, "SQN", 6), "big")
    field = b"\0\0" if amf is None else hex_argument(amf, "AMF", 2)
    _show_vector(generate(functions, challenge, number, field), session_keys)


def _show_vector(made: Vector, session_keys: bool) -> None:
    table = Table(show_header=False, box=None)
    table.add_row("RAND", made.rand.hex())
    table.add_row("AUTN", made.autn.hex())
    table.add_row("XRES", made.xres.hex())
    if session_keys:
        table.add_row("CK", made.ck.hex())
        table.add_row("IK", made.ik.hex())
    table.add_row("SQN", f"{made.sqn:012x}")
    out().print(table)


@sim_app.command("resync", rich_help_panel=TOOLS)
@clear_errors
def resync(
    ctx: typer.Context,
    rand: Annotated[str, typer.Argument(help="RAND of the challenge, 32 hexadecimal digits.")],
    auts: Annotated[str, typer.Argument(help="AUTS of the card, base64 or 28 hexadecimal digits.")],
    imsi: Annotated[str | None, typer.Option(help="A card of the database.")] = None,
    k: KOption = None,
    opc: OpcOption = None,
    op: OpOption = None,
    algo: AlgoOption = "milenage",
    ind_length: Annotated[int, typer.Option(help="Bits of IND, for keys that you give.")] = DEFAULT_IND_LENGTH,
) -> None:
    """Open an AUTS: is its MAC-S right, and where is the card's sequence number?

    Nothing is changed: the database follows an AUTS only for a challenge that the server itself has sent.
    """
    challenge, answer = hex_argument(rand, "RAND", 16), parse_auts(auts)
    counter: Counter | None = None
    if imsi is not None:
        if not _no_keys(k, opc, op):
            raise FormatError("give --imsi or keys, not both")
        with opened(ctx) as store:
            subscriber = store.subscriber(imsi)
            keys = open_card(place_of(ctx).ring(), subscriber, codes=False).keys
        algo, counter = subscriber.algorithm, subscriber.counter
        ind_length = counter.ind_length
    else:
        check_ind(0, ind_length)
        keys = _card_keys(algo, k, opc, op)
    sqn_ms = check_auts(parse_profile(algo).bind(keys.k, keys.opc), challenge, answer)
    if sqn_ms is None:
        raise AutsMacFailure("MAC-S is wrong: another card, other keys, another RAND, or an AMF* other than 0000")
    seq, ind = split(sqn_ms, ind_length)
    out().print(f"MAC-S is right; SQN_MS {sqn_ms:012x}: SEQ {seq}, IND {ind}")
    if counter is not None:
        out().print(f"the database's next SQN is {counter.next_sqn(clock()):012x}")


@sim_app.command("kcv", rich_help_panel=TOOLS)
@clear_errors
def kcv(
    key: Annotated[str | None, typer.Option("--key", help="0600 file, or - for standard input; else a prompt.")] = None,
    kind: Annotated[
        str, typer.Option(help="aes: zero block encrypted. 3des: the same. cmac: AES-CMAC, for keys of AES-GCM.")
    ] = "aes",
    expect: Annotated[str | None, typer.Option(help="Compare with this value.")] = None,
) -> None:
    """Show the key check value of a key: 6 digits that both sides of an exchange compare."""
    check_value(Secret(bytes(16)), kind)  # before the key is asked for
    found = check_value(ask_key(key, "key", (16, 24, 32)), kind)
    if expect is not None:
        require_check_value(found, expect)
    out().print(found)


def _neighbours(
    cards: Cards, ring: Keyring, batch: Selection, imsi: str, advance: Callable[[int], None]
) -> Iterator[tuple[str, CardKeys]]:
    for other in cards.opened(ring, batch, codes=False):
        advance(1)
        if other.imsi != imsi:
            yield other.imsi, other.keys


@sim_app.command("check", rich_help_panel=TOOLS)
@clear_errors
def check(
    ctx: typer.Context,
    imsi: Annotated[
        str | None, typer.Argument(help="A card of the database (IMSI or IMPI); without it, keys are asked for.")
    ] = None,
    authorization: Annotated[
        str | None,
        typer.Option(
            help="Authorization header of the phone's answer, as a SIP trace shows it; tells RAND, AUTN, AUTS and, by"
            " its digest, RES. In single quotes."
        ),
    ] = None,
    method: Annotated[str, typer.Option(help="Method of the request with that header.")] = "REGISTER",
    rand: Annotated[str, typer.Option(help="RAND, 32 hexadecimal digits.")] = "",
    autn: Annotated[str, typer.Option(help="AUTN, 32 hexadecimal digits.")] = "",
    res: Annotated[str | None, typer.Option(help="RES of the card, hexadecimal.")] = None,
    auts: Annotated[str | None, typer.Option(help="AUTS of the card, base64 or hexadecimal.")] = None,
    k: KOption = None,
    opc: OpcOption = None,
    op: Annotated[str | None, typer.Option("--op", help="0600 file with an OP that may be behind the card.")] = None,
    algo: AlgoOption = "milenage",
    amf: Annotated[str, typer.Option(help="AMF the card should have, for keys that you give.")] = "0000",
    neighbours: Annotated[
        bool, typer.Option("--neighbours", help="Try the keys of the other cards of the batch: swapped rows.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, one finding a line.")] = False,
) -> None:
    """Tell from one captured exchange which is wrong: K, an OP used as OPc, AMF, or SQN.

    Ends with code 10 if something is wrong.
    """
    if authorization is not None:
        if rand or autn or res is not None or auts is not None:
            raise FormatError("--authorization tells RAND, AUTN, RES and AUTS; give it or them, not both")
        answer = parse_authorization(authorization, method)
        exchange = Exchange(answer.rand, answer.autn, auts=answer.auts, digest=answer)
    else:
        exchange = Exchange(
            rand=hex_argument(rand, "RAND", 16),
            autn=hex_argument(autn, "AUTN"),
            res=None if res is None else hex_argument(res, "RES"),
            auts=None if auts is None else parse_auts(auts),
        )
    if imsi is not None and not _no_keys(k, opc):
        raise FormatError("give a card of the database or keys, not both")
    known = None
    if op is not None:
        known = key_from_file(op, "OP", (16, 32))
    if imsi is None:
        keys = _card_keys(algo, k, opc, None)
        found = diagnose(parse_profile(algo), keys, hex_argument(amf, "AMF", 2), exchange, op=known)
    else:
        with opened(ctx) as store:
            ring = place_of(ctx).ring()
            card = store.subscriber(imsi)
            cards, batch = Cards(store), Selection(batch=card.batch)
            with progress("trying neighbours", cards.count(batch) if neighbours else None) as advance:
                found = diagnose(
                    parse_profile(card.algorithm),
                    open_card(ring, card, codes=False).keys,
                    card.amf,
                    exchange,
                    counter=card.counter,
                    op=known,
                    neighbours=_neighbours(cards, ring, batch, card.imsi, advance) if neighbours else (),
                    now=clock(),
                )
    for finding in found:
        if as_json:
            typer.echo(json.dumps({"code": finding.code, "wrong": finding.wrong, "text": finding.text}))
        else:
            word, colour = ("wrong", "red") if finding.wrong else ("right", "green")
            out().print(coloured(word, colour, finding.text))
    if any(finding.wrong for finding in found):
        raise typer.Exit(10)


@sim_app.command("self-test", rich_help_panel=TOOLS)
@clear_errors
def self_test() -> None:
    """Compute all published 3GPP test sets, seal and open a record, and take a card through a resynchronisation."""
    failed = 0
    for item in run(os.urandom):
        failed += bool(item.wrong)
        word, colour = (f"wrong: {item.wrong}", "red") if item.wrong else ("right", "green")
        out().print(Text.assemble(f"{item.name}: ", (word, colour)))
    if failed:
        err().print(f"{failed} checks failed; do not make cards on this machine")
        raise typer.Exit(10)
