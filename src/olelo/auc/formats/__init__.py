"""File formats of card data: one file per family, all between text and named fields.

A reader turns lines into dicts of text under the names of `fields.py`, a writer does the reverse; keys in columns,
transport encryption and checks are the same for all and live in `fields.py`.
"""

from olelo.auc.errors import FormatError
from olelo.auc.formats import csvfiles, jsonfiles, kamailio, osmohlr, sipp, template
from olelo.auc.formats.fields import Format

FORMATS: dict[str, Format] = {
    item.name: item
    for item in (
        csvfiles.OLELO,
        csvfiles.PYSIM_PROG,
        csvfiles.CARD_DATA,
        csvfiles.SAIP,
        csvfiles.SRSEPC,
        csvfiles.PYCRATE,
        csvfiles.MAPPED,
        jsonfiles.PYHSS,
        jsonfiles.OPEN5GS,
        jsonfiles.UDR,
        osmohlr.OSMOHLR,
        sipp.SIPP,
        template.TEMPLATE,
        kamailio.KAMAILIO,
    )
}


def find_format(name: str) -> Format:
    """The format of a name; FormatError listing all names if there is none."""
    found = FORMATS.get(name)
    if found is None:
        raise FormatError(f"unknown format {name!r}: {', '.join(FORMATS)}")
    return found
