"""The server process of the embedded Snowflake: fakesnow's routes, made safe to keep data in.

What it adds to fakesnow: databases in files, one process per folder, a login that asks for the home's token, errors
that reach the client at once instead of a HTTP 500 that is retried, a bounded cache of results, sessions of dead
clients rolled back, and an end after idle time. Run by `emulator.ensure_running`, never imported by the platform.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import logging
import os
import re
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import OrderedDict
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semops_data.warehouse.emulator import HOST, Endpoint, proof, write_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

RESULTS_KEPT = 8
LOCK_SECONDS = 10.0
PID_PARAMETER = "SEMOPS_CLIENT_PID"

_failure: ContextVar[BaseException | None] = ContextVar("failure", default=None)


class Results(OrderedDict[str, Any]):
    """The newest results only: fakesnow keeps every result of its life in memory."""

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        while len(self) > RESULTS_KEPT:
            self.popitem(last=False)


class Keeper:
    """Who is logged in, what is running, and when the server was last asked something."""

    def __init__(self, token: str, sessions: dict[str, Any]) -> None:
        self.token = token
        self.sessions = sessions
        self.clients: dict[str, int] = {}
        self.active = 0
        self.last_request = time.monotonic()

    def reap(self) -> None:
        """Roll back the sessions whose client is dead: their open transactions would block others for ever."""
        dead = {pid for pid in set(self.clients.values()) if not _is_alive(pid)}
        for session in [session for session, pid in self.clients.items() if pid in dead]:
            del self.clients[session]
            if (connection := self.sessions.pop(session, None)) is not None:
                connection.close()

    async def wait_until_idle(self, seconds: float) -> None:
        """Return once nothing was asked for that long."""
        while self.active or time.monotonic() - self.last_request < seconds:
            await asyncio.sleep(min(1.0, seconds / 4))
            if not self.active:
                self.reap()


class _Catch(logging.Handler):
    """Remembers the exception that fakesnow logs before it answers with a bare HTTP 500."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            _failure.set(record.exc_info[1])


def build_app(keeper: Keeper) -> Starlette:
    """Fakesnow's routes with our login and our errors, and the route that proves whose server this is."""
    import fakesnow.server as fs
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def health(request: Request) -> Response:
        challenge = request.query_params.get("challenge", "")
        return JSONResponse({"proof": proof(keeper.token, challenge), "pid": os.getpid()})

    async def login(request: Request) -> Response:
        keeper.reap()
        data = (await _body(request)).get("data", {})
        if not secrets.compare_digest(str(data.get("PASSWORD", "")), keeper.token):
            message = "Incorrect username or password was specified."
            return JSONResponse({"data": {}, "code": "390100", "message": message, "success": False})
        response: Response = await fs.login_request(request)
        session = json.loads(bytes(response.body))["data"]["token"]
        pid = str(data.get("SESSION_PARAMETERS", {}).get(PID_PARAMETER, ""))
        if pid.isdigit():
            keeper.clients[session] = int(pid)
        return response

    async def query(request: Request) -> Response:
        _failure.set(None)
        # A client that keeps its connection logs in once: it must not wait for a transaction that nobody will end.
        keeper.reap()
        response: Response = await fs.query_request(request)
        if response.status_code != 500:
            return response
        # The connector retries a 500 until its network timeout; a statement's failure is an answer.
        cause = _failure.get()
        message = f"{type(cause).__name__}: {cause}" if cause else "unsupported by the emulator; see its log"
        data = {"errorCode": "100000", "sqlState": "XX000"}
        return JSONResponse({"data": data, "code": "100000", "message": message, "success": False})

    own = {"/session/v1/login-request": login, "/queries/v1/query-request": query}
    routes = [
        Route(route.path, own.get(route.path, route.endpoint), methods=sorted((route.methods or {"GET"}) - {"HEAD"}))
        for route in fs.routes
    ]
    return Starlette(routes=[Route("/semops/health", health, methods=["GET"]), *routes])


def comment_sql(catalog: str, schema: str, table: str, comment: str | None) -> str:
    """Record a table's comment; replaces fakesnow's, which fails on a quote and inside a transaction with MERGE.

    The temporary table of a MERGE reaches it with no comment: writing that would touch a second database file in
    the same transaction, which DuckDB refuses.
    """
    if comment is None:
        return "SELECT 1"
    values = ", ".join("'" + text.replace("'", "''") + "'" for text in (catalog, schema, table, comment))
    return f"INSERT OR REPLACE INTO _fs_global._fs_information_schema._fs_tables_ext VALUES ({values})"  # noqa: S608


def counted(app: Any, keeper: Keeper) -> Any:
    """The app, noting when it is asked; health checks do not count."""

    async def call(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] == "/semops/health":
            await app(scope, receive, send)
            return
        keeper.active += 1
        try:
            await app(scope, receive, send)
        finally:
            keeper.active -= 1
            keeper.last_request = time.monotonic()

    return call


def serve(data: Path, *, databases: Sequence[str], port: int, idle_seconds: float) -> None:
    """Serve the databases of the folder until idle; holds the folder's lock all that time."""
    sock = _bind(port)
    scratch = data / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    # Stages are folders below the temporary folder; fakesnow never clears them, so they are ours to clear.
    tempfile.tempdir = str(scratch)
    import fakesnow.server as fs
    import uvicorn
    from fakesnow import info_schema
    from fakesnow.instance import FakeSnow

    from semops_data.warehouse import emulator_quick

    emulator_quick.install()
    info_schema.insert_table_comment_sql = comment_sql
    # A relative path: fakesnow puts it into SQL as it is, and the home's name may hold a quote.
    os.chdir(data)
    fs.shared_fs = FakeSnow(db_path=".")
    fs.shared_fs.results_cache = Results()
    fs.shared_fs.duck_conn.execute("SET GLOBAL temp_directory = 'tmp/spill'")
    fs.logger.setLevel(logging.ERROR)
    fs.logger.handlers = [_Catch(), logging.StreamHandler()]
    for database in databases:
        fs.shared_fs.connect(database, "PUBLIC").close()

    keeper = Keeper(secrets.token_urlsafe(32), fs.sessions)
    server = uvicorn.Server(
        uvicorn.Config(
            counted(build_app(keeper), keeper),
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
    )

    async def run() -> None:
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        write_state(data, Endpoint(HOST, sock.getsockname()[1], os.getpid(), keeper.token))
        idle = asyncio.create_task(keeper.wait_until_idle(idle_seconds))
        await asyncio.wait({serving, idle}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
        idle.cancel()

    # uvicorn stops on these and then raises them again, which would skip the clearing up below.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        asyncio.run(run())
    finally:
        (data / "server.json").unlink(missing_ok=True)
        fs.shared_fs.duck_conn.close()
        shutil.rmtree(scratch, ignore_errors=True)


def main(arguments: Sequence[str]) -> int:
    """Entry point of the server process; 1 where another server holds the folder."""
    parser = argparse.ArgumentParser(prog="semops_data.warehouse.emulator", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the databases")
    parser.add_argument("--database", action="append", default=[], help="database that exists from the start")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--idle", type=float, required=True, help="seconds without a request until the end")
    options = parser.parse_args(arguments)
    bad = [name for name in options.database if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name)]
    if bad:
        parser.error(f"database names are letters, digits and underscores, not {bad}")
    with (options.data / "server.lock").open("a+") as lock:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    sys.stderr.write(f"another server holds {options.data}\n")
                    return 1
                time.sleep(0.02)
        serve(options.data, databases=options.database, port=options.port, idle_seconds=options.idle)
    return 0


async def _body(request: Request) -> dict[str, Any]:
    import gzip

    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    parsed = json.loads(body)
    return parsed if isinstance(parsed, dict) else {}


def _bind(port: int) -> socket.socket:
    # The protocol is named because asyncio sets TCP_NODELAY only then: without it each answer waits 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError as error:
        raise SystemExit(f"port {port} of {HOST} cannot be used: {error}") from error
    return sock


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # A killed process whose parent has not asked for it is still in the table, as a zombie.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except (OSError, IndexError):
        return True
