"""A small Dagster project in which everything happens that lineage and tracking have to tell of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import dagster as dg

from semops_data.lineage.records import RunHead

SECRET = "-".join(["s3cr3t", "of", "the", "warehouse"])
DAYS = dg.DailyPartitionsDefinition("2026-01-01", timezone="UTC")
MONTHS = dg.MonthlyPartitionsDefinition("2026-01-01", timezone="Europe/Berlin")
SCHEMA = dg.TableSchema([dg.TableColumn("id", "int64", "the key"), dg.TableColumn("total", "float64")])


def delta(**more):
    return {"dagster/storage_kind": "deltalake", "dagster/column_schema": SCHEMA} | more


@dg.asset(
    key=["toy", "raw"],
    deps=[["outside", "source"]],
    partitions_def=DAYS,
    code_version="7",
    owners=["team:toys"],
    kinds={"deltalake"},
    description='Rows as they come; "quoted" & <marked>',
    metadata=delta(**{"semops/contract": "toy/raw", "semops/columns_checked": 2}),
)
def raw(context):
    rows = int(context.partition_key[-2:])
    return dg.MaterializeResult(
        metadata={
            "dagster/uri": f"/elsewhere/toy/raw/day={context.partition_key}",
            "dagster/partition_row_count": rows,
            "semops/size_bytes": rows * 10,
            "semops/null_share": 0.25,
            "semops/worst": float("nan"),
        },
        data_version=dg.DataVersion(f"v-{context.partition_key}"),
    )


@dg.asset(key=["toy", "clean"], deps=[["toy", "raw"]], partitions_def=DAYS, code_version="1", metadata=delta())
def clean():
    lineage = dg.TableColumnLineage({"id": [dg.TableColumnDep(dg.AssetKey(["toy", "raw"]), "id")]})
    return dg.MaterializeResult(
        metadata={"dagster/column_lineage": lineage, "dagster/row_count": 5}, data_version=dg.DataVersion("c")
    )


@dg.asset(
    key=["toy", "mart"],
    deps=[["toy", "clean"], ["outside", "source"]],
    metadata={"dagster/storage_kind": "snowflake", "dagster/table_name": "warehouse.mart"},
)
def mart():
    return dg.MaterializeResult(data_version=dg.DataVersion("m"))


@dg.multi_asset(
    specs=[
        dg.AssetSpec(["toy", "left"], deps=[["toy", "mart"]]),
        dg.AssetSpec(["toy", "skipped"], deps=[["toy", "mart"]], skippable=True),
    ]
)
def halves():
    yield dg.MaterializeResult(asset_key=["toy", "left"])


@dg.asset(key=["toy", "broken"], deps=[["toy", "mart"]])
def broken():
    try:
        {}["inner"]
    except KeyError as error:
        raise ValueError(f"cannot log in with password={SECRET}") from error


@dg.asset(key=["toy", "after"], deps=[["toy", "broken"]])
def after():
    return None


@dg.asset(key=["toy", "apart"])
def apart():
    return None


@dg.asset(key=["toy", "monthly"], partitions_def=MONTHS)
def monthly():
    return None


def claim(name, severity, *, passed):
    @dg.asset_check(asset=["toy", "mart"], name=name)
    def check():
        return dg.AssetCheckResult(
            passed=passed,
            severity=dg.AssetCheckSeverity[severity],
            metadata={"expected": 1, "actual": 1 if passed else 2},
        )

    return check


@dg.asset_check(asset=["toy", "mart"], name="crashes")
def crashes():
    raise RuntimeError("the check itself is broken")


CHECKS = {
    "warn_holds": ("WARN", True),
    "warn_fails": ("WARN", False),
    "error_holds": ("ERROR", True),
    "error_fails": ("ERROR", False),
}


def build_defs():
    return dg.Definitions(
        assets=[raw, clean, mart, halves, broken, after, apart, monthly, dg.AssetSpec(["outside", "source"])],
        asset_checks=[*(claim(name, severity, passed=passed) for name, (severity, passed) in CHECKS.items()), crashes],
    )


def instance_in(folder):
    """A Dagster instance on SQLite that tells nobody anything."""
    return dg.DagsterInstance.local_temp(str(folder), overrides={"telemetry": {"enabled": False}})


def run(instance, *names, partition=None, job=None):
    """Run assets with their checks as one Dagster run, of a named job or the one Dagster makes up; its id."""
    keys = [dg.AssetKey(["toy", name]) for name in names]
    defs = build_defs()
    if job:
        named = dg.define_asset_job(job, dg.AssetSelection.assets(*keys))
        resolved = dg.Definitions(defs.assets, asset_checks=defs.asset_checks, jobs=[named]).resolve_job_def(job)
    else:
        resolved = defs.resolve_implicit_global_asset_job_def()
    return resolved.execute_in_process(
        instance=instance, partition_key=partition, raise_on_error=False, asset_selection=None if job else keys
    ).run_id


@dataclass
class GrowingLog:
    """An event log that shows a given number of each run's records; an `EventLog` without a database."""

    runs: dict
    runless_records: tuple
    shown: dict
    shown_runless: int = 0
    is_ordered: bool = True

    def _cut(self, run_id):
        full = self.runs[run_id]
        records = full.records[: self.shown[run_id]]
        is_whole = len(records) == len(full.records)
        return replace(full, records=records, status=full.status if is_whole else "STARTED")

    def _head(self, run_id):
        cut = self._cut(run_id)
        status = [r.timestamp for r in cut.records if r.kind.startswith("PIPELINE_")]
        return RunHead(run_id, status[-1] if status else cut.created.timestamp(), cut.is_finished, cut.location)

    def changed_runs(self, after, limit):
        heads = sorted((self._head(r) for r in self.runs if self.shown[r]), key=lambda head: head.updated)
        return [head for head in heads if head.updated > after][:limit]

    def heads(self, run_ids):
        return [self._head(run_id) for run_id in run_ids]

    def last_id(self, run_id):
        records = self._cut(run_id).records
        return records[-1].storage_id if records else 0

    def run(self, run_id):
        return self._cut(run_id)

    def runless(self, after, limit):
        return [r for r in self.runless_records[: self.shown_runless] if r.storage_id > after][:limit]
