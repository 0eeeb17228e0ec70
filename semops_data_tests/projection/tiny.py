"""A code location that is measured in the tests: what it holds in memory grows with the configured size."""

import os
from pathlib import Path

import dagster as dg

BYTES_PER_ORDER = 40_000


@dg.asset(key=["toy", "read"])
def read() -> None:
    Path("orders.txt").write_text(os.environ["SEMOPS_ORDERS_PER_DAY"])


@dg.asset(key=["toy", "big"], deps=[["toy", "read"]], partitions_def=dg.DailyPartitionsDefinition("2026-01-01"))
def big(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    assert context.partition_key == "2026-01-01"
    orders = int(Path("orders.txt").read_text())
    held = bytearray(orders * BYTES_PER_ORDER)
    held[::4096] = b"x" * len(held[::4096])
    return dg.MaterializeResult(metadata={"dagster/row_count": orders})


@dg.asset(key=["toy", "broken"])
def broken() -> None:
    raise ValueError("no such column: amount")


@dg.asset_check(asset=["toy", "big"], blocking=True)
def is_never_right() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False)


defs = dg.Definitions(assets=[read, big, broken], asset_checks=[is_never_right])
