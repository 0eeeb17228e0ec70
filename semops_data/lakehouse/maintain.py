"""Keep the tables small and quick: compact, order, and remove what no version within the retention needs.

Z-order pays where a table has several files and is asked by a column that says nothing about which of them: a lookup
of one customer then reads one file, not nearly all (`benchmarks/lakehouse.py layout`). A table of one file is read no
quicker for it, so that only tables beyond the size of a file are ordered, by the columns that their contract names.

Nothing here changes a row. Vacuum also removes change data and the orphans of killed writers; a reader that follows
changes and was away for longer than the retention loads the whole table instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake import CommitProperties

from semops_data.contracts import TABLES, table
from semops_data.lakehouse.writing import retried

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deltalake import DeltaTable

    from semops_data.lakehouse.lake import Lake

SAFE_HOURS = 7 * 24
FILE_BYTES = 100 * 1024 * 1024
ORDERED = "zOrderBy"


@dataclass(frozen=True)
class Upkeep:
    """What maintenance did to one table.

    Attributes:
        key: the table.
        version: Delta version afterwards.
        files_before: data files of the latest version.
        files_after: the same, afterwards.
        size_bytes_before: their bytes.
        size_bytes_after: the same, afterwards.
        files_removed: files that were deleted from storage, orphans and change data included.
        is_z_ordered: whether the rows were brought into Z-order.
    """

    key: str
    version: int
    files_before: int
    files_after: int
    size_bytes_before: int
    size_bytes_after: int
    files_removed: int
    is_z_ordered: bool


def maintain(
    lake: Lake,
    keys: Sequence[str] = (),
    *,
    retention_hours: int = SAFE_HOURS,
    is_short_retention_allowed: bool = False,
    file_bytes: int = FILE_BYTES,
) -> list[Upkeep]:
    """Compact or order, then vacuum, each table that exists; a second time does nothing.

    Args:
        lake: holds the tables.
        keys: the tables; all by default.
        retention_hours: files that no version of this age needs are removed; at least 168.
        is_short_retention_allowed: allow less than 168 hours, which breaks readers and time travel of that time, and
            running writers where it is shorter than they take.
        file_bytes: how large a file becomes at most.

    Raises:
        ValueError: where the retention is shorter than 7 days without the permission.
        MissingTableError: where a named table was never written.
        LakeError: where the storage fails.
    """
    if retention_hours < SAFE_HOURS and not is_short_retention_allowed:
        raise ValueError(
            f"a retention of {retention_hours} hours is shorter than {SAFE_HOURS}: readers of older versions and "
            "writers that still run would lose their files; allow it explicitly where nobody else uses the lake"
        )
    wanted = keys or [key for key, contract in TABLES.items() if contract.room != "warehouse" and lake.exists(key)]
    force = is_short_retention_allowed
    return [_maintain(lake, key, retention_hours, file_bytes, force=force) for key in wanted]


def _maintain(lake: Lake, key: str, retention_hours: int, file_bytes: int, *, force: bool) -> Upkeep:
    files, size = live_files(lake.open(key))
    is_ordered = retried(lambda: _rewrite(lake.open(key), key, file_bytes), lake.uri(key), f"table {key}")
    delta = lake.open(key)

    def vacuum(*, dry_run: bool) -> list[str]:
        removed: list[str] = delta.vacuum(
            retention_hours=retention_hours, dry_run=dry_run, enforce_retention_duration=not force, full=True
        )
        return removed

    # Each vacuum makes two versions, even where it removes nothing.
    removed = retried(lambda: vacuum(dry_run=False) if vacuum(dry_run=True) else [], lake.uri(key), f"table {key}")
    delta = lake.open(key)
    files_after, size_after = live_files(delta)
    return Upkeep(
        key, int(delta.version()), files, files_after, size, size_after, len(removed), is_z_ordered=is_ordered
    )


def _rewrite(delta: DeltaTable, key: str, file_bytes: int) -> bool:
    """Order the rows where that pays, else compact; whether the rows were ordered now."""
    columns, (files, size) = table(key).z_order_by, live_files(delta)
    if columns and _is_in_order(delta):
        return False
    if not columns or files == 1 or size <= file_bytes:
        delta.optimize.compact(target_size=file_bytes)
        return False
    noted = CommitProperties({ORDERED: list(columns)})
    delta.optimize.z_order(list(columns), target_size=file_bytes, commit_properties=noted)
    return True


def _is_in_order(delta: DeltaTable) -> bool:
    """Whether nothing was written since the rows were ordered: ordering writes every file anew."""
    steps = (step for step in delta.history() if not step["operation"].startswith("VACUUM"))
    return ORDERED in next(steps, {})


def live_files(delta: DeltaTable) -> tuple[int, int]:
    """Number and bytes of the data files of a version."""
    sizes = pa.table(delta.get_add_actions(flatten=True)).column("size_bytes").to_pylist()
    return len(sizes), sum(sizes)
