"""The tables are there and have the contract's columns; looked up once for each connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.warehouse import ddl
from semops_data.warehouse.names import qualified, quote
from semops_data.warehouse.session import StatementError

if TYPE_CHECKING:
    from semops_data.contracts import Table
    from semops_data.warehouse.session import Session
    from semops_data.warehouse.warehouse import Warehouse

ASKED = "information_schema"


def prepare(session: Session, warehouse: Warehouse, *contracts: Table) -> None:
    """Create the tables that are not there, and add columns that the contract has gained; before BEGIN.

    Raises:
        StatementError: where a table of that name has other keys than the contract, with what to do.
    """
    known = session.memory.columns
    if all(_has(known, contract) for contract in contracts):
        return
    if ASKED not in session.memory.made:
        _ask(session, warehouse)
    is_new = any(contract.name.upper() not in known for contract in contracts)
    with_tags = is_new and not session.is_emulated and _make_tags(session, warehouse)
    for contract in contracts:
        if contract.name.upper() in known:
            _widen(session, warehouse, contract, known[contract.name.upper()])
        else:
            _create(session, warehouse, contract, with_tags=with_tags)
        known[contract.name.upper()] = {column.name.upper() for column in contract.columns}


def _ask(session: Session, warehouse: Warehouse) -> None:
    """Learn the columns of all tables of the schema; make the schema where it has none."""
    known = session.memory.columns
    query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = ?"
    for name, column in session.execute(query, warehouse.schema):
        known.setdefault(str(name), set()).add(str(column))
    if not known and not session.is_emulated:
        session.execute(f"CREATE SCHEMA IF NOT EXISTS {qualified(warehouse.database, warehouse.schema)}")
    session.memory.made[ASKED] = ASKED


def _has(known: dict[str, set[str]], contract: Table) -> bool:
    return {column.name.upper() for column in contract.columns} <= known.get(contract.name.upper(), set())


def _create(session: Session, warehouse: Warehouse, contract: Table, *, with_tags: bool) -> None:
    place = {"database": warehouse.database, "schema": warehouse.schema}
    session.execute(ddl.create_table(contract, **place, is_emulated=session.is_emulated, with_tags=with_tags))


def _widen(session: Session, warehouse: Warehouse, contract: Table, held: set[str]) -> None:
    """Add what is missing; a table without the contract's keys is one of a former shape, and no row of it would match.

    Raises:
        StatementError: for such a table.
    """
    name = warehouse.name(contract.name)
    if lost := [key for key in contract.keys if key.upper() not in held]:
        raise StatementError(
            f"table {name} is of a former shape: it lacks {', '.join(lost)}, the key of {contract.key}. Run "
            f"`DROP TABLE {name}` and materialize {contract.key} for every day again: its rows are all in the lakehouse"
        )
    for column in contract.columns:
        if column.name.upper() not in held:
            kind = ddl.SNOWFLAKE_TYPES[column.type]
            session.execute(f"ALTER TABLE {name} ADD COLUMN {quote(column.name)} {kind}")


def _make_tags(session: Session, warehouse: Warehouse) -> bool:
    """Make the tags of the contracts; whether the account has tags at all: the standard edition has none."""
    try:
        for statement in ddl.create_tags(database=warehouse.database, schema=warehouse.schema):
            session.execute(statement)
    except StatementError:
        return False
    return True
