"""The emulator's short way gives what fakesnow's long one gives."""

# ruff: noqa: S608 - names of the test's own tables

from __future__ import annotations

import pytest
import sqlglot

from semops_data.contracts import table
from semops_data.warehouse.changing import merge
from semops_data.warehouse.emulator_quick import is_plain, merge_sql, upper_case
from semops_data.warehouse.session import Counts
from semops_data.warehouse.warehouse import Warehouse

STATEMENTS = (
    'SELECT c, (SELECT COUNT(*) FROM "D"."T" WHERE "DAY" = ?) FROM "D"."L" WHERE k = ? ORDER BY a DESC, b LIMIT 1',
    'INSERT INTO "T" ("A", "B") SELECT t."A", TRUE FROM "U" AS t WHERE NOT EXISTS (SELECT 1 FROM "X" AS s)',
    'DELETE FROM "D"."S"."T" AS t WHERE t."DAY" = ? AND EXISTS (SELECT 1 FROM "X" AS s WHERE s."A" = t."A")',
    'SELECT a, "b" FROM t WHERE a IS NOT NULL AND (b <> 1 OR c IS DISTINCT FROM 2) UNION SELECT a, b FROM u',
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
)
DETOURS = (
    "SELECT SUM(a) FROM t",
    "SELECT table_name FROM information_schema.columns",
    "SELECT a::VARCHAR FROM t",
    "SELECT column1 FROM VALUES (1)",
    "CREATE TABLE t (a INT)",
    "SELECT IDENTIFIER(?) FROM t",
)


@pytest.mark.parametrize("text", STATEMENTS)
def test_a_plain_statement_is_left_as_fakesnow_leaves_it(text: str) -> None:
    """Skipping eighty walks over the tree must skip no change that one of them would make."""
    import fakesnow
    from fakesnow.cursor import FakeSnowflakeCursor
    from fakesnow.dialect import parse_one

    assert is_plain(parse_one(text))
    with fakesnow.patch():
        import snowflake.connector

        cursor: FakeSnowflakeCursor = snowflake.connector.connect(database="D", schema="S").cursor()
        slow = cursor._transform(parse_one(text), None)
    assert upper_case(parse_one(text)).sql(dialect="duckdb") == slow.sql(dialect="duckdb")


@pytest.mark.parametrize("text", DETOURS)
def test_what_fakesnow_translates_goes_its_way(text: str) -> None:
    """The short way is for what needs no translation."""
    assert not is_plain(sqlglot.parse_one(text, read="snowflake"))


def test_a_merge_is_one_statement_of_duckdb_with_snowflakes_counts(warehouse: Warehouse) -> None:
    """Insert, update, leave alone and delete; counted apart, and in a transaction that can be rolled back."""
    name = warehouse.name("t")
    with warehouse.session() as session:
        session.execute(f"CREATE TABLE {name} (k VARCHAR, v INT)")
        session.execute(f"INSERT INTO {name} VALUES ('same', 1), ('other', 2), ('gone', 3)")
        session.execute('CREATE TEMPORARY TABLE "S" (k VARCHAR, v INT, is_gone BOOLEAN)')
        session.execute(
            "INSERT INTO \"S\" VALUES ('same', 1, FALSE), ('other', 9, FALSE), ('new', 4, FALSE), ('gone', 3, TRUE)"
        )
        text = (
            f'MERGE INTO {name} AS t USING "S" AS s ON t.k = s.k WHEN MATCHED AND s.is_gone THEN DELETE '
            "WHEN MATCHED AND t.v IS DISTINCT FROM s.v THEN UPDATE SET t.v = s.v "
            "WHEN NOT MATCHED THEN INSERT (k, v) VALUES (s.k, s.v)"
        )
        session.execute("BEGIN")
        assert session.change(text) == Counts(inserted=1, updated=1, deleted=1)
        session.execute("ROLLBACK")
        assert session.change(text) == Counts(inserted=1, updated=1, deleted=1)
        assert sorted(session.execute(f"SELECT k, v FROM {name}")) == [("new", 4), ("other", 9), ("same", 1)]
        session.execute('DELETE FROM "S" WHERE is_gone')
        assert session.change(text) == Counts()


def test_the_merge_of_a_load_takes_the_short_way() -> None:
    """The statement that costs most of a load."""
    texts: list[str] = []

    class Spy:
        def change(self, sql: str, *_: object) -> Counts:
            texts.append(sql)
            return Counts()

    class Place:
        def name(self, name: str) -> str:
            return f'"D"."S"."{name.upper()}"'

    merge(Spy(), Place(), table("warehouse/fct_orders"), '"STAGE_FCT_ORDERS"')  # type: ignore[arg-type]
    (text,) = texts
    statement = sqlglot.parse_one(text, read="snowflake")
    assert is_plain(statement)
    assert "UPDATE SET t." in text
    quick = merge_sql(statement)
    assert 'UPDATE SET "' in quick
    assert quick.endswith("RETURNING merge_action")
