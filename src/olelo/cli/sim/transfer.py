"""What `olelo sim export` and `olelo sim import` share: options for formats, transport keys and columns."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from olelo.auc.errors import FormatError
from olelo.auc.formats import FORMATS
from olelo.auc.formats.csvfiles import known_field
from olelo.auc.formats.fields import CARD_CODES, is_code
from olelo.auc.keyfile import read_text_file
from olelo.auc.transport import MODES, TransportKey
from olelo.cli.sim.common import FILES, clear_errors, key_from_file, out, sim_app

SHAPE, PROTECTION, TRUST = "Shape of the file", "Transport keys", "Manifest"
_SIZES = (16, 24, 32)
# pySim's names for the three columns of one key set.
_GROUPS = {
    **{f"uicc_{scp}": [f"uicc_{scp}_{name}1" for name in ("kic", "kid", "kik")] for scp in ("scp02", "scp03")},
    **{
        f"scp03_{domain}": [f"scp03_{name}_{domain}" for name in ("enc", "mac", "dek")]
        for domain in ("isdr", "isda", "ecasd")
    },
}

FormatArgument = Annotated[str, typer.Argument(metavar="FORMAT", help="See `olelo sim formats`.")]
TransportOption = Annotated[
    str | None,
    typer.Option(
        "--transport-key",
        help="0600 file, or - : key for K, OPc and OP (aes-gcm: the codes too).",
        rich_help_panel=PROTECTION,
    ),
]
ModeOption = Annotated[str, typer.Option("--transport-mode", help=f"{', '.join(MODES)}.", rich_help_panel=PROTECTION)]
IndexOption = Annotated[
    int,
    typer.Option("--transport-index", help="Number both sides call the transport key by.", rich_help_panel=PROTECTION),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column-key",
        help="FIELD=FILE: another key for one field, or for a group such as SCP03_ISDR; repeatable.",
        rich_help_panel=PROTECTION,
    ),
]
KcvOption = Annotated[
    str | None,
    typer.Option(help="Check value of the transport key as the other side has it.", rich_help_panel=PROTECTION),
]
MapOption = Annotated[
    str | None,
    typer.Option("--map", help="For csv: FIELD=COLUMN,... such as imsi=IMSI,k=eKi,opc=eOPc.", rich_help_panel=SHAPE),
]
DelimiterOption = Annotated[
    str, typer.Option(help="For csv: what separates columns; `tab` for a tabulator.", rich_help_panel=SHAPE)
]
TemplateOption = Annotated[Path | None, typer.Option(help="For template: the template file.", rich_help_panel=SHAPE)]


def transport_columns(
    key: str | None, mode: str, index: int, columns: list[str] | None, kcv: str | None
) -> dict[str, TransportKey]:
    """The transport keys of the options, by field.

    Raises:
        FormatError, KeyFormatError, CheckValueError: a field, mode or key that does not fit, or another check value.
    """
    found: dict[str, TransportKey] = {}
    if key is not None:
        found["*"] = TransportKey(key_from_file(key, "transport key", _SIZES), mode, index)
    for column in columns or []:
        name, equals, path = column.partition("=")
        names: Sequence[str] = _GROUPS.get(name.lower(), [name.lower()])
        if not equals or not all(field in ("k", "opc", "op") or is_code(field) for field in names):
            raise FormatError("--column-key takes FIELD=FILE with a field such as k, opc or adm1")
        for field in names:
            found[field] = TransportKey(key_from_file(path, f"key of {name}", _SIZES), mode, index)
    if kcv is not None:
        if "*" not in found:
            raise FormatError("--kcv is the check value of --transport-key, which is not given")
        found["*"].require_kcv(kcv)
    return found


def column_mapping(text: str | None) -> dict[str, str]:
    """Field to column of `--map`."""
    found: dict[str, str] = {}
    for item in text.split(",") if text else []:
        name, equals, column = (part.strip() for part in item.partition("="))
        if not equals or not column or not known_field(name.lower()):
            raise FormatError(f"--map: {name!r} is not FIELD=COLUMN with a known field (olelo sim formats lists them)")
        if name.lower() in found:
            raise FormatError(f"--map: {name!r} is there twice")
        found[name.lower()] = column
    return found


def column_delimiter(text: str) -> str:
    """One character for `--delimiter`."""
    found = "\t" if text.lower() in ("tab", "\\t") else text
    if len(found) != 1 or found.isalnum() or found in '"\r\n':
        raise FormatError("--delimiter takes one character that is neither letter, digit nor quotation mark, or tab")
    return found


def template_text(path: Path | None) -> str:
    """Text of the template file, empty if none is given."""
    return "" if path is None else read_text_file(path, "template")


@sim_app.command("formats", rich_help_panel=FILES)
@clear_errors
def formats() -> None:
    """List the file formats that `import` and `export` know, and the fields of csv and template."""
    table = Table("format", "read", "write", "what", box=None)
    for item in FORMATS.values():
        table.add_row(item.name, "yes" if item.read else "", "yes" if item.write else "", item.doc)
    out().print(table)
    out().print(
        "\nFields for --map and templates: imsi iccid msisdn k opc op amf sqn ind ind_length algorithm state"
        f" {' '.join(CARD_CODES)}, OTA keys (kic1 scp03_enc_1 uicc_scp02_kic1 ...), and for writing mcc mnc acc impi"
        " impu name index batch."
        "\n\nA template is a text file:\n\n"
        "    [header]\n    Batch: {batch}  Quantity: {count}  Key: {transport_index} {kcv}\n"
        "    [line]\n    {iccid} {imsi} {k} {opc} {pin1}\n    [footer]\n    End of file\n\n"
        "{...} in header or footer stands for anything. When a file is read, a quantity, key index or check value that"
        " it\ndeclares is compared with what is there.",
        soft_wrap=True,
    )
