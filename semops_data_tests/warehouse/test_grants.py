"""Which privileges are missing, from rows as `SHOW GRANTS` gives them.

The emulator has no roles: what an account answers stands here as rows in the shape of Snowflake's documentation, so
these tests cover the reading and the verdict, not the account.
"""

from typing import Any

import pytest

from semops_data.settings import Settings
from semops_data.warehouse.grants import Grant, examine, granted, missing, needs, parse
from semops_data.warehouse.session import StatementError
from semops_data.warehouse.warehouse import Warehouse

COLUMNS = ["created_on", "privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by"]
ROLE = "LOADER"


def row(privilege: str, kind: str, name: str, role: str = ROLE) -> tuple[str, ...]:
    return ("2026-01-01", privilege, kind, name, "ROLE", role, "false", "ACCOUNTADMIN")


ALL = [
    row("USAGE", "WAREHOUSE", "COMPUTE"),
    row("USAGE", "DATABASE", "SEMOPS"),
    row("USAGE", "SCHEMA", "SEMOPS.WAREHOUSE"),
    row("CREATE TABLE", "SCHEMA", "SEMOPS.WAREHOUSE"),
    row("CREATE STAGE", "SCHEMA", "SEMOPS.WAREHOUSE"),
]


class FakeSession:
    """Answers SHOW as an account would, by the beginning of the statement."""

    def __init__(self, answers: dict[str, list[tuple[str, ...]]], *, schemas: int = 1) -> None:
        self.answers = answers
        self.schemas = schemas

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        assert sql == "SELECT CURRENT_ROLE()"
        return [(next(iter(self.answers), None),)]

    def table(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        if sql.startswith("SHOW SCHEMAS"):
            return ["name"], [("WAREHOUSE",)] * self.schemas
        role = sql.removeprefix("SHOW GRANTS TO ROLE ").strip('"')
        if role not in self.answers:
            raise StatementError(f"Role '{role}' does not exist or not authorized.")
        return COLUMNS, self.answers[role]


def account(tmp_path: Any) -> Warehouse:
    return Warehouse(Settings(home=tmp_path, snowflake_account="ORG-NAME", snowflake_warehouse="compute"))


def lacking(grants: list[tuple[str, ...]]) -> list[str]:
    wanted = needs(database="SEMOPS", schema="WAREHOUSE", compute="COMPUTE", has_schema=True)
    return missing(wanted, parse(COLUMNS, grants), ROLE)


@pytest.mark.parametrize("place", range(len(ALL)))
def test_each_missing_privilege_is_said_with_the_grant_to_run(place: int) -> None:
    """An administrator wants to paste, not to guess."""
    assert lacking(ALL) == []
    _, privilege, kind, name, *_ = ALL[place]
    quoted = ".".join(f'"{part}"' for part in name.split("."))
    assert lacking(ALL[:place] + ALL[place + 1 :]) == [f'GRANT {privilege} ON {kind} {quoted} TO ROLE "LOADER";']


def test_the_owner_of_a_schema_needs_no_other_grant_on_it() -> None:
    """OWNERSHIP is every privilege on the object, but not on others."""
    assert lacking([*ALL[:2], row("OWNERSHIP", "SCHEMA", "SEMOPS.WAREHOUSE")]) == []
    assert lacking([*ALL[1:], row("OWNERSHIP", "WAREHOUSE", "OTHER")]) != []


def test_a_grant_on_another_object_of_the_same_name_does_not_count() -> None:
    """A schema WAREHOUSE of another database is another schema."""
    assert len(lacking([*ALL[:2], *(row(r[1], r[2], "OTHER.WAREHOUSE") for r in ALL[2:])])) == 3


def test_where_the_schema_is_missing_the_role_must_be_able_to_make_it() -> None:
    """Who makes a schema owns it."""
    wanted = needs(database="SEMOPS", schema="WAREHOUSE", compute=None, has_schema=False)
    assert missing(wanted, parse(COLUMNS, ALL), ROLE) == ['GRANT CREATE SCHEMA ON DATABASE "SEMOPS" TO ROLE "LOADER";']


def test_columns_are_found_by_name_and_a_missing_one_is_named() -> None:
    """Snowflake adds columns between others."""
    assert parse(["NAME", "x", "granted_on", "privilege"], [("D", "", "DATABASE", "USAGE")]) == [
        Grant("USAGE", "DATABASE", "D")
    ]
    with pytest.raises(ValueError, match="granted_on"):
        parse(["name", "privilege"], [])


def test_roles_that_the_role_holds_count_and_circles_end() -> None:
    """Privileges are mostly granted to access roles, which are granted to the role that logs in."""
    session: Any = FakeSession({ROLE: [row("USAGE", "ROLE", '"READER"')], "READER": [*ALL, row("USAGE", "ROLE", ROLE)]})
    assert {grant.privilege for grant in granted(session, ROLE)} >= {"CREATE TABLE", "CREATE STAGE"}


def test_the_examination_asks_for_role_schema_and_grants(tmp_path: Any) -> None:
    """The whole way, with the configured names."""
    complete: Any = FakeSession({ROLE: ALL})
    assert examine(account(tmp_path), complete) == []
    without_schema: Any = FakeSession({ROLE: ALL}, schemas=0)
    assert examine(account(tmp_path), without_schema) == ['GRANT CREATE SCHEMA ON DATABASE "SEMOPS" TO ROLE "LOADER";']
    nobody: Any = FakeSession({})
    with pytest.raises(StatementError, match="SEMOPS_SNOWFLAKE_ROLE"):
        examine(account(tmp_path), nobody)
