"""One server per home: found, started, proven to be ours, ended; nothing committed is ever lost."""

# ruff: noqa: S608 - the code of a child process, not SQL

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from semops_data.settings import Settings
from semops_data.warehouse import emulator
from semops_data.warehouse.compare import rows_of
from semops_data.warehouse.load import load
from semops_data.warehouse.warehouse import Warehouse
from semops_data_tests.warehouse.rows import DAY, rows

KEY = "warehouse/fct_orders"


def child(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )


def test_two_processes_that_start_it_at_once_get_the_same_server(own_settings: Settings) -> None:
    """Two servers on one database file would lose rows."""
    code = f"""
        from pathlib import Path
        from semops_data.settings import Settings
        from semops_data.warehouse.emulator import ensure_running
        print(ensure_running(Settings(home=Path({str(own_settings.home)!r}), snowflake_account=None)).pid)
    """
    children = [child(code), child(code)]
    pids = {process.communicate(timeout=60)[0].strip() for process in children}
    running = emulator.running(own_settings)
    assert running is not None
    assert pids == {str(running.pid)}


def test_rows_survive_kill_9_and_a_loads_second_try_is_a_first(own_settings: Settings) -> None:
    """Committed is committed; stages are gone, and the load makes them again."""
    warehouse = Warehouse(own_settings)
    load(warehouse, KEY, rows(KEY, 20), day=DAY)
    before = emulator.ensure_running(own_settings)
    os.kill(before.pid, signal.SIGKILL)
    after = emulator.ensure_running(own_settings)
    assert after.pid != before.pid
    assert rows_of(warehouse, KEY, day=DAY).equals(rows(KEY, 20))
    assert load(warehouse, KEY, rows(KEY, 20), day=DAY).is_skipped
    assert load(warehouse, KEY, rows(KEY, 20, seed=1), day=DAY).counts.updated == 20


def test_it_ends_by_itself_when_idle_and_leaves_no_state(own_settings: Settings) -> None:
    """Nobody stops what they did not know was running."""
    emulator.ensure_running(own_settings, idle_seconds=0.5)
    lock = emulator.data_folder(own_settings) / "server.lock"
    deadline = time.monotonic() + 30
    while emulator.is_held(lock) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not emulator.is_held(lock)
    assert emulator.running(own_settings) is None
    left = {path.name for path in emulator.data_folder(own_settings).iterdir()}
    assert not left & {"server.json", "tmp"}


def test_stop_ends_it_and_says_whether_there_was_one(own_settings: Settings) -> None:
    """`make clean` and tests need it gone when the call returns."""
    emulator.ensure_running(own_settings)
    assert emulator.stop(own_settings)
    assert emulator.running(own_settings) is None
    assert not emulator.stop(own_settings)


def test_a_stale_state_file_is_not_believed(own_settings: Settings, shared_settings: Settings) -> None:
    """After kill -9 the port may belong to anybody, even to another home's emulator."""
    other = emulator.ensure_running(shared_settings)
    data = emulator.data_folder(own_settings)
    data.mkdir(parents=True)
    stale = {"port": other.port, "pid": other.pid, "token": "of another time"}
    (data / "server.json").write_text(json.dumps(stale))
    assert emulator.running(own_settings) is None
    assert not emulator.stop(own_settings)
    assert emulator.running(shared_settings) == other


@pytest.mark.parametrize("content", ["", "{", "[]", '{"port": "x"}', "null"])
def test_a_broken_state_file_is_no_server(tmp_path: Path, content: str) -> None:
    """Half-written is possible for a file of another tool's making."""
    settings = Settings(home=tmp_path, snowflake_account=None)
    emulator.data_folder(settings).mkdir(parents=True)
    (emulator.data_folder(settings) / "server.json").write_text(content)
    assert emulator.running(settings) is None


def test_the_token_is_for_the_owner_alone(shared_settings: Settings) -> None:
    """It is the password of the warehouse."""
    endpoint = emulator.ensure_running(shared_settings)
    state = emulator.data_folder(shared_settings) / "server.json"
    assert state.stat().st_mode & 0o077 == 0
    assert endpoint.token not in repr(endpoint)
    assert endpoint.host == "127.0.0.1"


def test_a_port_in_use_is_named_with_the_log(own_settings: Settings) -> None:
    """The reader learns what to free."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = int(sock.getsockname()[1])
        settings = own_settings.model_copy(update={"snowflake_emulator_port": port})
        with pytest.raises(emulator.EmulatorError, match=f"port {port}"):
            emulator.ensure_running(settings)


def test_a_damaged_database_says_where_and_what_to_do(own_settings: Settings) -> None:
    """Everything in it can be loaded again, so moving it away is safe advice."""
    data = emulator.data_folder(own_settings)
    data.mkdir(parents=True)
    (data / "SEMOPS.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(emulator.EmulatorError, match=r"move .* away"):
        emulator.ensure_running(own_settings)


def test_a_home_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    """A read-only or occupied folder is the user's to fix."""
    (tmp_path / "snowflake").write_text("a file, not a folder")
    with pytest.raises(emulator.EmulatorError, match="SEMOPS_HOME"):
        emulator.ensure_running(Settings(home=tmp_path, snowflake_account=None))


def test_a_dead_clients_open_transaction_blocks_nobody(warehouse: Warehouse) -> None:
    """A session killed with changes in hand would otherwise conflict with every later load."""
    load(warehouse, KEY, rows(KEY, 3), day=DAY)
    code = f"""
        import os, signal
        from pathlib import Path
        from semops_data.settings import Settings
        from semops_data.warehouse.warehouse import Warehouse
        home = Path({str(warehouse.settings.home)!r})
        warehouse = Warehouse(Settings(home=home, snowflake_account=None), schema={warehouse.schema!r})
        with warehouse.session() as session:
            session.execute("BEGIN")
            session.execute("UPDATE " + warehouse.name("fct_orders") + " SET tax_cents = 0")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    with child(code) as client:
        assert client.wait(60) == -signal.SIGKILL
    assert load(warehouse, KEY, rows(KEY, 3, seed=1), day=DAY).counts.updated == 3


def test_a_home_with_a_quote_in_its_name_works(tmp_path: Path) -> None:
    """Fakesnow puts the path into SQL as it is."""
    settings = Settings(home=tmp_path / "it's here", snowflake_account=None)
    try:
        assert Warehouse(settings).ping().is_reachable
    finally:
        emulator.stop(settings)
