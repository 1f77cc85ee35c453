"""db_mysql: databases on MySQL and MariaDB servers, by URLs like mysql://user:password@host/database."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from olelo.core.database import Database, DatabaseUrl
from olelo.core.module import Module, ModuleError, param

_SSL_OFF, _SSL_PREFERRED, _SSL_VERIFY_CA = 1, 2, 4


class DbMysql(Module):
    """Databases on MySQL and MariaDB servers: mysql://user:password@host[:port]/database."""

    name = "db_mysql"
    database_schemes = ("mysql",)

    timeout_interval = param(2, "Seconds until a connection or an answer counts as failed.")
    connect_timeout = param(0, "Seconds until a connection counts as failed; 0: timeout_interval.")
    receive_timeout = param(0, "Seconds until an answer counts as failed; 0: timeout_interval.")
    send_timeout = param(0, "The same for sending.", noop=True)
    ping_interval = param(300, "Seconds between pings: a connection is tried when it is needed.", noop=True)
    auto_reconnect = param(1, "Connections are made again in any case.", noop=True)
    server_timezone = param(0, "Times are local times.", noop=True)
    retries = param(1, "A read is tried once more on a new connection.", noop=True)
    insert_delayed = param(0, "INSERT DELAYED, which servers no longer have.", noop=True)
    update_affected_found = param(0, "Rows that an UPDATE finds are counted, not those it changes.", noop=True)
    unsigned_type = param(0, "Unsigned columns are numbers as others.", noop=True)
    opt_ssl_mode = param(0, "TLS: 0 or 1 off, 2 or 3 on, 4 and above with a certificate that opt_ssl_ca signed.")
    opt_ssl_ca = param("", "File with the certificate authorities of the server.")

    def init(self) -> None:
        if find_spec("pymysql") is None:
            raise ModuleError('the Python package PyMySQL is missing: pip install "olelo[mysql]"')

    def open_database(self, url: DatabaseUrl) -> Database:
        # Not above: a configuration is checked without the database library.
        from olelo.db.pool import SqlDatabase
        from olelo.db.servers import open_mysql

        ssl: dict[str, Any] | None = None
        if self.opt_ssl_mode >= _SSL_PREFERRED:
            ssl = {"ca": self.opt_ssl_ca} if self.opt_ssl_ca else {}
            ssl["check_hostname"] = self.opt_ssl_mode > _SSL_VERIFY_CA
            ssl["verify_mode"] = "required" if self.opt_ssl_mode >= _SSL_VERIFY_CA else "none"
        return SqlDatabase(
            url,
            self.engine.services,
            self.engine.log,
            lambda: open_mysql(
                url,
                connect_timeout=self.connect_timeout or self.timeout_interval,
                read_timeout=self.receive_timeout or self.timeout_interval,
                ssl=ssl,
            ),
        )


MODULE = DbMysql
