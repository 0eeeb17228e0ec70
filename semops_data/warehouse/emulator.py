"""The embedded Snowflake of one platform home: find it, start it, stop it.

Exactly one server runs per home. It is started detached, outlives its starter, and ends by itself when nobody has
asked it anything for a while. Its port, process id and token are in `<home>/snowflake/server.json`, readable by
the owner alone. The server's own code is in `emulator_server`; importing this module is light.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semops_data.settings import Settings

HOST = "127.0.0.1"
IDLE_SECONDS = 120.0
START_SECONDS = 30.0
STOP_SECONDS = 10.0
HEALTH_SECONDS = 2.0
LOG_TAIL_LINES = 15

_started: list[subprocess.Popen[bytes]] = []
"""Servers of this process, kept so that they can be reaped when they end before it does."""


class EmulatorError(RuntimeError):
    """The embedded Snowflake could not be started or stopped."""


@dataclass(frozen=True)
class Endpoint:
    """Where the emulator of a home listens.

    Attributes:
        host: always the loopback address.
        port: TCP port.
        pid: process id of the server.
        token: password of a login; a secret of the home, so it is left out of `repr`.
    """

    host: str
    port: int
    pid: int
    token: str = field(repr=False)


def data_folder(settings: Settings) -> Path:
    """Folder of the emulator's databases, state and log."""
    return settings.home / "snowflake"


def running(settings: Settings) -> Endpoint | None:
    """The live emulator of this home, or None; asks the server and believes no file."""
    endpoint = _read_state(data_folder(settings))
    return endpoint if endpoint is not None and _is_ours(endpoint) else None


def ensure_running(settings: Settings, *, idle_seconds: float = IDLE_SECONDS) -> Endpoint:
    """The live emulator of this home, started where there is none.

    Args:
        settings: `home`, `snowflake_database` and `snowflake_emulator_port` are used.
        idle_seconds: time without a request after which a server that is started here ends.

    Raises:
        EmulatorError: where it does not start in time, with the end of its log and what to do.
    """
    if (endpoint := running(settings)) is not None:
        return endpoint
    data = data_folder(settings)
    try:
        data.mkdir(parents=True, exist_ok=True)
        with _locked(data / "start.lock", START_SECONDS):
            return running(settings) or _start(settings, data, idle_seconds)
    except OSError as error:
        raise EmulatorError(
            f"the embedded Snowflake cannot use {data}: {error}. Make the folder writable, or set SEMOPS_HOME to one "
            "that is, or set SEMOPS_SNOWFLAKE_ACCOUNT to use a real account"
        ) from error


def stop(settings: Settings) -> bool:
    """End the emulator of this home; rows that were committed stay.

    Returns:
        Whether there was one to end.

    Raises:
        EmulatorError: where it does not end in time.
    """
    data = data_folder(settings)
    endpoint = _read_state(data)
    if endpoint is None or not is_held(data / "server.lock"):
        return False
    # The lock is held, so the process id in the state file is that of a live server.
    with contextlib.suppress(ProcessLookupError):
        os.kill(endpoint.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_held(data / "server.lock"):
        if time.monotonic() > deadline:
            raise EmulatorError(f"the embedded Snowflake (process {endpoint.pid}) did not end in {STOP_SECONDS:.0f} s")
        time.sleep(0.02)
    _started[:] = [process for process in _started if process.poll() is None]
    return True


def write_state(data: Path, endpoint: Endpoint) -> None:
    """Publish where the server listens: one atomic rename, readable by the owner alone."""
    scratch = data / f"server.json.{os.getpid()}"
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"port": endpoint.port, "pid": endpoint.pid, "token": endpoint.token}, file)
    scratch.replace(data / "server.json")


def proof(token: str, challenge: str) -> str:
    """What only a holder of the token can answer to a challenge."""
    return hmac.new(token.encode(), challenge.encode(), hashlib.sha256).hexdigest()


def is_held(path: Path) -> bool:
    """Whether a live process holds the lock file."""
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _read_state(data: Path) -> Endpoint | None:
    try:
        state: dict[str, Any] = json.loads((data / "server.json").read_text())
        return Endpoint(HOST, int(state["port"]), int(state["pid"]), str(state["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_ours(endpoint: Endpoint) -> bool:
    """Whether the server at that port knows this home's token: a stale file's port may be another's by now."""
    challenge = secrets.token_hex(16)
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=HEALTH_SECONDS)
    try:
        connection.request("GET", f"/semops/health?challenge={challenge}")
        response = connection.getresponse()
        answer = json.loads(response.read(4_096))
        return response.status == 200 and hmac.compare_digest(answer["proof"], proof(endpoint.token, challenge))
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return False
    finally:
        connection.close()


def _start(settings: Settings, data: Path, idle_seconds: float) -> Endpoint:
    command = [
        sys.executable,
        "-m",
        "semops_data.warehouse.emulator",
        *("--data", str(data)),
        *("--database", settings.snowflake_database.upper()),
        *("--port", str(settings.snowflake_emulator_port or 0)),
        *("--idle", str(idle_seconds)),
    ]
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH")) if part)
    (data / "server.json").unlink(missing_ok=True)
    with (data / "server.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=data,
            env=os.environ | {"PYTHONPATH": path},
        )
    _started.append(process)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if (endpoint := running(settings)) is not None:
            return endpoint
        if process.poll() is not None:
            raise EmulatorError(_failure(data, f"ended at once with status {process.returncode}"))
        time.sleep(0.02)
    process.kill()
    raise EmulatorError(_failure(data, f"did not answer in {START_SECONDS:.0f} s"))


def _failure(data: Path, what: str) -> str:
    log = data / "server.log"
    lines = log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:] if log.exists() else []
    tail = "\n  ".join(lines) or "(empty)"
    return (
        f"the embedded Snowflake {what}. The end of {log}:\n  {tail}\n"
        "Free the port or the folder that it names; where the database file is damaged, move "
        f"{data} away: every table in it can be loaded again"
    )


@contextlib.contextmanager
def _locked(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock file; waits for another holder.

    Raises:
        EmulatorError: where another process holds it longer than that.
    """
    deadline = time.monotonic() + seconds
    with path.open("a+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmulatorError(f"another process holds {path} for more than {seconds:.0f} s") from None
                time.sleep(0.02)
        yield


if __name__ == "__main__":
    from semops_data.warehouse.emulator_server import main

    sys.exit(main(sys.argv[1:]))
