"""A code location of five assets, shaped like the platform: a root, days, a total, and a branch of its own."""

import dagster as dg

DAYS = ["2026-01-01", "2026-01-02"]
calendar = dg.DailyPartitionsDefinition(start_date="2026-01-01", timezone="UTC")


def build(*, version="1", broken=(), refuse=False, log=None):
    """The definitions; `broken` assets raise, `refuse` makes the blocking check of `shop/orders` fail."""
    ran = log if log is not None else []

    def asset(key, deps=(), *, daily=False, code_version="1", content=None):
        @dg.asset(
            key=key.split("/"),
            deps=[dep.split("/") for dep in deps],
            partitions_def=calendar if daily else None,
            code_version=code_version,
        )
        def made(context):
            day = context.partition_key if daily else None
            ran.append((key, day))
            if key in broken:
                fail()
            return dg.MaterializeResult(
                data_version=dg.DataVersion(content or f"{key} {version} {day}"), metadata={"dagster/row_count": 1234}
            )

        return made

    @dg.asset_check(asset=["shop", "orders"], name="keys_are_unique", blocking=True)
    def keys_are_unique():
        return dg.AssetCheckResult(passed=not refuse, metadata={"expected": 3, "actual": 2})

    @dg.asset_check(asset=["shop", "total"], name="looks_usual")
    def looks_usual():
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)

    return dg.Definitions(
        assets=[
            asset("shop/plan", code_version=version),
            asset("shop/orders", ["shop/plan"], daily=True),
            asset("shop/revenue", ["shop/orders"], daily=True),
            asset("shop/total", ["shop/revenue"]),
            dg.AssetSpec(["library", "source"]),
            asset("library/documents", ["library/source"], content="documents"),
        ],
        asset_checks=[keys_are_unique, looks_usual],
    )


def fail():
    """An error with a cause, as libraries raise them."""
    cause = OSError("the disk is full")
    raise RuntimeError("could not write") from cause
