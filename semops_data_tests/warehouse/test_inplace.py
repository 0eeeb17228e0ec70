"""The SQL of the way without a copy, as text: no account is at hand to run it."""

import pytest
import sqlglot
from click.testing import CliRunner
from sqlglot import exp

from semops_data.cli.warehouse import command
from semops_data.contracts import TABLES, table
from semops_data.warehouse.inplace import statements, tables

LAKE = "s3://bucket/some/prefix/"


def test_volume_then_integration_then_one_table_each() -> None:
    """Each names the one before it, so the order is the order in which they run."""
    volume, integration, schema, *rest = statements(LAKE, database="db", role_arn="arn:aws:iam::1:role/r")
    assert volume.startswith('CREATE EXTERNAL VOLUME IF NOT EXISTS "SEMOPS_LAKE"')
    assert "STORAGE_BASE_URL = 's3://bucket/some/prefix/'" in volume
    assert "STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::1:role/r'" in volume
    assert "ALLOW_WRITES = FALSE" in volume
    assert "TABLE_FORMAT = DELTA" in integration
    assert "CATALOG_SOURCE = OBJECT_STORE" in integration
    assert schema == 'CREATE SCHEMA IF NOT EXISTS "DB"."LAKEHOUSE"'
    assert len(rest) == len(tables())
    for key, statement in zip(tables(), rest, strict=True):
        assert statement.startswith(f'CREATE ICEBERG TABLE IF NOT EXISTS "DB"."LAKEHOUSE"."{table(key).name.upper()}"')
        assert f"BASE_LOCATION = '{key}'" in statement
        assert "EXTERNAL_VOLUME = 'SEMOPS_LAKE'" in statement
        assert "CATALOG = 'SEMOPS_DELTA'" in statement


def test_the_tables_parse_as_snowflake_with_one_name_and_their_comment() -> None:
    """A quote in a description must not end the statement; volume and integration are beyond sqlglot's grammar."""
    for key, statement in zip(tables(), statements(LAKE, database="db")[3:], strict=True):
        (parsed,) = sqlglot.parse(statement, read="snowflake")
        assert isinstance(parsed, exp.Create)
        found = parsed.find(exp.Table)
        assert found is not None
        assert found.name == table(key).name.upper()
        comment = parsed.find(exp.SchemaCommentProperty)
        assert comment is not None
        assert comment.this.this == table(key).description


def test_every_table_that_facts_are_loaded_from_is_there() -> None:
    """A table that is forgotten would be one that marts lack."""
    facts = {key.replace("warehouse/fct_", "lakehouse/") for key in TABLES if key.startswith("warehouse/fct_")}
    assert facts <= set(tables())
    assert not [key for key in tables() if key.endswith("_quarantine")]


@pytest.mark.parametrize("root", ["/var/lake", "file:///var/lake", "s3:///prefix"])
def test_a_lake_that_no_account_can_reach_is_refused(root: str) -> None:
    """A folder of this machine has no address in Snowflake."""
    with pytest.raises(ValueError, match="SEMOPS_LAKE_URI"):
        statements(root, database="db")


def test_the_command_prints_both_ways() -> None:
    """What an administrator pastes."""
    in_place = CliRunner().invoke(command, ["sql", "--in-place", "--lake", LAKE], standalone_mode=False)
    assert "TABLE_FORMAT = DELTA" in in_place.output
    loaded = CliRunner().invoke(command, ["sql"], standalone_mode=False)
    assert "CREATE TAG IF NOT EXISTS" in loaded.output
    assert loaded.output.count("CREATE TABLE IF NOT EXISTS") == len([k for k in TABLES if k.startswith("warehouse/")])
