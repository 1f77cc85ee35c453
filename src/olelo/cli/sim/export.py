"""`olelo sim export`: the one door through which keys leave."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from olelo.auc.cards import Cards, Selection
from olelo.auc.errors import FormatError, KeyFormatError, NotFound
from olelo.auc.exchange import Summary, check_export, export_cards
from olelo.auc.files import private_file, refuse_existing
from olelo.auc.formats import find_format
from olelo.auc.formats.fields import Format, Options
from olelo.auc.manifest import Manifest, sign
from olelo.auc.secret import Secret
from olelo.cli.sim.cards import BatchOption, StateOption
from olelo.cli.sim.common import (
    FILES,
    clear_errors,
    clock,
    coloured,
    err,
    key_from_file,
    opened,
    operator,
    place_of,
    progress,
    sim_app,
)
from olelo.cli.sim.transfer import (
    PROTECTION,
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
        bool,
        typer.Option(
            "--plaintext-keys",
            help="Write keys in clear: whoever reads the file has the cards.",
            rich_help_panel=PROTECTION,
        ),
    ] = False,
    codes: Annotated[bool, typer.Option("--codes/--no-codes", help="PIN, PUK, ADM and OTA codes.")] = True,
    signing_key: Annotated[
        str | None,
        typer.Option(
            envvar="OLELO_SIM_SIGNING_KEY",
            help="0600 file of the key that signs the manifest.",
            rich_help_panel=TRUST,
        ),
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="File of the manifest; else FILE.manifest.json.", rich_help_panel=TRUST)
    ] = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="No manifest.", rich_help_panel=TRUST)] = False,
    op: Annotated[
        str | None,
        typer.Option(
            "--op", help="0600 file, or -: the batch's common OP, for sipp and pycrate.", rich_help_panel=SHAPE
        ),
    ] = None,
    mapping: MapOption = None,
    delimiter: DelimiterOption = ",",
    template: TemplateOption = None,
    domain: Annotated[
        str, typer.Option(help="For kamailio and sipp: domain instead of the 3GPP one.", rich_help_panel=SHAPE)
    ] = "",
    apn: Annotated[str, typer.Option(help="For open5gs: the session's name.", rich_help_panel=SHAPE)] = "internet",
) -> None:
    """Write cards with their keys to a file, with a signed manifest beside it. Every export is logged.

    The file appears when it is whole. To encrypt for a card maker's PGP key, write to standard output and pipe it
    into gpg.
    """
    form = find_format(form_name)
    selection = Selection(batch=batch, state=state, imsis=tuple(imsi or ()))
    signer, manifest = _signer(signing_key, unsigned, file, manifest)
    if file == "-":
        _refuse_terminal(form)
    else:
        refuse_existing(Path(file))
    common = None if op is None else key_from_file(op, "OP", (16, 32))
    columns = transport_columns(transport_key, transport_mode, transport_index, column_key, kcv)
    with opened(ctx) as store:
        cards = Cards(store)
        first, total = next(cards.browse(selection, limit=1), None), cards.count(selection)
        if first is None:
            raise NotFound(f"no card for {selection}")
        options = Options(
            mcc=first.mcc,
            mnc=first.mnc,
            batch=first.batch,
            columns=columns,
            op=common,
            mapping=column_mapping(mapping),
            delimiter=column_delimiter(delimiter),
            domain=domain,
            apn=apn,
            template=template_text(template),
            codes=codes,
            count=total,
        )
        check_export(form, options, common is not None, plaintext_keys)
        ring, now, who = place_of(ctx).ring(), clock(), operator()
        with progress("exporting", total) as advance:
            if file == "-":
                summary = export_cards(
                    store, ring, selection, form, options, sys.stdout.buffer.write,
                    now=now, who=who, target="standard output", progress=advance,
                )  # fmt: skip
                sys.stdout.buffer.flush()
                _sign(signer, manifest, summary, form_name, options, plaintext_keys, who, now)
            else:
                with private_file(Path(file)) as target:
                    summary = export_cards(
                        store, ring, selection, form, options, target.write,
                        now=now, who=who, target=file, progress=advance,
                    )  # fmt: skip
                    # Before the file gets its name: an export is never there without its manifest.
                    _sign(signer, manifest, summary, form_name, options, plaintext_keys, who, now)
    if signer is not None:
        err().print(f"manifest in {manifest}")
    where = "standard output" if file == "-" else file
    err().print(f"{summary.count} cards to {where}, SHA-256 {summary.sha256}")
    if columns and not form.decrypts:
        note = f"{form.name} takes keys as they stand, so this file is for another Olelo, which decrypts it on import."
        err().print(coloured("The keys are encrypted.", "yellow", note))
    if form.has_keys and plaintext_keys:
        err().print(
            coloured("The keys are in clear.", "yellow", "Whoever reads this has these cards; delete it once loaded.")
        )


def _signer(
    signing_key: str | None, unsigned: bool, file: str, manifest: Path | None
) -> tuple[Secret | None, Path | None]:
    """The signing key and where its manifest goes; both None for an unsigned export."""
    if unsigned:
        if manifest is not None:
            raise FormatError("--unsigned makes no manifest, and --manifest names one")
        return None, None
    if signing_key is None:
        raise KeyFormatError("no --signing-key for the manifest (olelo sim key new signing FILE); or --unsigned")
    if manifest is None:
        if file == "-":
            raise FormatError("an export to standard output needs --manifest FILE, or --unsigned")
        manifest = Path(f"{file}.manifest.json")
    refuse_existing(manifest)
    return key_from_file(signing_key, "signing key", (32,)), manifest


def _refuse_terminal(form: Format) -> None:
    if form.has_keys and sys.stdout.isatty():
        raise FormatError("standard output is a terminal; keys are not shown, not even encrypted: use a pipe or a file")


def _sign(
    signer: Secret | None,
    path: Path | None,
    summary: Summary,
    form: str,
    options: Options,
    plaintext: bool,
    who: str,
    now: int,
) -> None:
    if signer is None or path is None:
        return
    transport: dict[str, dict[str, str | int]] = {
        name: {"mode": key.mode, "kcv": key.kcv, "index": key.index} for name, key in options.columns.items()
    }
    manifest = Manifest(
        file=path.name.removesuffix(".manifest.json"),
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
        when=datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    with private_file(path) as target:
        target.write(sign(manifest, signer).encode())
