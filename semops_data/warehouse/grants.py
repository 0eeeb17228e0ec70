"""What the role must be allowed to do in an account, and which GRANT is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from semops_data.warehouse.names import qualified, quote
from semops_data.warehouse.session import StatementError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from semops_data.warehouse.session import Session
    from semops_data.warehouse.warehouse import Warehouse

MOST_ROLES = 50


@dataclass(frozen=True)
class Grant:
    """One row of `SHOW GRANTS TO ROLE`.

    Attributes:
        privilege: USAGE, CREATE TABLE, OWNERSHIP, ...
        kind: WAREHOUSE, DATABASE, SCHEMA, ROLE, ...
        name: of what it is granted on, as Snowflake writes it, `SEMOPS.WAREHOUSE`.
    """

    privilege: str
    kind: str
    name: str


@dataclass(frozen=True)
class Need:
    """One privilege that the platform needs.

    Attributes:
        privilege: the privilege.
        kind: what it is on.
        name: parts of its name, unquoted.
    """

    privilege: str
    kind: str
    name: tuple[str, ...]

    def is_met(self, grants: Iterable[Grant]) -> bool:
        """Whether one of the grants gives it: the privilege itself, ALL, or OWNERSHIP."""
        wanted = {self.privilege, "OWNERSHIP", "ALL", "ALL PRIVILEGES"}
        name = ".".join(self.name)
        return any(
            grant.privilege.upper() in wanted and grant.kind.upper() == self.kind and _plain(grant.name) == name
            for grant in grants
        )

    def statement(self, role: str) -> str:
        """The GRANT that gives it."""
        return f"GRANT {self.privilege} ON {self.kind} {qualified(*self.name)} TO ROLE {quote(role)};"


def needs(*, database: str, schema: str, compute: str | None, has_schema: bool) -> list[Need]:
    """The privileges that loading and building marts take.

    Args:
        database: upper case.
        schema: upper case.
        compute: the virtual warehouse, upper case; None where none is configured.
        has_schema: whether the schema is there; else the role must be allowed to make it, and owns it then.
    """
    found = [Need("USAGE", "WAREHOUSE", (compute,))] if compute else []
    found.append(Need("USAGE", "DATABASE", (database,)))
    if not has_schema:
        return [*found, Need("CREATE SCHEMA", "DATABASE", (database,))]
    return [
        *found,
        *(Need(privilege, "SCHEMA", (database, schema)) for privilege in ("USAGE", "CREATE TABLE", "CREATE STAGE")),
    ]


def missing(wanted: Sequence[Need], grants: Sequence[Grant], role: str) -> list[str]:
    """The GRANT statements to run, in order; empty where nothing is missing."""
    return [need.statement(role) for need in wanted if not need.is_met(grants)]


def parse(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[Grant]:
    """Rows of `SHOW GRANTS TO ROLE` by the names of their columns, which differ between editions in order.

    Raises:
        ValueError: where a column that is needed is not among them.
    """
    names = [column.lower() for column in columns]
    absent = [name for name in ("privilege", "granted_on", "name") if name not in names]
    if absent:
        raise ValueError(f"SHOW GRANTS answered without {', '.join(absent)}: it has {', '.join(names)}")
    places = [names.index(name) for name in ("privilege", "granted_on", "name")]
    return [Grant(*(str(row[place]) for place in places)) for row in rows]


def granted(session: Session, role: str) -> list[Grant]:
    """The grants of a role and of the roles that it holds.

    Raises:
        StatementError: where the role may not even be looked at.
    """
    found: list[Grant] = []
    waiting: list[str] = [role]
    seen: set[str] = set()
    while waiting and len(seen) < MOST_ROLES:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        grants = parse(*session.table(f"SHOW GRANTS TO ROLE {quote(current)}"))
        found += grants
        waiting += [_plain(grant.name) for grant in grants if grant.kind.upper() == "ROLE"]
    return found


def examine(warehouse: Warehouse, session: Session) -> list[str]:
    """The GRANT statements that the session's role lacks in an account.

    Raises:
        StatementError: where the grants cannot be read.
    """
    role = str(session.execute("SELECT CURRENT_ROLE()")[0][0] or "")
    if not role:
        raise StatementError("the session has no role: set SEMOPS_SNOWFLAKE_ROLE")
    compute = warehouse.settings.snowflake_warehouse
    pattern = warehouse.schema.replace("_", r"\\_")
    try:
        schemas = session.table(f"SHOW SCHEMAS LIKE '{pattern}' IN DATABASE {quote(warehouse.database)}")[1]
    except StatementError:
        # Without USAGE on the database its schemas cannot be listed; that grant is then among the missing ones.
        schemas = []
    wanted = needs(
        database=warehouse.database,
        schema=warehouse.schema,
        compute=compute.upper() if compute else None,
        has_schema=bool(schemas),
    )
    return missing(wanted, granted(session, role), role)


def _plain(name: str) -> str:
    """A name as Snowflake shows it, without quotes."""
    return name.replace('"', "")
