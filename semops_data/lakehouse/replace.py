"""Replace a table, or one partition of it, in one commit; nothing is committed where it already holds the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deltalake import write_deltalake

from semops_data.contracts import table
from semops_data.lakehouse.digest import digest
from semops_data.lakehouse.lake import Commit
from semops_data.lakehouse.merge import prepared
from semops_data.lakehouse.schema import commented, constrain, constraints, evolve
from semops_data.lakehouse.writing import Transactions, partition_text, predicate, retried

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from semops_data.contracts import Table
    from semops_data.lakehouse.lake import Lake


def replace(lake: Lake, key: str, data: pa.Table, *, where: Mapping[str, str] | None = None) -> Commit:
    """Make a table or a partition hold exactly these rows; see `Lake.replace`."""
    data = lake.conform(key, data)
    lake.refuse_strays(key, data, where)
    fingerprint = digest(data)
    mark = Transactions(key, dict(where or {}), fingerprint)
    changed = retried(
        lambda: _attempt(lake, table(key), data, mark), lake.uri(key), f"table {key}{partition_text(where)}"
    )
    return Commit(key, lake.version(key), data.num_rows, changed=changed, digest=fingerprint)


def _attempt(lake: Lake, contract: Table, data: pa.Table, mark: Transactions) -> bool:
    lake.make_root()
    # A table without constraints is made by its first rows, in one commit; readers never see it empty.
    is_there = lake.exists(contract.key)
    if not is_there and constraints(contract):
        prepared(lake, contract)
        is_there = True
    if is_there and _holds(lake, contract, mark):
        return mark.was_tried and mark.are_in(lake.open(contract.key))
    options: dict[str, Any] = {}
    if is_there and mark.where:
        evolve(lake.open(contract.key), contract)
        options["predicate"] = predicate(mark.where)
    elif is_there:
        options["schema_mode"] = "overwrite"
        # Of a constraint on a column that is to go.
        constrain(lake.open(contract.key), contract)
    write_deltalake(
        lake.uri(contract.key),
        data.cast(commented(contract.arrow_schema)),
        # A table that another writer makes meanwhile is not to be overwritten.
        mode="overwrite" if is_there else "error",
        partition_by=[contract.partition_by] if contract.partition_by else None,
        name=contract.key,
        description=contract.description,
        storage_options=dict(lake.storage_options),
        commit_properties=mark.properties(),
        **options,
    )
    return True


def _holds(lake: Lake, contract: Table, mark: Transactions) -> bool:
    """Whether the table, or the partition, already holds the rows."""
    import pyarrow as pa

    held_schema = pa.schema(lake.open(contract.key).schema().to_arrow())
    if set(held_schema.names) != set(contract.arrow_schema.names):
        return False
    held = lake.read(contract.key, where=mark.where)
    held = held.sort_by([(name, "ascending") for name in contract.keys]) if contract.keys else held
    return digest(held) == mark.content
