"""The DDL says what the contract says."""

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from semops_data.contracts import TABLES, Column, Table
from semops_data.contracts.types import ARROW_TYPES
from semops_data.warehouse.ddl import (
    NOT_IN_EMULATOR,
    SNOWFLAKE_TYPES,
    comment,
    create_table,
    create_tags,
    set_tags,
)
from semops_data.warehouse.warehouse import Warehouse

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=50)


@st.composite
def contracts(draw: st.DrawFn) -> Table:
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    columns = tuple(
        Column(
            name,
            draw(st.sampled_from(ARROW_TYPES)),
            draw(TEXTS),
            is_key=place == 0,
            nullable=place > 0 and draw(st.booleans()),
        )
        for place, name in enumerate(names)
    )
    return Table(f"warehouse/{draw(NAMES)}", draw(TEXTS), columns)


@settings(deadline=None)
@given(contracts(), st.booleans())
def test_the_ddl_of_any_contract_parses_and_keeps_columns_and_nullability(contract: Table, is_emulated: bool) -> None:
    """Descriptions are free text: none may change the statement's meaning."""
    sql = create_table(contract, database="db", schema="s", is_emulated=is_emulated)
    statements = sqlglot.parse(sql, read="snowflake")
    assert len(statements) == 1
    found = list(statements[0].find_all(exp.ColumnDef))
    assert [column.name for column in found] == [column.name.upper() for column in contract.columns]
    required = [column.name for column in found if column.find(exp.NotNullColumnConstraint)]
    assert required == [column.name.upper() for column in contract.columns if not column.nullable]
    assert bool(statements[0].find(exp.PrimaryKey)) is not is_emulated


def test_every_type_of_a_contract_has_a_snowflake_type() -> None:
    """A new type would otherwise fail at the first load."""
    assert set(SNOWFLAKE_TYPES) == set(ARROW_TYPES)


def test_unit_and_term_reach_the_comment() -> None:
    """An analyst reads the comment, not the contract."""
    column = Column("net_revenue_cents", "int64", "Net revenue.", unit="EUR cent", term="net-revenue")
    assert comment(column) == "Net revenue. [unit: EUR cent; term: net-revenue]"


@pytest.mark.parametrize("key", [key for key in TABLES if key.startswith("warehouse/")])
def test_the_emulator_takes_the_ddl_of_every_warehouse_table(key: str, warehouse: Warehouse) -> None:
    """What it cannot do is left out, and named."""
    sql = create_table(TABLES[key], database=warehouse.database, schema=warehouse.schema, is_emulated=True)
    with warehouse.session() as session:
        session.execute(sql)
        session.execute(sql)
        query = (
            "SELECT column_name, is_nullable FROM information_schema.columns WHERE table_schema = ? AND table_name = ?"
        )
        found = session.execute(query, warehouse.schema, TABLES[key].name.upper())
        kept = session.execute("SELECT comment FROM information_schema.tables WHERE table_schema = ?", warehouse.schema)
    expected = {(column.name.upper(), "YES" if column.nullable else "NO") for column in TABLES[key].columns}
    assert set(found) == expected
    assert kept == [(TABLES[key].description,)]
    assert NOT_IN_EMULATOR


def test_term_and_unit_are_tags_of_an_account_and_named_as_left_out_here() -> None:
    """Tags are what Snowflake searches and governs by; the emulator knows none, and the list says so."""
    column = Column("net_revenue_cents", "int64", "Net revenue.", unit="EUR cent", term="net-revenue")
    contract = Table("warehouse/t", "A table.", (column,))
    tags = '"D"."S"."SEMOPS_TERM" = \'net-revenue\', "D"."S"."SEMOPS_UNIT" = \'EUR cent\''
    assert f"WITH TAG ({tags}) COMMENT" in create_table(contract, database="d", schema="s")
    assert "TAG" not in create_table(contract, database="d", schema="s", is_emulated=True)
    assert "TAG" not in create_table(contract, database="d", schema="s", with_tags=False)
    assert set_tags(contract, database="d", schema="s") == [
        f'ALTER TABLE "D"."S"."T" MODIFY COLUMN "NET_REVENUE_CENTS" SET TAG {tags}'
    ]
    assert [statement.split(" COMMENT")[0] for statement in create_tags(database="d", schema="s")] == [
        'CREATE TAG IF NOT EXISTS "D"."S"."SEMOPS_TERM"',
        'CREATE TAG IF NOT EXISTS "D"."S"."SEMOPS_UNIT"',
    ]
    assert any("TAG" in item for item in NOT_IN_EMULATOR)
