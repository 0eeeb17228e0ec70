"""The proxy does what its plan says, to the request that it names."""

import http.client
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from semops_data_tests.fakes.flaky_proxy import FAULTS, FlakyProxy, flaky


class Echo(BaseHTTPRequestHandler):
    seen: ClassVar[list[str]] = []

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):  # noqa: A002
        pass


def _put(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("PUT", path, b"body")
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_each_fault_is_what_it_says():
    """Lost before it arrived, lost after it was carried out, refused, slow, cut: a client cannot always tell."""
    Echo.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        with FlakyProxy(server.server_port, lambda _, __, path: path[1:], slow_seconds=0.05) as proxy:
            assert _put(proxy.port, "/pass") == (200, b"body")
            assert _put(proxy.port, "/slow") == (200, b"body")
            assert _put(proxy.port, "/internal")[0] == 500
            for refused in ("slow_down", "unavailable"):
                assert _put(proxy.port, f"/{refused}")[0] == 503
            for lost in ("drop_before", "drop_after", "half_answer"):
                with pytest.raises((ConnectionError, http.client.HTTPException)):
                    _put(proxy.port, f"/{lost}")
            assert Echo.seen == ["/pass", "/slow", "/drop_after", "/half_answer"]
            assert proxy.done == Counter(["pass", *FAULTS])
        with flaky(server.server_port, ["internal"], 1.0, path="log", most=1) as (port, done):
            assert [_put(port, path)[0] for path in ("/data", "/log", "/log")] == [200, 500, 200]
        assert done == {"pass": 2, "internal": 1}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
