"""Time travel: the version of a moment, what happened in each version, and the rows of one.

Delta answers a moment or version outside its range with the nearest one, without a word; here that is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from semops_data.lakehouse.lake import Lake


@dataclass(frozen=True)
class Step:
    """One version of a table.

    Attributes:
        version: its number.
        committed_at: when, UTC.
        operation: `WRITE`, `MERGE`, `OPTIMIZE`, ...
        details: partition or predicate, and rows or files where Delta counted them.
    """

    version: int
    committed_at: datetime
    operation: str
    details: str


def history(lake: Lake, key: str, limit: int | None = None) -> list[Step]:
    """The versions of a table, latest first.

    Raises:
        MissingTableError: where the table was never written.
    """
    return [_step(entry) for entry in lake.open(key).history(limit)]


def _step(entry: dict[str, object]) -> Step:
    parameters, metrics = entry.get("operationParameters"), entry.get("operationMetrics")
    wanted = ("predicate", "mode", "num_added_rows", "num_target_rows_inserted", "num_target_rows_updated",
              "num_target_rows_deleted", "numFilesAdded", "numFilesRemoved", "numDeletedFiles")  # fmt: skip
    said = {**(parameters if isinstance(parameters, dict) else {}), **(metrics if isinstance(metrics, dict) else {})}
    version, moment = entry["version"], entry["timestamp"]
    assert isinstance(version, int)  # noqa: S101
    assert isinstance(moment, int)  # noqa: S101
    return Step(
        version,
        datetime.fromtimestamp(moment / 1000, UTC),
        str(entry.get("operation", "")),
        ", ".join(f"{name}={said[name]}" for name in wanted if said.get(name) not in (None, 0)),
    )


def version_at(lake: Lake, key: str, moment: datetime) -> int:
    """The version that was the latest at a moment.

    Args:
        lake: holds the table.
        key: the table.
        moment: in UTC where it names no zone.

    Raises:
        ValueError: where the moment lies before the first commit or in the future.
    """
    asked = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    steps = history(lake, key)
    first, now = min(step.committed_at for step in steps), datetime.now(UTC)
    if not first <= asked <= now:
        raise ValueError(
            f"Delta table {key} was first written at {first.isoformat(timespec='milliseconds')}, and it is "
            f"{now.isoformat(timespec='seconds')}: there is no version of {asked.isoformat()}"
        )
    return max(step.version for step in steps if step.committed_at <= asked)


def show(lake: Lake, key: str, *, version: int | None = None, limit: int = 20) -> tuple[int, int, pa.Table]:
    """Rows of one version as it was, in the columns that it had.

    Args:
        lake: holds the table.
        key: the table.
        version: the latest by default.
        limit: at most this many rows.

    Returns:
        The version, its number of rows, and the first of them.

    Raises:
        ValueError: where the version is out of range.
        MissingTableError: where the table was never written.
        LakeError: where files of the version are gone, for instance vacuumed.
    """
    from semops_data.lakehouse.shapes import as_dataset
    from semops_data.lakehouse.writing import guarded

    delta = lake.open(key, version=version)
    with guarded("read", f"version {delta.version()} of {lake.uri(key)}"):
        # Threads of a dataset scan outlive a short process and crash it at exit.
        rows = as_dataset(delta).head(limit, use_threads=False)
    return int(delta.version()), int(delta.count()), rows
