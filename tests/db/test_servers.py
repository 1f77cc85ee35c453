"""Connections to servers: TLS as opt_ssl_mode says, and what a connection is told."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from databases import DatabaseServer, MariaDb, PostgreSql, has_mariadb
from olelo.core.database import DatabaseError, DatabaseUrl, Key
from olelo.core.engine import Engine
from olelo.core.module import Module, ModuleError
from olelo.db.pool import SqlDatabase
from olelo.modules import all_modules
from olelo.testing import FakeServices

pytestmark = pytest.mark.wire


def certify(folder: Path) -> Path:
    """A certificate of 127.0.0.1, signed by itself, in folder/cert.pem and folder/key.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem"


class TlsMariaDb(MariaDb):
    def _prepare(self) -> None:
        certify(self.folder)
        super()._prepare()

    def _command(self) -> list[str]:
        return [
            *super()._command(), f"--ssl-cert={self.folder / 'cert.pem'}", f"--ssl-key={self.folder / 'key.pem'}",
        ]  # fmt: skip


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseServer]:
    if not has_mariadb():
        pytest.skip("mariadbd is not installed")
    server = TlsMariaDb(tmp_path_factory.mktemp("mariadb-tls"))
    yield server
    server.stop()


def module(name: str, **params: int | str) -> tuple[Module, FakeServices]:
    world = FakeServices()
    made = all_modules()[name](Engine(world))
    for key, value in params.items():
        made.set_param(key, value)
    made.init()
    return made, world


def told(url: str, driver: Module, world: FakeServices, variable: str) -> str:
    """What the server says of a connection's variable, as the module connects."""
    db = driver.open_database(DatabaseUrl.parse(url))
    assert isinstance(db, SqlDatabase)
    found: list[object] = []

    async def ask() -> str:
        if url.startswith("mysql"):
            schema = "information_schema.session_status"
            with db._engine.connect() as connection:
                rows = connection.exec_driver_sql(
                    f"SELECT variable_value FROM {schema} WHERE variable_name = '{variable}'"
                )
                return str(rows.fetchall()[0][0])
        return str((await db.query("pg_settings", ["setting"], [Key("name", variable)]))[0][0])

    def done(result: str | None, error: BaseException | None) -> None:
        found.append(result if error is None else error)

    world.spawn(ask(), done)
    world.spawn(db.close(), lambda result, error: None)
    if isinstance(found[0], BaseException):
        raise found[0]
    return str(found[0])


def cipher(url: str, **params: int | str) -> str:
    """The cipher of a connection, "" where it is plain. Raises DatabaseError."""
    driver, world = module("db_mysql", **params)
    db = driver.open_database(DatabaseUrl.parse(url))
    problems: list[BaseException | None] = []
    world.spawn(db.query("information_schema", ["x"]), lambda result, error: problems.append(error))
    world.spawn(db.close(), lambda result, error: None)
    if "does not answer" in " ".join(line for _, line in world.lines):
        raise DatabaseError(str(problems[0]))
    return told(url, driver, world, "SSL_CIPHER")


@pytest.mark.parametrize(("mode", "secret"), [(0, True), (1, False), (2, True), (3, True)])
def test_tls_where_the_server_has_it(tls_server: DatabaseServer, mode: int, secret: bool) -> None:
    assert bool(cipher(tls_server.url, opt_ssl_mode=mode)) is secret


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_plain_where_the_server_has_no_tls_and_that_will_do(mariadb: DatabaseServer, mode: int) -> None:
    assert cipher(mariadb.url, opt_ssl_mode=mode) == ""


@pytest.mark.parametrize("mode", [3, 4, 5])
def test_never_plain_where_tls_is_required(mariadb: DatabaseServer, mode: int) -> None:
    with pytest.raises(DatabaseError, match="SSL"):
        cipher(mariadb.url, opt_ssl_mode=mode)


@pytest.mark.parametrize("mode", [4, 5])
def test_a_certificate_of_nobody_known_is_refused(tls_server: DatabaseServer, mode: int) -> None:
    with pytest.raises(DatabaseError, match="(?i)certificate"):
        cipher(tls_server.url, opt_ssl_mode=mode)


def test_a_certificate_is_for_the_host_where_that_is_asked(tls_server: DatabaseServer) -> None:
    authority = str(tls_server.folder / "cert.pem")
    other = tls_server.url.replace("127.0.0.1", "localhost")
    assert cipher(tls_server.url, opt_ssl_mode=5, opt_ssl_ca=authority)
    assert cipher(other, opt_ssl_mode=4, opt_ssl_ca=authority)
    with pytest.raises(DatabaseError, match="(?i)localhost|hostname"):
        cipher(other, opt_ssl_mode=5, opt_ssl_ca=authority)


def test_authorities_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match="opt_ssl_ca: .*none"):
        module("db_mysql", opt_ssl_mode=4, opt_ssl_ca=str(tmp_path / "none"))


@pytest.mark.parametrize(("params", "milliseconds"), [({}, "4500"), ({"timeout": 2}, "2000")])
def test_postgres_ends_statements_itself(postgres: PostgreSql, params: dict[str, int], milliseconds: str) -> None:
    driver, world = module("db_postgres", **params)
    assert told(postgres.url, driver, world, "statement_timeout") == milliseconds


def test_settings_of_a_postgres_connection(postgres: PostgreSql) -> None:
    driver, world = module("db_postgres", con_param="application_name=olelo;connect_timeout=2")
    assert told(postgres.url, driver, world, "application_name") == "olelo"


def test_settings_that_libpq_does_not_know() -> None:
    with pytest.raises(ModuleError, match="con_param: .*colour"):
        module("db_postgres", con_param="colour=green")
