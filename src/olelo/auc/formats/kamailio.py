"""Rows for Kamailio's tables `subscriber`, `dbaliases` and `uri`, so that the same configuration routes calls.

No keys: a card registers by AKA against the authentication centre, and its row has no password.
"""

from collections.abc import Iterable, Iterator

from olelo.auc.errors import FormatError
from olelo.auc.formats.fields import Fields, Format, Options
from olelo.auc.numbering import home_domain


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _write(rows: Iterable[Fields], options: Options) -> Iterator[str]:
    if options.domain and not options.domain.replace("-", "").replace(".", "").isalnum():
        raise FormatError(f"domain {options.domain!r} is not a host name")
    yield "BEGIN;\n"
    for row in rows:
        # Cards of several networks may be in one file.
        place = _quoted(options.domain or home_domain(row["mcc"], row["mnc"]))
        imsi = _quoted(row["imsi"])
        yield (
            f"INSERT INTO subscriber (username, domain, password, ha1, ha1b) VALUES ({imsi}, {place}, '', '', '');\n"
        )
        yield f"INSERT INTO uri (username, domain, uri_user) VALUES ({imsi}, {place}, {imsi});\n"
        if row["msisdn"]:
            number = _quoted(row["msisdn"])
            yield (
                "INSERT INTO dbaliases (alias_username, alias_domain, username, domain) "
                f"VALUES ({number}, {place}, {imsi}, {place});\n"
            )
            yield f"INSERT INTO uri (username, domain, uri_user) VALUES ({imsi}, {place}, {number});\n"
    yield "COMMIT;\n"


KAMAILIO = Format(
    "kamailio",
    "SQL rows for Kamailio's subscriber, dbaliases and uri tables",
    None,
    _write,
    has_keys=False,
    has_codes=False,
)
