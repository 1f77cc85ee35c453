"""db_mysql: databases on MySQL and MariaDB servers, by URLs like mysql://user:password@host/database."""

from __future__ import annotations

import ssl
from importlib.util import find_spec
from typing import Literal

from olelo.core.database import Database, DatabaseUrl
from olelo.core.module import Module, ModuleError, param

_TLS_OFF, _TLS_PREFERRED, _TLS_REQUIRED, _TLS_VERIFY_CA, _TLS_VERIFY_IDENTITY = 1, 2, 3, 4, 5
#: Seconds beside the server's own time in which a statement may wait for its turn.
_MARGIN = 1


def _check_mode(mode: int) -> None:
    if not 0 <= mode <= _TLS_VERIFY_IDENTITY:
        raise ValueError(f"{mode} is no mode of TLS: 0 to {_TLS_VERIFY_IDENTITY}")


def _check_seconds(seconds: int) -> None:
    if seconds < 0:
        raise ValueError("seconds are 0 or more")


class DbMysql(Module):
    """Databases on MySQL and MariaDB servers: mysql://user:password@host[:port]/database."""

    name = "db_mysql"
    database_schemes = ("mysql",)

    timeout_interval = param(2, "Seconds until a connection or an answer counts as failed; 0: 2.", check=_check_seconds)
    connect_timeout = param(
        0, "Seconds until a connection counts as failed; 0: timeout_interval.", check=_check_seconds
    )
    receive_timeout = param(0, "Seconds until an answer counts as failed; 0: timeout_interval.", check=_check_seconds)
    send_timeout = param(0, "The same for sending.", noop=True)
    ping_interval = param(300, "Seconds between pings: a connection is tried when it is needed.", noop=True)
    auto_reconnect = param(1, "Connections are made again in any case.", noop=True)
    server_timezone = param(0, "Times are local times.", noop=True)
    retries = param(1, "A read is tried once more on a new connection.", noop=True)
    insert_delayed = param(0, "INSERT DELAYED, which servers no longer have.", noop=True)
    update_affected_found = param(0, "Rows that an UPDATE finds are counted, not those it changes.", noop=True)
    unsigned_type = param(0, "Unsigned columns are numbers as others.", noop=True)
    opt_ssl_mode = param(
        0,
        "TLS: 1 off; 0 or 2 where the server has it; 3 never without; 4 with a certificate of an authority that is "
        "known (opt_ssl_ca, or the system's); 5 and for the URL's host.",
        check=_check_mode,
    )
    opt_ssl_ca = param("", "File with the certificate authorities of the server.")

    def init(self) -> None:
        if find_spec("pymysql") is None:
            raise ModuleError('the Python package PyMySQL is missing: pip install "olelo[mysql]"')
        self._tls()

    def open_database(self, url: DatabaseUrl) -> Database:
        # Not above: a configuration is checked without the database library.
        from olelo.db.pool import DEADLINE, SqlDatabase
        from olelo.db.servers import open_mysql

        patience = self.timeout_interval or DbMysql.timeout_interval.default
        connect_timeout = self.connect_timeout or patience
        read_timeout = self.receive_timeout or patience
        context = self._tls()
        return SqlDatabase(
            url,
            self.engine.services,
            self.engine.log,
            lambda: open_mysql(url, connect_timeout=connect_timeout, read_timeout=read_timeout, ssl=context),
            deadline=max(DEADLINE, read_timeout + _MARGIN),
        )

    def _tls(self) -> ssl.SSLContext | Literal[False] | None:
        """How open_mysql is told. Raises ModuleError: the authorities cannot be read."""
        mode = self.opt_ssl_mode
        if mode in (0, _TLS_PREFERRED):
            return None
        if mode == _TLS_OFF:
            return False
        try:
            context = ssl.create_default_context(cafile=self.opt_ssl_ca or None)
        except OSError as error:
            raise ModuleError(f"opt_ssl_ca: {self.opt_ssl_ca}: {error.strerror or error}") from None
        context.check_hostname = mode == _TLS_VERIFY_IDENTITY
        if mode == _TLS_REQUIRED:
            context.verify_mode = ssl.CERT_NONE
        return context


MODULE = DbMysql
