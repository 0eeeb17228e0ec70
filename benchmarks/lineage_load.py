"""A synthetic project and its logs, for the benchmark of the mirror: plain records, no Dagster.

Belongs here: what the mirror is fed with, the receiver that it sends to, and what is measured of a process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from semops_data.lineage.records import Check, Column, Graph, Node, Record, RunHead, RunLog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ASSETS = 40
EVENTS_PER_RUN = 2 + 4 * ASSETS
_START = datetime(2026, 1, 1, tzinfo=UTC)
_COLUMNS = tuple(Column(f"column_{n}", "int64", f"What column {n} means, in a sentence.") for n in range(10))


def key(number: int) -> str:
    """The asset of that number."""
    return f"bench/asset_{number:02}"


def graph() -> Graph:
    """Assets with ten columns, a description, an owner and two parents each."""
    nodes = [
        Node(
            key=key(n),
            parents=tuple(key(n - back) for back in (1, 2) if n >= back),
            description="A table of the benchmark, with ten columns.",
            owners=("team:bench",),
            kinds=("deltalake",),
            group="bench",
            columns=_COLUMNS,
            code_version="1",
            storage_kind="deltalake",
            is_partitioned=True,
            same_partitions=frozenset(key(n - back) for back in (1, 2) if n >= back),
            window=_window,
        )
        for n in range(ASSETS)
    ]
    return Graph({node.key: node for node in nodes})


def _window(partition: str) -> tuple[datetime, datetime]:
    start = datetime.fromisoformat(partition).replace(tzinfo=UTC)
    return start, start + timedelta(days=1)


def run_log(number: int) -> RunLog:
    """One run: each asset once with column lineage, and one check each."""
    created = _START + timedelta(minutes=number)
    partition = (_START + timedelta(days=number % 300)).date().isoformat()
    at = created.timestamp()
    records: list[Record] = []

    def add(kind: str, **facts: object) -> None:
        place = len(records) + 1
        records.append(Record(storage_id=place, timestamp=at + place / 100, kind=kind, **facts))  # type: ignore[arg-type]

    add("PIPELINE_START")
    for n in range(ASSETS):
        add("ASSET_MATERIALIZATION_PLANNED", step_key=key(n), asset_key=key(n), partitions=(partition,))
    for n in range(ASSETS):
        lineage = {c.name: [(key(n - 1), c.name)] for c in _COLUMNS} if n else {}
        metadata = {
            "dagster/partition_row_count": 1000 + n,
            "semops/size_bytes": 4096,
            "semops/preview": "| id | total |\n| --- | --- |\n| 1 | 2 |",
            "dagster/column_lineage": lineage,
        }
        about = {"step_key": key(n), "asset_key": key(n), "partitions": (partition,)}
        add("STEP_START", step_key=key(n))
        read = {key(n - back): f"v{number}-{n - back}" for back in (1, 2) if n >= back}
        add("ASSET_MATERIALIZATION", **about, metadata=metadata, data_version=f"v{number}-{n}", input_versions=read)
        held = Check("rows_are_unique", passed=True, description="No key comes twice.")
        add("ASSET_CHECK_EVALUATION", **about, check=held, metadata={"expected": 0, "actual": 0})
        add("STEP_SUCCESS", step_key=key(n))
    add("PIPELINE_SUCCESS")
    return RunLog(
        run_id=str(UUID(int=(number << 64) | (7 << 76) | (0b10 << 62) | number)),
        job_name="__ASSET_JOB", status="SUCCESS", created=created, started=created,
        ended=created + timedelta(minutes=1), tags={"dagster/partition": partition}, partition=partition,
        records=tuple(records),
    )  # fmt: skip


@dataclass(frozen=True)
class SyntheticLog:
    """An event log of that many finished runs, made as they are read; an `EventLog`."""

    runs: int
    is_ordered: bool = True

    def changed_runs(self, after: float, limit: int) -> Sequence[RunHead]:
        """Runs whose status changed after that Unix time."""
        first = max(0, int((after - _START.timestamp()) // 60))
        heads = [self._head(n) for n in range(first, min(self.runs, first + limit + 2))]
        return [head for head in heads if head.updated > after][:limit]

    def _head(self, number: int) -> RunHead:
        return RunHead(str(number), (_START + timedelta(minutes=number + 1)).timestamp(), is_finished=True)

    def heads(self, run_ids: Sequence[str]) -> Sequence[RunHead]:
        """Those runs."""
        return [self._head(int(run_id)) for run_id in run_ids]

    def last_id(self, run_id: str) -> int:  # noqa: ARG002
        """Storage id of the newest record."""
        return EVENTS_PER_RUN

    def run(self, run_id: str) -> RunLog:
        """The run and its log."""
        return run_log(int(run_id))

    def runless(self, after: int, limit: int) -> Sequence[Record]:  # noqa: ARG002
        """Nothing was reported without a run."""
        return []


def peak_memory_bytes() -> int:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


RECEIVER = """
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
count = [0, 0]
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    def do_POST(self):
        events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        count[0] += len(events) if isinstance(events, list) else 1
        count[1] += 1
        self.send_response(204 if isinstance(events, list) else 201)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def do_GET(self):
        body = json.dumps(count).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


@contextmanager
def receiver() -> Iterator[str]:
    """The URL of a receiver of events in a process of its own, which parses what it gets and takes batches."""
    process = subprocess.Popen([sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None  # noqa: S101
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def received(url: str) -> tuple[int, int]:
    """How many events and requests the receiver got."""
    import httpx

    events, requests = json.loads(httpx.get(url, timeout=5).text)
    return events, requests
