"""auth_db: digest authentication against passwords in a database (Kamailio's table `subscriber`)."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import cast

from olelo.core.avps import avp_key
from olelo.core.context import RouteContext
from olelo.core.database import Database, DatabaseError, Key, Row, Scalar, check_url
from olelo.core.engine import ERR, WARN
from olelo.core.module import ANY, REQUEST, Module, ModuleError, function, param
from olelo.modules.auth import Auth
from olelo.modules.auth.codes import ERROR, OK, USER_UNKNOWN
from olelo.modules.auth.credentials import Found
from olelo.modules.auth.functions import CHECK_ID
from olelo.sip.errors import SipError
from olelo.sip.uri import parse_uri

#: Version of the table subscriber.
TABLE_VERSION = 7
_USE_DOMAIN, _SKIP_CREDENTIALS = 1, 2
_WITH_TABLE = (
    "www_authenticate",
    "www_authorize",
    "proxy_authenticate",
    "proxy_authorize",
    "auth_check",
    "is_subscriber",
)
_NO_SUBSCRIBER = -2
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_TARGET = re.compile(r"\$avp\(\s*([^()]+?)\s*\)|\$\(avp\(\s*([^()]+?)\s*\)\)|\$avp\(([^()]+)\)")


def _column(text: str) -> None:
    if not _COLUMN.fullmatch(text):
        raise ValueError(f"takes the name of a column, not {text!r}")


def credentials_of(text: str) -> list[tuple[str, str]]:
    """load_credentials as (column, key of the AVP). Raises ValueError."""
    found = []
    for part in text.split(";"):
        if not part.strip():
            continue
        target, equals, column = part.rpartition("=")
        column = column.strip()
        _column(column)
        key = column
        if equals:
            match = _TARGET.fullmatch(target.strip())
            if match is None:
                raise ValueError(f"takes $avp(name)=column, or column; not {part.strip()!r}")
            key = avp_key(next(group for group in match.groups() if group))
        found.append((column, key))
    return found


class AuthDb(Module):
    """Digest authentication against passwords in a database."""

    name = "auth_db"
    needs = ("auth",)

    db_url = param(
        "mysql://kamailioro:kamailioro@localhost/kamailio", "The database with the subscribers.", check=check_url
    )
    user_column = param("username", "Column of the user name.", check=_column)
    domain_column = param("domain", "Column of the domain.", check=_column)
    password_column = param("ha1", "Column of H(A1), or of the password (calculate_ha1).", check=_column)
    password_column_2 = param("ha1b", "Column of H(A1) of user names with a domain in them.", check=_column)
    calculate_ha1 = param(0, "1: password_column has the password itself.")
    use_domain = param(0, "1: a subscriber is found by user name and domain, 0: by the user name alone.")
    load_credentials = param("", 'Columns to put into AVPs: "$avp(x)=column;column2".', check=credentials_of)
    version_table = param(1, "0: the version of the table is not checked at the start.")
    force_generate_avps = param(0, "1: AVPs are filled in also where the password was wrong.")

    database: Database

    def init(self) -> None:
        engine = self.engine
        self._auth = cast(Auth, engine.modules["auth"])
        try:
            self.database = engine.databases.open(self.db_url)
        except DatabaseError as error:
            raise ModuleError(f"auth_db: {error}") from None
        extra = credentials_of(self.load_credentials)
        self._columns = [column for column, _ in extra]
        self._avps = [key for _, key in extra]
        if self.calculate_ha1 and self.password_column in ("ha1", "ha1b"):
            engine.log(
                WARN,
                f"auth_db: calculate_ha1 takes column {self.password_column} for passwords; set password_column "
                '"password", or calculate_ha1 0',
            )
        elif not self.calculate_ha1 and self.password_column == "password":
            engine.log(
                WARN, 'auth_db: column "password" is taken for H(A1); set calculate_ha1 1 if it holds the passwords'
            )

    async def prepare(self) -> None:
        """Connect, and look at the version of the tables that the script names, as Kamailio does for www_authenticate()
        and its kin; for auth_check() too, since a wrong table there is no better."""
        tables = {
            table
            for name in _WITH_TABLE
            for table in self.engine.constant_arguments.get((name, 1), ())
            if "$" not in table
        }
        for table in sorted(tables) or ["subscriber"]:
            try:
                found = await self.database.table_version(table)
            except DatabaseError as error:
                raise ModuleError(f"auth_db: {error}") from None
            if found != TABLE_VERSION and self.version_table and tables:
                raise ModuleError(
                    f"auth_db: table {table} of {self.database.name} has {f'version {found}' if found else 'no version'} "
                    f"in table version, and {TABLE_VERSION} is needed; version_table 0 switches this check off"
                )

    # --- the work -----------------------------------------------------------------------------------------

    async def _digest(self, ctx: RouteContext, realm: str, table: str, proxy: bool, method: str) -> int:
        return (await self._digest_found(ctx, realm, table, proxy, method))[0]

    async def _digest_found(
        self, ctx: RouteContext, realm: str, table: str, proxy: bool, method: str
    ) -> tuple[int, Found | None]:
        """(return code, the credentials that were compared)."""
        auth = self._auth
        name = realm.encode("latin-1")
        found = auth.pre_auth(ctx, name, proxy)
        if isinstance(found, int):
            return found, None
        try:
            row = await self._row_of(found, auth.strip_realm(name), table)
        except DatabaseError as error:
            self.engine.log(ERR, f"auth_db: {error}")
            return ERROR, found
        if row is None:
            return USER_UNKNOWN, found
        if self.force_generate_avps:
            self._fill(ctx, row[1:])
        secret = row[0]
        if not isinstance(secret, str):
            self.engine.log(ERR, f"auth_db: a subscriber of table {table} has no password")
            return ERROR, found
        h_a1 = secret.encode("latin-1")
        if self.calculate_ha1:
            h_a1 = auth.ha1(found.credentials.username, auth.strip_realm(name), h_a1)
        code = auth.post_auth(ctx, found, method.encode("latin-1"), h_a1)
        if code == OK and not self.force_generate_avps:
            self._fill(ctx, row[1:])
        return code, found

    async def _row_of(self, found: Found, realm: bytes, table: str) -> Row | None:
        """The password (or H(A1)) and the columns of load_credentials. Raises DatabaseError."""
        column = self.password_column_2 if found.domain and not self.calculate_ha1 else self.password_column
        where = [Key(self.user_column, found.user.decode("latin-1"))]
        if self.use_domain:
            where.append(Key(self.domain_column, (found.domain or realm).decode("latin-1")))
        rows = await self.database.query(table, [column, *self._columns], where, limit=1)
        return rows[0] if rows else None

    def _fill(self, ctx: RouteContext, values: Row) -> None:
        """Put a subscriber's columns into AVPs, the last one first, as in Kamailio."""
        if values and ctx.avps is None:
            ctx.avps = {}
        for key, value in zip(reversed(self._avps), reversed(values), strict=True):
            assert ctx.avps is not None
            ctx.avps.setdefault(key, []).insert(0, _as_value(value))

    def _valid(self, realm: str, table: str) -> bool:
        if realm and table:
            return True
        self.engine.log(ERR, f"auth_db: the {'table' if realm else 'realm'} is empty")
        return False

    # --- for scripts --------------------------------------------------------------------------------------

    @function("www_authenticate", "www_authorize", routes=REQUEST, waits=True)
    def www_authenticate(
        self, ctx: RouteContext, realm: str, table: str, method: str | None = None
    ) -> int | Awaitable[int]:
        """Check the credentials in Authorization against the table.

        Returns 1; -1 an error, a nonce that is not ours, or the database did not answer; -2 wrong password; -3 no such
        user; -4 the nonce is stale; -5 no credentials for the realm; -6 the nonce was used before.
        """
        if not self._valid(realm, table) or method == "":
            return ERROR
        return self._digest(ctx, realm, table, False, ctx.msg.method if method is None else method)

    @function("proxy_authenticate", "proxy_authorize", routes=REQUEST, waits=True)
    def proxy_authenticate(self, ctx: RouteContext, realm: str, table: str) -> int | Awaitable[int]:
        """As www_authenticate() for Proxy-Authorization."""
        if not self._valid(realm, table):
            return ERROR
        return self._digest(ctx, realm, table, True, ctx.msg.method)

    @function("auth_check", routes=REQUEST, waits=True)
    def auth_check(self, ctx: RouteContext, realm: str, table: str, flags: int) -> int | Awaitable[int]:
        """www_authenticate() for REGISTER, proxy_authenticate() for other requests.

        flags: 1 the user must be To's (REGISTER, PUBLISH) or From's, with use_domain the domains are compared, too; 2
        not for INVITE, BYE, PRACK, UPDATE and MESSAGE, whose From may be somebody else. Returns as www_authenticate();
        -8 another user. ACK and CANCEL: 1.
        """
        if ctx.msg.method in ("ACK", "CANCEL"):
            return OK
        if not self._valid(realm, table):
            return ERROR
        return self._check(ctx, realm, table, flags)

    async def _check(self, ctx: RouteContext, realm: str, table: str, flags: int) -> int:
        method = ctx.msg.method
        code, found = await self._digest_found(ctx, realm, table, method != "REGISTER", method)
        if code != OK or found is None or not flags & CHECK_ID:
            return code
        return self._auth.same_identity(ctx, found.user, flags, bool(self.use_domain))

    @function("is_subscriber", routes=ANY, waits=True)
    def is_subscriber(self, ctx: RouteContext, uri: str, table: str, flags: int) -> int | Awaitable[int]:
        """Is the user of a URI in the table? flags: 1 with the domain; 2 without filling in load_credentials.
        Returns 1 yes; -1 an error; -2 no."""
        if not uri or not table:
            self.engine.log(ERR, f"auth_db: the {'table' if uri else 'URI'} is empty")
            return ERROR
        try:
            parsed = parse_uri(uri.encode("latin-1"))
        except SipError as error:
            self.engine.log(ERR, f"auth_db: {error}")
            return ERROR
        where = [Key(self.user_column, parsed.user.decode("latin-1"))]
        if flags & _USE_DOMAIN and parsed.host:
            where.append(Key(self.domain_column, parsed.host.decode("latin-1")))
        return self._find(ctx, table, where, not flags & _SKIP_CREDENTIALS)

    async def _find(self, ctx: RouteContext, table: str, where: list[Key], fill: bool) -> int:
        columns = self._columns if fill and self._columns else [self.user_column]
        try:
            rows = await self.database.query(table, columns, where, limit=1)
        except DatabaseError as error:
            self.engine.log(ERR, f"auth_db: {error}")
            return ERROR
        if not rows:
            return _NO_SUBSCRIBER
        if fill and self._columns:
            self._fill(ctx, rows[0])
        return 1


def _as_value(value: Scalar) -> str | int | None:
    """A column's value as a script sees it."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        if value is None:
            return None
        return value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return value


MODULE = AuthDb
