"""`dst generate`: the synthetic business as files, for use without the platform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from semops_data.cli.console import Output, json_option
from semops_data.settings import load_settings

if TYPE_CHECKING:
    from datetime import date

    from semops_data.synthesis.parameters import Business


@click.command("generate")
@click.option("--days", type=click.IntRange(1, 3_660), help="Days of trade; SEMOPS_DAYS by default.")
@click.option("--orders-per-day", type=click.IntRange(1, 10_000_000), help="Mean orders a day.")
@click.option("--seed", type=click.IntRange(0), help="Same seed, same bytes.")
@click.option("--defect-rate", type=click.FloatRange(0, 0.5), help="Share of rows with a planted defect.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write to.")
@json_option
def command(
    days: int | None,
    orders_per_day: int | None,
    seed: int | None,
    defect_rate: float | None,
    out: Path,
    *,
    as_json: bool,
) -> None:
    """Write the exports of a web shop, day by day, with the known answers and the planted defects beside them."""
    from dataclasses import replace
    from datetime import timedelta

    from semops_data.synthesis.parameters import Business

    settings, output = load_settings(), Output(as_json)
    given = {"orders_per_day": orders_per_day, "seed": seed, "defect_rate": defect_rate}
    chosen = {name: value for name, value in given.items() if value is not None}
    business = replace(Business.from_settings(settings), **chosen)  # type: ignore[arg-type]
    rows: dict[str, int] = {}
    for number in range(days or settings.days):
        day = business.start_date + timedelta(days=number)
        for name, count in write_day(business, day, out).items():
            rows[name] = rows.get(name, 0) + count
        output.progress(f"{day}")
    output.result({"out": out, "rows": rows})
    output.table(("table", "rows"), [(name, f"{count:,}") for name, count in rows.items()], right=(1,))
    output.text(f"written below {out}")


def write_day(business: Business, day: date, folder: Path) -> dict[str, int]:
    """Write one day's files below `folder`, as they would be landed.

    Returns:
        Rows by table, the known answers and the defects among them.
    """
    import pyarrow.parquet as pq

    from semops_data.landing.objects import encode, object_path
    from semops_data.synthesis.business import business_day

    made, rows = business_day(business, day), {}
    for name, table in made.tables.items():
        path = folder / object_path(name, day.isoformat())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(name, table, made.cut_rows(name)))
        rows[name] = table.num_rows
    for name, table in (("truth", made.truth), ("defects", made.defects)):
        path = folder / "synthesis" / name / f"day={day.isoformat()}" / "part-0.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)
        rows[name] = table.num_rows
    return rows
