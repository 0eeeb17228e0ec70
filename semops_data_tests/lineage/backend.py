"""A lineage backend over real HTTP whose answers a test chooses."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def takes_all(_body):
    return 201


class Backend:
    """What it was asked, and what it answers: a function of the body."""

    def __init__(self):
        self.received: list[bytes] = []
        self.headers: list = []
        self.paths: list[str] = []
        self.answer = takes_all
        self.says = lambda _body: b""
        self.url = ""


@contextmanager
def serve(port=0):
    """Serve on loopback until the block ends."""
    backend = Backend()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = backend.answer(body)
            if status < 300:
                backend.received.append(body)
                backend.headers.append(dict(self.headers))
                backend.paths.append(self.path)
            said = backend.says(body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    backend.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield backend
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
