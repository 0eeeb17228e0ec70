"""`dst generate`: the synthetic business as files, for use without the platform."""

from __future__ import annotations

from pathlib import Path

import click

from semops_data.cli.console import Output, json_option
from semops_data.settings import load_settings


@click.command("generate")
@click.option("--days", type=click.IntRange(1, 3_660), help="Days of trade; SEMOPS_DAYS by default.")
@click.option("--orders-per-day", type=click.IntRange(1, 10_000_000), help="Mean orders a day.")
@click.option("--seed", type=click.IntRange(0), help="Same seed, same bytes.")
@click.option("--defect-rate", type=click.FloatRange(0, 0.5), help="Share of rows with a planted defect.")
@click.option("--scenario", help="Faults of whole days as NAME=DAY,..., such as drift=3; days count from 0.")
@click.option("--documents", is_flag=True, help="Write the free texts as Markdown too, for a corpus.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write to.")
@json_option
def command(
    days: int | None,
    orders_per_day: int | None,
    seed: int | None,
    defect_rate: float | None,
    scenario: str | None,
    out: Path,
    *,
    documents: bool,
    as_json: bool,
) -> None:
    """Write the exports of a web shop, day by day, with the known answers and the planted defects beside them."""
    from dataclasses import replace
    from datetime import timedelta

    from semops_data.landing.files import write_day, write_documents
    from semops_data.synthesis.parameters import Business
    from semops_data.synthesis.scenario import Scenario

    settings, output = load_settings(), Output(as_json)
    given = {"orders_per_day": orders_per_day, "seed": seed, "defect_rate": defect_rate}
    chosen = {name: value for name, value in given.items() if value is not None}
    business = replace(Business.from_settings(settings), **chosen)  # type: ignore[arg-type]
    if scenario is not None:
        business = replace(business, scenario=Scenario.parse(scenario))
    rows: dict[str, int] = {}
    for number in range(days or settings.days):
        day = business.start_date + timedelta(days=number)
        for name, count in write_day(business, day, out).items():
            rows[name] = rows.get(name, 0) + count
        if documents:
            rows["documents"] = rows.get("documents", 0) + write_documents(business, day, out)
        output.progress(f"{day}")
    output.result({"out": out, "rows": rows})
    output.table(("table", "rows"), [(name, f"{count:,}") for name, count in rows.items()], right=(1,))
    output.text(f"written below {out}")
