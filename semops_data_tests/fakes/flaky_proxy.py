"""An HTTP proxy before an S3 endpoint that throttles, fails, dawdles and hangs up, by plan.

As a process of its own (`flaky`) where the client is deltalake, which asks while it holds the interpreter's lock.
"""

from __future__ import annotations

import http.client
import json
import random
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Plan = Callable[[int, str, str], str]

SLOW_DOWN = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
INTERNAL = b"<?xml version='1.0'?><Error><Code>InternalError</Code><Message>Try again.</Message></Error>"
FAULTS = ("slow_down", "internal", "unavailable", "slow", "drop_before", "drop_after", "half_answer")
"""What may happen to a request; `drop_after` and `half_answer` lose the answer of a request that was carried out."""


@dataclass
class FlakyProxy:
    """Passes requests on to a port of this machine, and does to each what the plan says.

    Attributes:
        target: the port of the endpoint.
        plan: from the request's number, method and path to a fault, or `pass`.
        slow_seconds: how long a `slow` answer takes.
        done: how often each fault happened.
    """

    target: int
    plan: Plan
    slow_seconds: float = 0.3
    done: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> FlakyProxy:
        self._lock, self._count = Lock(), 0
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def next_fault(self, method: str, path: str) -> str:
        """What happens to this request."""
        with self._lock:
            self._count += 1
            fault = self.plan(self._count, method, path)
            self.done[fault] += 1
        return fault


class _Handler(BaseHTTPRequestHandler):
    owner: FlakyProxy
    protocol_version = "HTTP/1.1"
    # Two small packets per answer would wait for each other.
    disable_nagle_algorithm = True
    wbufsize = -1

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.owner.next_fault(self.command, self.path)
        if fault == "drop_before":
            self._hang_up()
        elif fault in ("slow_down", "unavailable", "internal"):
            code = 500 if fault == "internal" else 503
            content = {"slow_down": SLOW_DOWN, "internal": INTERNAL}.get(fault, b"")
            self._answer(code, [("Content-Type", "application/xml"), ("Content-Length", str(len(content)))], content)
        else:
            status, headers, content = self._passed_on(body)
            if fault == "slow":
                time.sleep(self.owner.slow_seconds)
            if fault == "drop_after":
                self._hang_up()
            elif fault == "half_answer" and content:
                self._answer(status, headers, content[: len(content) // 2])
                self._hang_up()
            else:
                self._answer(status, headers, content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815

    def _passed_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.owner.target, timeout=20)
        connection.request(self.command, self.path, body or None, dict(self.headers.items()))
        answer = connection.getresponse()
        content = answer.read()
        skipped = {"connection", "transfer-encoding", "keep-alive", "date", "server"}
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in skipped]
        if not any(name.lower() == "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(content))))
        connection.close()
        return answer.status, headers, content

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def _hang_up(self) -> None:
        """Reset the connection."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


def random_plan(
    faults: list[str], rate: float, *, seed: int = 7, method: str = "", path: str = "", most: int = -1
) -> Plan:
    """A plan by seeded dice.

    Args:
        faults: those that may happen, each as often.
        rate: share of the requests that one happens to.
        seed: of the dice.
        method: only to requests of this method.
        path: only to requests whose path has this text.
        most: at most so many faults; any number by default.
    """
    dice, left = random.Random(seed), [most]  # noqa: S311

    def plan(_: int, asked: str, where: str) -> str:
        if left[0] == 0 or method not in ("", asked) or path not in where or dice.random() >= rate:
            return "pass"
        left[0] -= 1
        return dice.choice(faults)

    return plan


@contextmanager
def flaky(target: int, faults: list[str], rate: float, **plan: Any) -> Iterator[tuple[int, Counter[str]]]:
    """The proxy in a process of its own; see `random_plan`.

    Yields:
        Its port, and how often each fault happened, which is known at the end.
    """
    asked = json.dumps({"target": target, "faults": faults, "rate": rate, **plan})
    process = subprocess.Popen(
        [sys.executable, "-m", "semops_data_tests.fakes.flaky_proxy", asked],
        cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    done: Counter[str] = Counter()
    try:
        yield int(process.stdout.readline()), done
    finally:
        process.terminate()
        done.update(json.loads(process.stdout.read()))
        process.wait(timeout=10)
        process.stdout.close()


def main() -> None:
    """Run until SIGTERM; the port is the first line, the counts are the last."""
    asked, ended = json.loads(sys.argv[1]), Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with FlakyProxy(asked.pop("target"), random_plan(**asked)) as proxy:
        sys.stdout.write(f"{proxy.port}\n")
        sys.stdout.flush()
        ended.wait()
        sys.stdout.write(json.dumps(proxy.done))


if __name__ == "__main__":
    main()
