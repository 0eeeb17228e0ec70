"""The connection: bounded in time, honest about what is wrong, silent about secrets."""

# ruff: noqa: S105, S106, S608 - invented secrets, and names of the test's own schema

import contextlib
import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from semops_data.settings import Settings
from semops_data.warehouse import emulator
from semops_data.warehouse.emulator import Endpoint
from semops_data.warehouse.session import StatementError, UnreachableError
from semops_data.warehouse.warehouse import Warehouse, connect_arguments, warehouse_rows


def account(home: Path, **more: object) -> Settings:
    return Settings(home=home, snowflake_account="ORG-NAME", **more)


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_a_server_that_is_down_is_named_within_the_timeout(tmp_path: Path) -> None:
    """The connector alone would retry for minutes."""
    settings = Settings(home=tmp_path, snowflake_account=None, snowflake_timeout_seconds=2)
    endpoint = Endpoint("127.0.0.1", closed_port(), 1, "hush")
    with pytest.raises(UnreachableError, match=f"127.0.0.1:{endpoint.port}.*run it again"):
        Warehouse(settings, endpoint=endpoint).session().__enter__()
    health = Warehouse(settings, endpoint=endpoint).ping(1)
    assert not health.is_reachable
    assert "hush" not in str(health)


def test_a_server_that_accepts_and_never_answers_is_given_up(tmp_path: Path) -> None:
    """A hung server is the slow kind of down."""
    settings = Settings(home=tmp_path, snowflake_account=None, snowflake_timeout_seconds=1)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        endpoint = Endpoint("127.0.0.1", int(sock.getsockname()[1]), 1, "hush")
        started = time.monotonic()
        assert not Warehouse(settings, endpoint=endpoint).ping().is_reachable
        assert time.monotonic() - started < 30


def test_a_server_that_dies_in_a_session_is_an_error_not_a_hang(own_settings: Settings) -> None:
    """Kill -9 in the middle of a night's load."""
    settings = own_settings.model_copy(update={"snowflake_timeout_seconds": 2})
    endpoint = emulator.ensure_running(settings)
    warehouse = Warehouse(settings)
    with warehouse.session() as session:
        session.execute("SELECT 1")
        os.kill(endpoint.pid, signal.SIGKILL)
        with pytest.raises(UnreachableError, match="was lost"):
            session.execute("SELECT 2")
    assert warehouse.ping().is_reachable


def test_a_wrong_login_says_so(shared_settings: Settings) -> None:
    """The emulator asks for the home's token: another user of the machine has no business in it."""
    endpoint = emulator.ensure_running(shared_settings)
    stranger = Endpoint(endpoint.host, endpoint.port, endpoint.pid, "guess")
    with pytest.raises(UnreachableError, match="Incorrect username or password"):
        Warehouse(shared_settings, endpoint=stranger).session().__enter__()


def test_no_secret_shows_in_repr_error_or_metadata(tmp_path: Path) -> None:
    """Errors and reprs end in logs."""
    settings = account(tmp_path, snowflake_password="p4ssw0rd", snowflake_token=SecretStr("t0ken"))
    warehouse = Warehouse(settings, endpoint=Endpoint("127.0.0.1", 1, 1, "n0nce"))
    for text in (repr(warehouse), str(warehouse), warehouse.uri("fct_orders")):
        assert not [secret for secret in ("p4ssw0rd", "t0ken", "n0nce") if secret in text]


def test_the_login_is_key_pair_then_token_then_password(tmp_path: Path) -> None:
    """The strongest that is configured, and only that one."""
    key = tmp_path / "key.p8"
    key.write_text("key")
    password = account(tmp_path, snowflake_password="p")
    token = account(tmp_path, snowflake_password="p", snowflake_token="t")
    pair = account(tmp_path, snowflake_token="t", snowflake_private_key_path=key, snowflake_private_key_passphrase="x")
    assert connect_arguments(password, None)["password"] == "p"
    with_token = connect_arguments(token, None)
    assert (with_token["authenticator"], with_token["token"]) == ("PROGRAMMATIC_ACCESS_TOKEN", "t")
    assert "password" not in with_token
    with_key = connect_arguments(pair, None)
    assert with_key["authenticator"] == "SNOWFLAKE_JWT"
    assert (with_key["private_key_file"], with_key["private_key_file_pwd"]) == (str(key), "x")
    assert "token" not in with_key


def test_an_oauth_token_is_sent_as_one(tmp_path: Path) -> None:
    """By configuration only: the same token under another kind is another login."""
    arguments = connect_arguments(account(tmp_path, snowflake_token="t", snowflake_token_kind="oauth"), None)
    assert (arguments["authenticator"], arguments["token"]) == ("OAUTH", "t")
    assert "password" not in arguments


@pytest.mark.parametrize("more", [{}, {"snowflake_private_key_path": Path("/nowhere/key.p8")}])
def test_an_account_without_a_usable_login_says_what_to_set(tmp_path: Path, more: dict[str, object]) -> None:
    """Before any packet is sent."""
    with pytest.raises(ValueError, match="SEMOPS_SNOWFLAKE_PRIVATE_KEY_PATH"):
        connect_arguments(account(tmp_path, **more), None)


def test_timeouts_and_role_reach_the_connector(tmp_path: Path) -> None:
    """The connector's own defaults hang past 100 seconds."""
    settings = account(tmp_path, snowflake_password="p", snowflake_timeout_seconds=7, snowflake_role="R")
    arguments = connect_arguments(settings, None)
    assert (arguments["login_timeout"], arguments["network_timeout"], arguments["role"]) == (7, 7, "R")


def test_a_kept_connection_tags_each_statement_with_its_own_run(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One login for all assets of a process, and still each query is traced to its run and asset."""
    from snowflake.connector.network import SnowflakeRestful

    sent: list[tuple[str, str]] = []
    request = SnowflakeRestful.request

    def watched(self: SnowflakeRestful, url: str, body: dict[str, Any], **more: Any) -> Any:
        if "sqlText" in body:
            sent.append((body["sqlText"], body["parameters"]["QUERY_TAG"]))
        return request(self, url, body, **more)

    monkeypatch.setattr(SnowflakeRestful, "request", watched)
    connections = []
    for run in ("run-1", "run-2"):
        with warehouse.session(run_id=run, asset_key="warehouse/funnel") as session:
            session.execute("SELECT 1")
            connections.append(session._connection)
    tags = [json.loads(tag) for text, tag in sent if text == "SELECT 1"]
    assert tags == [{"run_id": run, "asset_key": "warehouse/funnel"} for run in ("run-1", "run-2")]
    assert connections[0] is connections[1]


def test_a_session_that_failed_is_not_kept(warehouse: Warehouse) -> None:
    """What a failure left behind in a connection is nobody's to find."""
    found = []
    for _ in range(2):
        with contextlib.suppress(StatementError), warehouse.session() as session:
            found.append(session._connection)
            session.execute("SELECT * FROM no_such_table")
    assert found[0] is not found[1]


def test_two_sessions_at_once_have_a_connection_each(warehouse: Warehouse) -> None:
    """A connection is one conversation: a second thread must not speak into it."""
    with warehouse.session() as first, warehouse.session() as second:
        assert first._connection is not second._connection


def test_a_refused_statement_is_quoted_with_its_reason(warehouse: Warehouse) -> None:
    """At once: the emulator's HTTP 500 would be retried until the network timeout."""
    with warehouse.session() as session:
        session.execute(f"CREATE TABLE {warehouse.name('t')} (a INT NOT NULL)")
        with pytest.raises(StatementError, match=r"INSERT INTO.*NOT NULL"):
            session.execute(f"INSERT INTO {warehouse.name('t')} VALUES (?)", None)
        assert session.execute("SELECT 1") == [(1,)]


def test_values_are_bound_not_spliced(warehouse: Warehouse) -> None:
    """A value is never SQL."""
    nasty = "x'); DROP TABLE t; --"
    with warehouse.session() as session:
        session.execute(f"CREATE TABLE {warehouse.name('t')} (a VARCHAR)")
        session.execute(f"INSERT INTO {warehouse.name('t')} VALUES (?)", nasty)
        assert session.execute(f"SELECT a FROM {warehouse.name('t')} WHERE a = ?", nasty) == [(nasty,)]


def test_a_name_that_is_no_identifier_never_reaches_sql(warehouse: Warehouse) -> None:
    """Table names come from contracts, but nothing relies on that."""
    with pytest.raises(ValueError, match="no identifier"):
        warehouse.name('t"; DROP TABLE x; --')


def test_rows_by_table_and_health_are_one_call_each(warehouse: Warehouse) -> None:
    """For the summary and for `dst doctor`."""
    assert warehouse_rows(warehouse) == {}
    with warehouse.session() as session:
        session.execute(f"CREATE TABLE {warehouse.name('t')} (a INT)")
        session.execute(f"INSERT INTO {warehouse.name('t')} VALUES (1), (2)")
    assert warehouse_rows(warehouse) == {"T": 2}
    assert warehouse.ping(5).is_reachable
