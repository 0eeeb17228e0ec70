"""A real HTTP server on loopback that answers as a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Said:
    """An answer: a document or raw bytes, its status and headers, and how it is sent."""

    body: object = None
    status: int = 200
    headers: dict = field(default_factory=dict)
    delay: float = 0.0
    is_cut: bool = False
    trickle: float = 0.0


class JsonServer:
    """`with JsonServer(answer) as server`: `answer(path, body)` gives a `Said` or a document, for each request."""

    def __init__(self, answer):
        self.answer, self.requests, self.headers = answer, [], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers.get("content-length") or 0)
                self._answer(json.loads(self.rfile.read(length) or b"null"))

            def do_GET(self):
                self._answer(None)

            def _answer(self, body):
                outer.requests.append((self.path, body))
                outer.headers.append(dict(self.headers))
                said = outer.answer(self.path, body)
                said = said if isinstance(said, Said) else Said(said)
                content = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
                try:
                    if said.delay:
                        time.sleep(said.delay)
                    self.send_response(said.status)
                    for name, value in said.headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(content) + 10 * said.is_cut))
                    self.end_headers()
                    for at in range(len(content) if said.trickle else 0):
                        self.wfile.write(content[at : at + 1])
                        time.sleep(said.trickle)
                    self.wfile.write(b"" if said.trickle else content)
                except (BrokenPipeError, ConnectionResetError):
                    pass
                if said.is_cut:
                    self.close_connection = True

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
