"""`Warehouse`: the Snowflake of the platform, an account or the embedded emulator, through the real connector.

Light to import: the connector (a second of imports) is loaded by the first session. Every call has a timeout, and
no error, log or `repr` shows a secret.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from semops_data.settings import Settings
from semops_data.warehouse import emulator, pool
from semops_data.warehouse.names import qualified
from semops_data.warehouse.session import Session, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semops_data.warehouse.emulator import Endpoint

SCHEMA = "WAREHOUSE"
HTTPS_PORT = 443
QUERY_SECONDS = 600


@dataclass(frozen=True)
class Health:
    """Whether the warehouse answers.

    Attributes:
        is_reachable: a session could be opened and answered.
        where: host and port, or account.
        detail: version that answered, or what is wrong and what to do.
        seconds: how long the answer took.
    """

    is_reachable: bool
    where: str
    detail: str
    seconds: float


@dataclass(frozen=True)
class Warehouse:
    """Connections to one database and schema.

    Attributes:
        settings: account, login and timeouts; holds secrets, so it is left out of `repr`.
        schema: schema of the tables.
        endpoint: an emulator that is not started by us; by default that of the settings' home.
    """

    settings: Settings = field(repr=False)
    schema: str = SCHEMA
    endpoint: Endpoint | None = None

    @property
    def database(self) -> str:
        """Database of the tables, upper case."""
        return self.settings.snowflake_database.upper()

    @property
    def is_emulated(self) -> bool:
        """Whether this is the embedded emulator rather than an account."""
        return self.settings.is_snowflake_emulated

    @property
    def host(self) -> str:
        """Host of the account or of the emulator."""
        return emulator.HOST if self.is_emulated else f"{self.settings.snowflake_account}.snowflakecomputing.com"

    def name(self, table: str) -> str:
        """The quoted, fully qualified name of a table or stage.

        Raises:
            ValueError: where it is no identifier.
        """
        return qualified(self.database, self.schema, table)

    def uri(self, table: str) -> str:
        """Where a table lies, `snowflake://account/DATABASE/SCHEMA/TABLE`; the account is `emulator` where emulated."""
        account = self.settings.snowflake_account or "emulator"
        return f"snowflake://{account}/{self.database}/{self.schema}/{table.upper()}"

    @contextlib.contextmanager
    def session(self, *, run_id: str = "", asset_key: str = "") -> Iterator[Session]:
        """A session whose queries are tagged with the run and the asset; kept for the next one where all went well.

        Raises:
            UnreachableError: within the timeout of the settings, naming the host and what to do.
        """
        arguments = self._arguments()
        # The connector writes into what it is called with.
        name = pool.name(arguments)
        kept = pool.take(name) or self._connect(arguments)
        where = f"{arguments.get('host', self.host)}:{arguments.get('port', HTTPS_PORT)}"
        tag = json.dumps({"run_id": run_id, "asset_key": asset_key})
        session = Session(kept.connection, where, is_emulated=self.is_emulated, tag=tag, memory=kept.memory)
        is_sound = False
        try:
            yield session
            is_sound = not session.is_lost
        finally:
            if is_sound:
                pool.give(name, kept)
            else:
                pool.close(kept)

    def ping(self, timeout_seconds: float | None = None) -> Health:
        """Whether a session opens and answers; raises nothing.

        Args:
            timeout_seconds: the settings' by default.
        """
        started = time.perf_counter()
        settings = self.settings
        if timeout_seconds is not None:
            settings = settings.model_copy(update={"snowflake_timeout_seconds": max(1, int(timeout_seconds))})
        try:
            with Warehouse(settings, self.schema, self.endpoint).session(asset_key="ping") as session:
                version = str(session.execute("SELECT CURRENT_VERSION()")[0][0])
            kind = "embedded emulator" if self.is_emulated else "account"
            return Health(True, self.host, f"{kind}, version {version}", time.perf_counter() - started)
        except (RuntimeError, OSError, ValueError) as error:
            return Health(False, self.host, str(error), time.perf_counter() - started)

    def _arguments(self) -> dict[str, Any]:
        """What the connector is called with."""
        try:
            endpoint = (self.endpoint or emulator.ensure_running(self.settings)) if self.is_emulated else None
        except emulator.EmulatorError as error:
            raise UnreachableError(str(error)) from error
        return connect_arguments(self.settings, endpoint) | {"schema": self.schema}

    def _connect(self, arguments: dict[str, Any]) -> pool.Kept:
        import snowflake.connector
        from snowflake.connector import errors

        where = f"{arguments.get('host', self.host)}:{arguments.get('port', HTTPS_PORT)}"
        try:
            _knock(where, self.settings.snowflake_timeout_seconds)
            connection = snowflake.connector.connect(**arguments)
        except (errors.Error, OSError, ValueError, TypeError) as error:
            message = _without_secrets(str(error), self.settings)
            raise UnreachableError(
                f"cannot open a session at Snowflake {where} as {arguments['user']!r} within "
                f"{self.settings.snowflake_timeout_seconds} s: {message}. {_advice(is_emulated=self.is_emulated)}"
            ) from None
        # The login must not wait long; a query may run for minutes, and the emulator answers only at its end.
        connection._socket_timeout = QUERY_SECONDS  # noqa: SLF001 - the connector has one timeout for both
        return pool.Kept(connection)


def connect_arguments(settings: Settings, endpoint: Endpoint | None) -> dict[str, Any]:
    """What the connector is called with; holds secrets in the clear, so it is for the connector alone.

    Args:
        settings: account, login, names and timeouts.
        endpoint: the emulator, or None for the account.
    """
    arguments: dict[str, Any] = {
        "user": settings.snowflake_user,
        "database": settings.snowflake_database.upper(),
        "role": settings.snowflake_role,
        "warehouse": settings.snowflake_warehouse,
        "login_timeout": settings.snowflake_timeout_seconds,
        "network_timeout": settings.snowflake_timeout_seconds,
        "socket_timeout": settings.snowflake_timeout_seconds,
        "paramstyle": "qmark",
        # By default every login asks three clouds' metadata services where it runs.
        "platform_detection_timeout_seconds": 0.0,
        "session_parameters": {},
    }
    if endpoint is not None:
        own = {"SEMOPS_CLIENT_PID": str(os.getpid()), "CLIENT_TELEMETRY_ENABLED": False}
        return arguments | {
            "account": "emulator",
            "host": endpoint.host,
            "port": endpoint.port,
            "protocol": "http",
            "password": endpoint.token,
            "session_parameters": arguments["session_parameters"] | own,
        }
    return arguments | {"account": settings.snowflake_account} | _login(settings)


def warehouse_rows(warehouse: Warehouse) -> dict[str, int]:
    """Rows of every table of the schema, by upper-case name.

    Raises:
        UnreachableError: where Snowflake does not answer.
    """
    query = (
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = ? AND table_type = 'BASE TABLE' ORDER BY table_name"
    )
    with warehouse.session(asset_key="rows") as session:
        names = [str(name) for (name,) in session.execute(query, warehouse.schema)]
        counts = [f"SELECT '{name}', COUNT(*) FROM {warehouse.name(name)}" for name in names]  # noqa: S608 - quoted
        return {str(name): int(rows) for name, rows in session.execute(" UNION ALL ".join(counts))} if counts else {}


def _login(settings: Settings) -> dict[str, Any]:
    """The first that is set: key pair, token, password.

    Raises:
        ValueError: where none is set, or the key file is not there.
    """
    if settings.snowflake_private_key_path is not None:
        path = settings.snowflake_private_key_path.expanduser()
        if not path.is_file():
            raise ValueError(f"SEMOPS_SNOWFLAKE_PRIVATE_KEY_PATH names {path}, which is no file")
        phrase = settings.snowflake_private_key_passphrase
        secret = {"private_key_file_pwd": phrase.get_secret_value()} if phrase is not None else {}
        return {"authenticator": "SNOWFLAKE_JWT", "private_key_file": str(path)} | secret
    if settings.snowflake_token is not None:
        kind = settings.snowflake_token_kind.upper()
        return {"authenticator": kind, "token": settings.snowflake_token.get_secret_value()}
    if settings.snowflake_password is not None:
        return {"password": settings.snowflake_password.get_secret_value()}
    raise ValueError("an account is set but no login: set SEMOPS_SNOWFLAKE_PRIVATE_KEY_PATH, _TOKEN or _PASSWORD")


def _knock(where: str, seconds: float) -> None:
    """Open and close a TCP connection: the connector's own timeouts do not bound a host that swallows packets."""
    host, _, port = where.rpartition(":")
    socket.create_connection((host, int(port)), timeout=seconds).close()


def _advice(*, is_emulated: bool) -> str:
    if is_emulated:
        return "The emulator has ended: run it again, which starts a new one; committed rows are kept"
    return "Check SEMOPS_SNOWFLAKE_ACCOUNT (ORG-ACCOUNT), the network, and the login; `dst doctor` tries them"


def _without_secrets(message: str, settings: Settings) -> str:
    for secret in (
        settings.snowflake_password,
        settings.snowflake_token,
        settings.snowflake_private_key_passphrase,
    ):
        if secret is not None and secret.get_secret_value():
            message = message.replace(secret.get_secret_value(), "***")
    return message
