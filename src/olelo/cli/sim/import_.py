"""`olelo sim import`: a file of cards becomes a batch, all of it or nothing."""

import hashlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from olelo.auc.card import STATES
from olelo.auc.errors import CheckValueError, FormatError
from olelo.auc.exchange import Summary, import_cards
from olelo.auc.files import digesting, lines_of
from olelo.auc.formats import find_format
from olelo.auc.formats.fields import Options
from olelo.auc.keyfile import read_text_file
from olelo.auc.manifest import Manifest, verify
from olelo.auc.numbering import check_plmn
from olelo.auc.profile import parse_profile
from olelo.auc.sqn import DEFAULT_IND, DEFAULT_IND_LENGTH, check_ind
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
from olelo.cli.sim.transfer import (
    SHAPE,
    TRUST,
    ColumnOption,
    DelimiterOption,
    FormatArgument,
    IndexOption,
    KcvOption,
    MapOption,
    ModeOption,
    TemplateOption,
    TransportOption,
    column_delimiter,
    column_mapping,
    template_text,
    transport_columns,
)

DEFAULTS = "What a row does not tell"


@sim_app.command("import", rich_help_panel=FILES)
@clear_errors
def import_(
    ctx: typer.Context,
    form_name: FormatArgument,
    file: Annotated[str, typer.Argument(help="File to read; - for standard input (after gpg -d, for example).")],
    batch: Annotated[str, typer.Option(help="Name of the new batch.")],
    mcc: Annotated[str, typer.Option(help="Mobile country code, 3 digits.")],
    mnc: Annotated[str, typer.Option(help="Mobile network code with its declared length: 01 is not 001.")],
    algo: Annotated[str, typer.Option(help="Algorithm profile.", rich_help_panel=DEFAULTS)] = "milenage",
    amf: Annotated[str, typer.Option(help="AMF, 4 hexadecimal digits.", rich_help_panel=DEFAULTS)] = "0000",
    ind: Annotated[int, typer.Option(help="IND of this server.", rich_help_panel=DEFAULTS)] = DEFAULT_IND,
    ind_length: Annotated[
        int, typer.Option(help="Bits of IND on the card.", rich_help_panel=DEFAULTS)
    ] = DEFAULT_IND_LENGTH,
    state: Annotated[str, typer.Option(help=f"{', '.join(STATES)}.", rich_help_panel=DEFAULTS)] = "made",
    op: Annotated[
        str | None,
        typer.Option("--op", help="0600 file, or -: OP of rows without OPc and OP.", rich_help_panel=DEFAULTS),
    ] = None,
    transport_key: TransportOption = None,
    transport_mode: ModeOption = "aes-gcm",
    transport_index: IndexOption = 0,
    column_key: ColumnOption = None,
    kcv: KcvOption = None,
    manifest: Annotated[
        Path | None, typer.Option(help="Manifest of the file; needs --trust.", rich_help_panel=TRUST)
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(help="File with the public key of who signs manifests.", rich_help_panel=TRUST),
    ] = None,
    mapping: MapOption = None,
    delimiter: DelimiterOption = ",",
    template: TemplateOption = None,
    luhn: Annotated[
        bool, typer.Option("--luhn/--no-luhn", help="Refuse ICCIDs with a wrong Luhn digit.", rich_help_panel=SHAPE)
    ] = True,
    reuse_msisdn: Annotated[
        bool, typer.Option("--reuse-msisdn", help="Let MSISDNs pass that are shared, or were given before.")
    ] = False,
    seq_floor: Annotated[
        bool,
        typer.Option(
            "--seq-floor/--no-seq-floor",
            help="Let SEQ follow the clock, so that a restored backup goes on above the numbers it forgot.",
        ),
    ] = True,
    dry: Annotated[bool, typer.Option("--dry-run", help="Check everything, keep nothing.")] = False,
) -> None:
    """Read cards from a file as a new batch: all of them, or none.

    Every row is checked (numbers, Luhn digit, key lengths, repeats, the ledger); the report names rows, never keys.
    """
    check_plmn(mcc, mnc)
    check_ind(ind, ind_length)
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
        columns=transport_columns(transport_key, transport_mode, transport_index, column_key, kcv),
        op=None if op is None else key_from_file(op, "OP", (16, 32)),
        mapping=column_mapping(mapping),
        delimiter=column_delimiter(delimiter),
        template=template_text(template),
        luhn=luhn,
    )
    if state not in STATES:
        raise FormatError(f"unknown state {state!r}: {', '.join(STATES)}")
    expected = _trusted(manifest, trust, form_name)
    digest = hashlib.sha256()

    def compare(summary: Summary) -> None:
        if expected is not None:
            _compare(expected, summary, digest.hexdigest(), options)

    source = sys.stdin.buffer if file == "-" else open(file, "rb")
    with (
        source,
        place_of(ctx).sealing() as ring,
        opened(ctx, create=True, dry=dry) as store,
        progress("importing", None) as advance,
    ):
        summary = import_cards(
            store, ring, digesting(lines_of(source), digest), form, options,
            now=clock(), who=operator(), verify=compare, seq_floor=seq_floor, reuse_msisdns=reuse_msisdn,
            dry_run=dry, progress=advance, source=f"import {form.name} {Path(file).name}",
        )  # fmt: skip
    if options.ignored:
        err().print(coloured("Not kept:", "yellow", f"columns {', '.join(sorted(options.ignored))}"))
    if summary.shared_op:
        text = "If it leaks, every K of them is enough to be its card; olelo sim audit goes on saying so."
        err().print(coloured("These cards share an OP.", "yellow", text))
    numbers = f"IMSI {summary.imsi_first} to {summary.imsi_last}"
    verdict = "dry run, nothing was kept" if dry else f"batch {batch}"
    out().print(f"{summary.count} cards, {numbers}: {verdict}")


def _trusted(path: Path | None, trust: Path | None, form: str) -> Manifest | None:
    if path is None:
        if trust is not None:
            raise FormatError("--trust is for --manifest, which is not given")
        return None
    if trust is None:
        raise FormatError("--manifest needs --trust, the file with the signer's public key")
    manifest = verify(read_text_file(path, "manifest"), read_text_file(trust, "public key"))
    if manifest.format != form:
        raise CheckValueError(f"the manifest is of a file in the format {manifest.format}, not {form}")
    return manifest


def _compare(expected: Manifest, summary: Summary, sha256: str, options: Options) -> None:
    if sha256 != expected.sha256:
        raise CheckValueError("the file is not the one of the manifest: its SHA-256 differs")
    if summary.count != expected.count:
        raise CheckValueError(f"the file has {summary.count} cards, the manifest says {expected.count}")
    for name, facts in expected.transport.items():
        key = options.columns.get(name)
        if key is not None:
            key.require_kcv(str(facts["kcv"]))
