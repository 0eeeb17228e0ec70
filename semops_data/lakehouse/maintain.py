"""Keep the tables small and quick: compact, order, and remove what no version within the retention needs.

Nothing here changes a row. Vacuum also removes change data and the orphans of killed writers; a reader that follows
changes and was away for longer than the retention loads the whole table instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from semops_data.contracts import TABLES
from semops_data.lakehouse.writing import retried

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deltalake import DeltaTable

    from semops_data.lakehouse.lake import Lake

SAFE_HOURS = 7 * 24
Z_ORDER = {"lakehouse/customers": ("customer_id",)}
"""Tables that are asked by a column that their files are not already apart in, and by which column.

Daily tables are not among them: a day is one file, and what lies in a day was measured to be read no quicker.
"""


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
) -> list[Upkeep]:
    """Compact or order, then vacuum, each table that exists; a second time does nothing.

    Args:
        lake: holds the tables.
        keys: the tables; all by default.
        retention_hours: files that no version of this age needs are removed; at least 168.
        is_short_retention_allowed: allow less than 168 hours, which breaks readers and time travel of that time, and
            running writers where it is shorter than they take.

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
    return [_maintain(lake, key, retention_hours, force=is_short_retention_allowed) for key in wanted]


def _maintain(lake: Lake, key: str, retention_hours: int, *, force: bool) -> Upkeep:
    files, size = live_files(lake.open(key))
    retried(lambda: _compact(lake.open(key), key), lake.uri(key), f"table {key}")
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
        key, int(delta.version()), files, files_after, size, size_after, len(removed),
        is_z_ordered=key in Z_ORDER and files > 1,
    )  # fmt: skip


def _compact(delta: DeltaTable, key: str) -> None:
    if key not in Z_ORDER:
        delta.optimize.compact()
    # Ordering rewrites everything: only where there is more than the one file that it leaves.
    elif live_files(delta)[0] > 1:
        delta.optimize.z_order(list(Z_ORDER[key]))


def live_files(delta: DeltaTable) -> tuple[int, int]:
    """Number and bytes of the data files of a version."""
    sizes = pa.table(delta.get_add_actions(flatten=True)).column("size_bytes").to_pylist()
    return len(sizes), sum(sizes)
