"""Replace a table, or one partition of it, in one commit; nothing is committed where it already holds the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deltalake import write_deltalake

from semops_data.contracts import table
from semops_data.lakehouse.conform import in_key_order
from semops_data.lakehouse.digest import digest
from semops_data.lakehouse.lake import Commit, MissingTableError
from semops_data.lakehouse.merge import prepared
from semops_data.lakehouse.schema import commented, constrain, constraints, evolve
from semops_data.lakehouse.shapes import scan
from semops_data.lakehouse.writing import Transactions, partition_text, predicate, retried

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from deltalake import DeltaTable

    from semops_data.contracts import Table
    from semops_data.lakehouse.lake import Lake


def replace(lake: Lake, key: str, data: pa.Table, *, where: Mapping[str, str] | None = None) -> Commit:
    """Make a table or a partition hold exactly these rows; see `Lake.replace`."""
    data = lake.conform(key, data)
    lake.refuse_strays(key, data, where)
    fingerprint = digest(data)
    mark = Transactions(key, dict(where or {}), fingerprint)
    changed, version = retried(
        lambda: _attempt(lake, table(key), data, mark), lake.uri(key), f"table {key}{partition_text(where)}"
    )
    return Commit(key, version, data.num_rows, changed=changed, digest=fingerprint)


def _attempt(lake: Lake, contract: Table, data: pa.Table, mark: Transactions) -> tuple[bool, int]:
    """One replace of what the table holds now: whether it, or an attempt before it, committed; and the version."""
    lake.make_root()
    # A table without constraints is made by its first rows, in one commit; readers never see it empty.
    delta = _opened(lake, contract.key)
    if delta is None and constraints(contract):
        delta = prepared(lake, contract)
    if delta is not None and _holds(delta, contract, mark):
        return mark.was_tried and mark.are_in(delta), int(delta.version())
    options: dict[str, Any] = {}
    if delta is not None and mark.where:
        evolve(delta, contract)
        options["predicate"] = predicate(mark.where)
    elif delta is not None:
        options["schema_mode"] = "overwrite"
        # Of a constraint on a column that is to go.
        constrain(delta, contract)
    write_deltalake(
        lake.uri(contract.key) if delta is None else delta,
        data.cast(commented(contract.arrow_schema)),
        # A table that another writer makes meanwhile is not to be overwritten.
        mode="error" if delta is None else "overwrite",
        partition_by=[contract.partition_by] if contract.partition_by else None,
        name=contract.key,
        description=contract.description,
        storage_options=dict(lake.storage_options),
        commit_properties=mark.properties(),
        **options,
    )
    return True, 0 if delta is None else int(delta.version())


def _opened(lake: Lake, key: str) -> DeltaTable | None:
    try:
        return lake.open(key)
    except MissingTableError:
        return None


def _holds(delta: DeltaTable, contract: Table, mark: Transactions) -> bool:
    """Whether the table, or the partition, already holds the rows."""
    schema = contract.arrow_schema
    if {field.name for field in delta.schema().fields} != set(schema.names):
        return False
    held = scan(delta, schema.names, mark.where)
    return digest(in_key_order(contract, held.cast(schema))) == mark.content
