"""`olelo sim import|export|formats`: card data to and from card makers, cores and test tools."""

import hashlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from olelo.auc.cards import Cards, Selection
from olelo.auc.errors import CheckValueError, FormatError, KeyFormatError, NotFound
from olelo.auc.exchange import Summary, check_export, digesting, export_cards, import_cards, private_file
from olelo.auc.formats import FORMATS, find_format
from olelo.auc.formats.csvfiles import known_field
from olelo.auc.formats.fields import Options
from olelo.auc.manifest import Manifest, sign, verify
from olelo.auc.numbering import check_plmn
from olelo.auc.profile import parse_profile
from olelo.auc.sqn import DEFAULT_IND, DEFAULT_IND_LENGTH
from olelo.auc.transport import MODES, TransportKey
from olelo.cli.sim.cards import BatchOption, StateOption
from olelo.cli.sim.common import (
    FILES,
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
    sim_app,
)

FormatArgument = Annotated[str, typer.Argument(metavar="FORMAT", help="See `olelo sim formats`.")]
TransportOption = Annotated[
    str | None, typer.Option("--transport-key", help="0600 file: key for K, OPc and OP (aes-gcm: the codes too).")
]
ModeOption = Annotated[str, typer.Option("--transport-mode", help=f"{', '.join(MODES)}.")]
IndexOption = Annotated[int, typer.Option("--transport-index", help="Number both sides call the transport key by.")]
ColumnOption = Annotated[
    list[str] | None, typer.Option("--column-key", help="FIELD=FILE: another key for one field; repeatable.")
]
KcvOption = Annotated[
    str | None, typer.Option("--kcv", help="Check value of the transport key as the other side has it.")
]
MapOption = Annotated[
    str | None, typer.Option("--map", help="For format csv: FIELD=COLUMN,... such as imsi=IMSI,k=eKi,opc=eOPc.")
]
TemplateOption = Annotated[Path | None, typer.Option("--template", help="For format template: the template file.")]


@sim_app.command("formats", rich_help_panel=FILES)
def formats() -> None:
    """List the file formats that `import` and `export` know."""
    table = Table("format", "read", "write", "what", box=None)
    for item in FORMATS.values():
        table.add_row(item.name, "yes" if item.read else "", "yes" if item.write else "", item.doc)
    out().print(table)


def _columns(
    key: str | None, mode: str, index: int, columns: list[str] | None, kcv: str | None
) -> dict[str, TransportKey]:
    found: dict[str, TransportKey] = {}
    if key is not None:
        found["*"] = TransportKey(key_from_file(key, "transport key", (16, 24, 32)), mode, index)
    for column in columns or []:
        name, equals, path = column.partition("=")
        if not equals or not known_field(name.lower()):
            raise FormatError("--column-key takes FIELD=FILE with a field such as k, opc or adm1")
        found[name.lower()] = TransportKey(key_from_file(path, f"key of {name}", (16, 24, 32)), mode, index)
    if kcv is not None:
        if "*" not in found:
            raise FormatError("--kcv is the check value of --transport-key, which is not given")
        found["*"].require_kcv(kcv)
    return found


def _mapping(text: str | None) -> dict[str, str]:
    found = {}
    for item in text.split(",") if text else []:
        name, equals, column = item.partition("=")
        if not equals or not known_field(name.strip().lower()):
            raise FormatError(f"--map: {name.strip()!r} is not FIELD=COLUMN with a known field")
        found[name.strip().lower()] = column.strip()
    return found


@sim_app.command("export", rich_help_panel=FILES)
@clear_errors
def export(
    ctx: typer.Context,
    form_name: FormatArgument,
    file: Annotated[str, typer.Argument(help="File to write, mode 0600, never overwritten; - for standard output.")],
    batch: BatchOption = None,
    state: StateOption = None,
    imsi: Annotated[list[str] | None, typer.Option("--imsi", help="Only this card; repeatable.")] = None,
    transport_key: TransportOption = None,
    transport_mode: ModeOption = "aes-gcm",
    transport_index: IndexOption = 0,
    column_key: ColumnOption = None,
    kcv: KcvOption = None,
    plaintext_keys: Annotated[
        bool, typer.Option("--plaintext-keys", help="Write keys in clear: whoever reads the file has the cards.")
    ] = False,
    codes: Annotated[bool, typer.Option("--codes/--no-codes", help="PIN, PUK, ADM and OTA codes.")] = True,
    signing_key: Annotated[
        str | None,
        typer.Option(envvar="OLELO_SIM_SIGNING_KEY", help="0600 file of the key that signs the manifest."),
    ] = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="No manifest.")] = False,
    op: Annotated[
        str | None, typer.Option("--op", help="0600 file: the batch's common OP, for sipp and pycrate.")
    ] = None,
    mapping: MapOption = None,
    template: TemplateOption = None,
    domain: Annotated[str, typer.Option(help="For kamailio and sipp: domain instead of the 3GPP one.")] = "",
    apn: Annotated[str, typer.Option(help="For open5gs: the session's name.")] = "internet",
) -> None:
    """Write cards with their keys to a file, with a signed manifest beside it. Every export is logged.

    To encrypt for a card maker's PGP key, write to standard output and pipe it into gpg.
    """
    form = find_format(form_name)
    selection = Selection(batch=batch, state=state, imsis=tuple(imsi or ()))
    common = None if op is None else key_from_file(op, "OP", (16, 32))
    columns = _columns(transport_key, transport_mode, transport_index, column_key, kcv)
    if signing_key is None and not unsigned:
        raise KeyFormatError("no --signing-key for the manifest (olelo sim key new signing FILE); or --unsigned")
    signer = None if signing_key is None or unsigned else key_from_file(signing_key, "signing key", (32,))
    with opened(ctx) as store:
        first = next(Cards(store).browse(selection, limit=1), None)
        if first is None:
            raise NotFound(f"no card for {selection}")
        options = Options(
            mcc=first.mcc,
            mnc=first.mnc,
            batch=first.batch,
            columns=columns,
            op=common,
            mapping=_mapping(mapping),
            domain=domain,
            apn=apn,
            template="" if template is None else template.read_text("utf-8"),
            codes=codes,
        )
        check_export(form, options, common is not None, plaintext_keys)
        ring, now, who = place_of(ctx).ring(), clock(), operator()
        total = Cards(store).count(selection)
        with progress("exporting", total) as advance:
            if file == "-":
                summary = export_cards(
                    store, ring, selection, form, options, sys.stdout.buffer.write,
                    now=now, who=who, target="standard output", progress=advance,
                )  # fmt: skip
                sys.stdout.buffer.flush()
            else:
                with private_file(Path(file)) as target:
                    summary = export_cards(
                        store, ring, selection, form, options, target.write,
                        now=now, who=who, target=file, progress=advance,
                    )  # fmt: skip
    where = "standard output" if file == "-" else file
    if signer is not None:
        path = Path("olelo-export.manifest.json" if file == "-" else f"{file}.manifest.json")
        manifest = _manifest(summary, form_name, Path(where).name, options, plaintext_keys, who, now)
        with private_file(path) as target:
            target.write(sign(manifest, signer).encode())
        err().print(f"manifest in {path}")
    err().print(f"{summary.count} cards to {where}, SHA-256 {summary.sha256}")
    if form.has_keys and plaintext_keys:
        err().print(
            coloured("The keys are in clear.", "yellow", "Whoever reads this has these cards; delete it once loaded.")
        )


def _manifest(
    summary: Summary, form: str, file: str, options: Options, plaintext: bool, who: str, now: int
) -> Manifest:
    transport: dict[str, dict[str, str | int]] = {
        name: {"mode": key.mode, "kcv": key.kcv, "index": key.index} for name, key in options.columns.items()
    }
    when = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Manifest(
        file=file,
        format=form,
        batches=summary.batches,
        count=summary.count,
        imsi_first=summary.imsi_first,
        imsi_last=summary.imsi_last,
        iccid_first=summary.iccid_first,
        iccid_last=summary.iccid_last,
        sha256=summary.sha256,
        transport=transport,
        plaintext_keys=plaintext,
        who=who,
        when=when,
    )


@sim_app.command("import", rich_help_panel=FILES)
@clear_errors
def import_(
    ctx: typer.Context,
    form_name: FormatArgument,
    file: Annotated[str, typer.Argument(help="File to read; - for standard input (after gpg -d, for example).")],
    batch: Annotated[str, typer.Option(help="Name of the new batch.")],
    mcc: Annotated[str, typer.Option(help="Mobile country code, 3 digits.")],
    mnc: Annotated[str, typer.Option(help="Mobile network code with its declared length.")],
    algo: Annotated[str, typer.Option(help="Algorithm profile of cards whose row does not tell.")] = "milenage",
    amf: Annotated[str, typer.Option(help="AMF of cards whose row does not tell.")] = "0000",
    ind: Annotated[int, typer.Option(help="IND of this server.")] = DEFAULT_IND,
    ind_length: Annotated[int, typer.Option(help="Bits of IND on the card.")] = DEFAULT_IND_LENGTH,
    state: Annotated[str, typer.Option(help="State of cards whose row does not tell.")] = "made",
    transport_key: TransportOption = None,
    transport_mode: ModeOption = "aes-gcm",
    transport_index: IndexOption = 0,
    column_key: ColumnOption = None,
    kcv: KcvOption = None,
    op: Annotated[str | None, typer.Option("--op", help="0600 file: OP of rows that have neither OP nor OPc.")] = None,
    manifest: Annotated[Path | None, typer.Option(help="Manifest of the file; needs --trust.")] = None,
    trust: Annotated[Path | None, typer.Option(help="File with the public key of who signs manifests.")] = None,
    mapping: MapOption = None,
    template: TemplateOption = None,
    luhn: Annotated[bool, typer.Option("--luhn/--no-luhn", help="Refuse ICCIDs with a wrong Luhn digit.")] = True,
    seq_floor: Annotated[bool, typer.Option("--seq-floor/--no-seq-floor", help="Let SEQ follow the clock.")] = True,
    dry: Annotated[bool, typer.Option("--dry-run", help="Check everything, keep nothing.")] = False,
) -> None:
    """Read cards from a file as a new batch: all of them, or none.

    Every row is checked (numbers, Luhn digit, key lengths, repeats, the ledger); the report names rows, never keys.
    """
    check_plmn(mcc, mnc)
    form = find_format(form_name)
    options = Options(
        mcc=mcc,
        mnc=mnc,
        algorithm=parse_profile(algo).profile,
        amf=hex_argument(amf, "AMF", 2),
        ind=ind,
        ind_length=ind_length,
        state=state,
        batch=batch,
        columns=_columns(transport_key, transport_mode, transport_index, column_key, kcv),
        op=None if op is None else key_from_file(op, "OP", (16, 32)),
        mapping=_mapping(mapping),
        template="" if template is None else template.read_text("utf-8"),
        luhn=luhn,
    )
    expected = _trusted(manifest, trust)
    digest = hashlib.sha256()

    def compare(summary: Summary) -> None:
        if expected is not None:
            _compare(expected, summary, digest.hexdigest(), options)

    ring = place_of(ctx).ring()
    source = sys.stdin.buffer if file == "-" else open(file, "rb")
    with source, opened(ctx, create=True) as store, progress("importing", None) as advance:
        summary = import_cards(
            store, ring, digesting(source, digest), form, options,
            now=clock(), who=operator(), verify=compare, seq_floor=seq_floor, dry_run=dry, progress=advance,
            source=f"import {form.name} {Path(file).name}",
        )  # fmt: skip
    numbers = f"IMSI {summary.imsi_first} to {summary.imsi_last}"
    verdict = "dry run, nothing was kept" if dry else f"batch {batch}"
    out().print(f"{summary.count} cards, {numbers}: {verdict}")


def _trusted(manifest: Path | None, trust: Path | None) -> Manifest | None:
    if manifest is None:
        return None
    if trust is None:
        raise FormatError("--manifest needs --trust, the file with the signer's public key")
    return verify(manifest.read_text("utf-8"), trust.read_text("ascii"))


def _compare(expected: Manifest, summary: Summary, sha256: str, options: Options) -> None:
    if sha256 != expected.sha256:
        raise CheckValueError("the file is not the one of the manifest: its SHA-256 differs")
    if summary.count != expected.count:
        raise CheckValueError(f"the file has {summary.count} cards, the manifest says {expected.count}")
    for name, facts in expected.transport.items():
        key = options.columns.get(name)
        if key is not None:
            key.require_kcv(str(facts["kcv"]))
