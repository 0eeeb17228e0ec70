"""A Dagster project that has nothing to do with this one: its own names, storages, checks and partitions."""

from __future__ import annotations

import dagster as dg

from semops_data.lineage.naming import DatasetName

WEEKS = dg.WeeklyPartitionsDefinition("2026-01-05")
BUCKETS = {"raw": "s3a://acme-raw/", "files": "/srv/acme/files/"}


def acme_names(asset):
    """What the project's datasets are called: by the first part of the key; None where Dagster's own key will do."""
    area, _, name = asset.key.partition("/")
    if area in BUCKETS:
        return BUCKETS[area] + name
    if area == "dwh":
        return DatasetName("postgres://db.acme.example:5432", f"dwh.public.{name}")
    return None


@dg.asset(key_prefix="raw", deps=[dg.AssetSpec(["vendor", "feed"])], partitions_def=WEEKS)
def clicks():
    return dg.MaterializeResult(metadata={"dagster/partition_row_count": 7})


@dg.asset(key_prefix="dwh", deps=[clicks, dg.AssetSpec(["files", "rates"])])
def sessions():
    lineage = {"visitor": [dg.TableColumnDep(dg.AssetKey(["raw", "clicks"]), "cookie")]}
    return dg.MaterializeResult(metadata={"dagster/column_lineage": dg.TableColumnLineage(lineage)})


@dg.asset(key_prefix="ml", deps=[sessions], kinds={"model"})
def model():
    return None


@dg.asset_check(asset=sessions)
def has_rows():
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)


def build_defs(*sensors):
    return dg.Definitions(assets=[clicks, sessions, model], asset_checks=[has_rows], sensors=list(sensors))
