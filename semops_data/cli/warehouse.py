"""`dst warehouse`: the SQL of the warehouse, to read and to run elsewhere."""

from __future__ import annotations

import click

from semops_data.cli.console import Output, json_option
from semops_data.settings import load_settings


@click.group("warehouse")
def command() -> None:
    """The SQL that loads, defines and reads the warehouse."""


@command.command("sql")
@click.option("--in-place", is_flag=True, help="Snowflake reads the Delta tables where they are, without a copy.")
@click.option("--lake", default=None, help="s3://bucket/prefix of the Delta tables; the configured lake by default.")
@click.option("--role-arn", default=None, help="AWS role that Snowflake takes on to read the bucket.")
@json_option
def sql(*, in_place: bool, lake: str | None, role_arn: str | None, as_json: bool) -> None:
    """Print the DDL of all tables with comments, keys and tags; with --in-place, that of a warehouse without copies."""
    settings = load_settings()
    database = settings.snowflake_database.upper()
    if in_place:
        from semops_data.warehouse import inplace

        found = inplace.statements(
            lake or settings.lake_root, database=database, role_arn=role_arn or inplace.ROLE_PLACEHOLDER
        )
    else:
        found = _definitions(database)
    out = Output(as_json)
    out.result({"statements": found})
    out.text("\n\n".join(f"{statement};" for statement in found))


def _definitions(database: str) -> list[str]:
    from semops_data.contracts import TABLES
    from semops_data.warehouse import ddl
    from semops_data.warehouse.names import qualified
    from semops_data.warehouse.warehouse import SCHEMA

    tables = [table for table in TABLES.values() if table.room == "warehouse"]
    return [
        f"CREATE SCHEMA IF NOT EXISTS {qualified(database, SCHEMA)}",
        *ddl.create_tags(database=database, schema=SCHEMA),
        *(ddl.create_table(table, database=database, schema=SCHEMA) for table in tables),
    ]
