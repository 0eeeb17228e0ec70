"""Declarations refuse what no room could keep."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.contracts import TABLES, Column, Table, table
from semops_data.contracts.types import ARROW_TYPES

KEY = Column("id", "string", "Key.", is_key=True)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Column("Bad Name", "string", "x"), "snake_case"),
        (lambda: Column("x", "text", "x"), "none of"),
        (lambda: Column("x", "string", "x", is_key=True, nullable=True), "never null"),
        (lambda: Table("room/name", "x", (KEY, KEY)), "declared twice"),
        (lambda: Table("name", "x", (KEY,)), "room/name"),
        (lambda: Table("room/name", "x", (KEY,), partition_by="day"), "not declared"),
    ],
)
def test_a_wrong_declaration_is_refused_where_it_stands(build, message):
    """A typo in a contract must not reach a table."""
    with pytest.raises(ValueError, match=message):
        build()


def test_an_unknown_table_is_answered_with_the_tables_of_its_room():
    """A key is easily misspelt; a list of the right ones is the help."""
    with pytest.raises(KeyError, match="lakehouse/orders"):
        table("lakehouse/order")
    with pytest.raises(KeyError, match="no column 'x'"):
        table("lakehouse/orders")["x"]


@given(st.lists(st.tuples(st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True), st.sampled_from(ARROW_TYPES))))
def test_every_declaration_has_an_arrow_schema_in_its_own_order(columns):
    """Names and order of the contract are those of the data; units travel in the metadata."""
    unique = dict(columns)
    declared = Table("room/name", "x", tuple(Column(name, kind, "x", unit="ms") for name, kind in unique.items()))
    schema = declared.arrow_schema
    assert schema.names == list(unique)
    assert all(field.metadata[b"unit"] == b"ms" and not field.nullable for field in schema)


def test_every_reference_leads_to_a_declared_column():
    """A foreign key into nothing would be checked against nothing."""
    for declared in TABLES.values():
        for column, key, other in declared.references:
            assert declared[column].type == TABLES[key][other].type, (declared.key, column)
        assert isinstance(declared.arrow_schema, pa.Schema)
