"""What the stores hold after a run, read from the stores themselves.

Belongs here: reading. `report.py` prints what this returns.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from semops_data.lakehouse.lake import Lake
    from semops_data.settings import Settings

Row = dict[str, Any]
TOLERANCE = 1e-9
MOST_FINDINGS = 5
MARTS = ("daily_revenue", "after_sales", "funnel")


def lake_of(settings: Settings) -> Lake:
    """The lake of these settings."""
    from semops_data.lakehouse.lake import Lake, storage_options

    return Lake(settings.lake_root, storage_options(settings))


def summarise(settings: Settings) -> Row:
    """Everything that `dst run` shows, as one document.

    A store that does not answer is a `problems` line, and what it holds is null: never 0.
    """
    problems: list[str] = []
    lake = lake_of(settings)
    in_snowflake, marts = _snowflake(settings, problems)
    return {
        "rows": stages(settings, lake, in_snowflake, problems),
        "metrics": metrics(lake, marts),
        "coherence": coherence(lake),
        "problems": problems,
    }


def coherence(lake: Lake) -> Row:
    """The scores, the organisation's score, and the gravest findings."""
    scores = _rows(lake, "coherence/scores")
    findings = _rows(lake, "coherence/findings")
    organisation = _rows(lake, "coherence/organisation")
    # Worst first; what could not be measured comes last, in the order of its worst case.
    scores.sort(key=lambda row: (row["sc"] is None, row["sc"] if row["sc"] is not None else row["bound_low"]))
    findings.sort(key=lambda row: (-row["score"], row["finding_id"]))
    return {
        "organisation": organisation[0] if organisation else None,
        "scores": scores,
        "findings": findings[:MOST_FINDINGS],
        "finding_count": len(findings),
    }


def stages(settings: Settings, lake: Lake, in_snowflake: dict[str, int] | None, problems: list[str]) -> list[Row]:
    """Rows of each exported table in S3, in Delta (kept and quarantined) and in Snowflake."""
    from semops_data.contracts.business import SHOP_TABLES

    landed, loaded = _landed(settings, problems), in_snowflake or {}
    return [
        {
            "table": name,
            "s3": landed.get(name),
            "delta": _count(lake, f"lakehouse/{name}"),
            "quarantined": _count(lake, f"lakehouse/{name}_quarantine"),
            "snowflake": loaded.get(f"DIM_{name.upper()}", loaded.get(f"FCT_{name.upper()}")),
        }
        for name in SHOP_TABLES
    ]


def metrics(lake: Lake, marts: dict[str, list[Row]]) -> list[Row]:
    """Each metric of the whole business: the known answer beside what the marts say.

    Sums are shown over the days, ratios on the last day; `equal_days` counts the days on which both agree, exactly
    for sums and to 1e-9 for ratios.
    """
    by_day: dict[tuple[str, str], Any] = {}
    for rows in marts.values():
        by_day |= {(row["day"], name): value for row in rows for name, value in row.items() if name != "day"}
    truth = [row for row in _rows(lake, "synthesis/truth") if row["subject"] == "all"]
    found: list[Row] = []
    for metric in dict.fromkeys(row["metric"] for row in truth):
        known = {row["day"]: row for row in truth if row["metric"] == metric}
        shown = {day: by_day[day, metric] for day in known if (day, metric) in by_day}
        if not shown:
            continue
        is_sum = next(iter(known.values()))["value"] is not None
        answers = {day: row["value"] if is_sum else row["ratio"] for day, row in known.items()}
        equal = [day for day, value in shown.items() if _equal(answers[day], value)]
        last = max(shown)
        found.append(
            {
                "metric": metric,
                "unit": known[last]["unit"],
                "is_sum": is_sum,
                "truth": sum(answers[day] for day in shown) if is_sum else answers[last],
                "mart": sum(shown.values()) if is_sum else shown[last],
                "days": len(shown),
                "equal_days": len(equal),
            }
        )
    return found


def _equal(answer: float | None, value: float | None) -> bool:
    if answer is None or value is None:
        return answer is value
    return abs(float(answer) - float(value)) <= TOLERANCE * max(1.0, abs(float(answer)))


def _rows(lake: Lake, key: str) -> list[Row]:
    return list(lake.read(key).to_pylist()) if lake.exists(key) else []


def _count(lake: Lake, key: str) -> int | None:
    return lake.count(key) if lake.exists(key) else None


def _landed(settings: Settings, problems: list[str]) -> dict[str, int]:
    """Rows of the landed objects by table: Parquet's own count, or the lines."""
    import pyarrow.parquet as pq

    from semops_data.landing.store import landing_store

    rows: dict[str, int] = {}
    try:
        store = landing_store(settings)
        for path in store.list("landing"):
            name, data = path.split("/")[1], store.get(path)
            count = data.count(b"\n") if path.endswith(".jsonl") else pq.read_metadata(io.BytesIO(data)).num_rows
            rows[name] = rows.get(name, 0) + count
    except OSError as error:
        problems.append(f"S3: {error}")
    return rows


def _snowflake(settings: Settings, problems: list[str]) -> tuple[dict[str, int] | None, dict[str, list[Row]]]:
    from semops_data.contracts import table
    from semops_data.warehouse.session import StatementError, UnreachableError
    from semops_data.warehouse.warehouse import Warehouse, warehouse_rows

    warehouse = Warehouse(settings)
    marts: dict[str, list[Row]] = {}
    try:
        counts = warehouse_rows(warehouse)
        with warehouse.session(asset_key="summary") as session:
            for name in (name for name in MARTS if name.upper() in counts):
                columns = [column.name for column in table(f"warehouse/{name}").columns]
                query = f"SELECT {', '.join(columns)} FROM {warehouse.name(name)} ORDER BY day"  # noqa: S608 - our names
                marts[name] = [dict(zip(columns, row, strict=True)) for row in session.execute(query)]
    except (UnreachableError, StatementError) as error:
        problems.append(f"Snowflake: {error}")
        return None, {}
    return counts, marts
