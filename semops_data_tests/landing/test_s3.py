"""The same day over the S3 protocol, and endpoints that would lose commits."""

import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from semops_data.contracts.business import SHOP_TABLES
from semops_data.lakehouse.lake import Lake
from semops_data.landing import advice
from semops_data.landing.objects import object_path
from semops_data.landing.selftest import UnsafeStoreError, count_winners, prove_atomic_puts
from semops_data.landing.store import MissingObjectError, ObjectStore
from semops_data_tests.scenario import DAY, settle_day, small_business


def s3_options(port: int) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ALLOW_HTTP": "true",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def options():
    """An S3 server in a process of its own: deltalake asks for a table while it holds the interpreter's lock."""
    import boto3
    from botocore.config import Config

    port = free_port()
    command = [sys.executable, "-m", "semops_data_tests.fakes.s3_server", str(port)]
    root = Path(__file__).parents[2]
    server = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106
            config=Config(connect_timeout=5, read_timeout=10),
        )
        client.create_bucket(Bucket="semops")
        yield s3_options(port)
    finally:
        # It holds nothing that lasts, and below a shell that ignores SIGTERM it would not end when asked.
        server.kill()
        server.wait(timeout=10)


def test_a_day_settles_over_the_s3_protocol_as_it_does_in_a_folder(options):
    """A folder is the default, S3 the purpose: the same code, the same rows, and nothing new the second time."""
    store, lake = ObjectStore("s3://semops/landed", options), Lake("s3://semops/delta", options)
    business = small_business(orders_per_day=40)
    made = settle_day(lake, store, DAY, business)
    versions = {name: lake.version(f"lakehouse/{name}") for name in SHOP_TABLES}
    settle_day(lake, store, DAY, business)
    assert {name: lake.version(f"lakehouse/{name}") for name in SHOP_TABLES} == versions
    for name in SHOP_TABLES:
        assert lake.count(f"lakehouse/{name}") == made.clean[name].num_rows
    assert object_path("events", DAY) in store.list("landing")


def test_what_is_not_there_is_known_at_once(options, monkeypatch):
    """Each first put asks for the object: waiting for one that nobody wrote cost a second and a half a table."""
    monkeypatch.setattr(advice.time, "sleep", lambda _: pytest.fail("waited for an object that is not there"))
    store = ObjectStore("s3://semops/new", options)
    with pytest.raises(MissingObjectError, match="s3://semops/new/x"):
        store.get("x")
    assert store.put("x", b"1").changed


def test_one_of_sixteen_racers_creates_the_object(options):
    """What Delta's log relies on."""
    assert count_winners("s3://semops/race", options) == 1
    prove_atomic_puts("s3://semops/race", options)
    assert ObjectStore("s3://semops/race", options).list() == []


class Careless(BaseHTTPRequestHandler):
    """An S3 endpoint that says yes to every put, whatever its conditions."""

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        key = asked.partition(b"<Key>")[2].partition(b"</Key>")[0]
        answer = b"<DeleteResult><Deleted><Key>" + key + b"</Key></Deleted></DeleteResult>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format, *args):  # noqa: A002
        pass


def test_an_endpoint_without_atomic_puts_is_refused():
    """Two such endpoints in use lost commits without a word; refusing is the only honest answer."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        lake = Lake("s3://careless/delta", s3_options(server.server_port))
        with pytest.raises(UnsafeStoreError, match="16 won where exactly 1 may"):
            lake.make_root()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
