"""Bare S3 to Delta: a shop's exports land as objects in S3 and become typed, unique Delta tables in S3.

    python samples/s3_to_delta.py [s3://bucket/prefix]

Without an address, an S3 server of its own is started on this machine for the time of the script (it needs `moto`).
With one, the endpoint and the credentials are those of SEMOPS_S3_*; the bucket must exist.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from semops_data.lakehouse.aggregates import aggregate
from semops_data.lakehouse.audit import equals_the_truth
from semops_data.lakehouse.lake import Lake
from semops_data.lakehouse.settle import settle
from semops_data.landing.objects import land
from semops_data.landing.store import ObjectStore, store_options
from semops_data.settings import load_settings
from semops_data.synthesis.business import business_day
from semops_data.synthesis.parameters import Business

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


SERVER = """
import sys, threading
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
moto, one = DomainDispatcherApplication(create_backend_app), threading.Lock()
def answer(environ, start_response):
    # One request at a time: moto's conditional puts are not atomic by themselves, and those of S3 are.
    with one:
        return moto(environ, start_response)
run_simple("127.0.0.1", int(sys.argv[1]), answer, threaded=True)
"""
TABLES = ("customers", "products", "orders", "order_items", "payments")
"""Each after those that it refers to."""


def pipeline(root: str, options: Mapping[str, str], business: Business, days: int = 1) -> bool:
    """Land and settle some days below an S3 address; whether each day's revenue is the known one."""
    store, lake = ObjectStore(root, options), Lake(f"{root}/delta", options)
    is_right = True
    for number in range(days):
        made = business_day(business, business.start_date + timedelta(days=number))
        day = (business.start_date + timedelta(days=number)).isoformat()
        lake.replace("synthesis/truth", made.truth, where={"day": day})
        for name in TABLES:
            land(store, name, day, made.tables[name], made.cut_rows(name))
            done = settle(lake, store, name, day)
            counts = done.ledger
            print(f"{day} {name:14}{counts.rows_in:7,} in ={counts.rows_kept:7,} kept +{counts.rows_duplicate:4,} "
                  f"repeated +{counts.rows_quarantined:4,} quarantined, Delta version {done.kept.version}")  # fmt: skip
        lake.replace("lakehouse/daily_revenue", aggregate(lake, "daily_revenue", day), where={"day": day})
        finding = equals_the_truth(lake, "lakehouse/daily_revenue", day)
        is_right &= finding is not None and finding.is_true
        print(f"{day} revenue equals the known answers: {finding is not None and finding.is_true}")
    return is_right


@contextmanager
def own_server() -> Iterator[tuple[str, dict[str, str]]]:
    """An S3 server on a free port of this machine with a bucket in it: its address, and the client's options."""
    import boto3

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", SERVER, str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        options = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "sample",
            "AWS_SECRET_ACCESS_KEY": "sample",
            "AWS_ALLOW_HTTP": "true",
        }
        client = boto3.client("s3", endpoint_url=options["AWS_ENDPOINT_URL"], region_name="us-east-1",
                              aws_access_key_id="sample", aws_secret_access_key="sample")  # noqa: S106  # fmt: skip
        client.create_bucket(Bucket="sample")
        yield "s3://sample/shop", options
    finally:
        # It holds nothing that lasts, and below a shell that ignores SIGTERM it would not end when asked.
        server.kill()
        server.wait()


def main() -> int:
    """Run the sample; 0 where every metric is right."""
    business = Business(orders_per_day=200)
    if len(sys.argv) > 1:
        return 0 if pipeline(sys.argv[1], store_options(load_settings()), business) else 1
    with own_server() as (root, options):
        return 0 if pipeline(root, options, business) else 1


if __name__ == "__main__":
    sys.exit(main())
