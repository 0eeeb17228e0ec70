"""How large a table is, from its log alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.lakehouse.lake import Lake


def size_bytes(lake: Lake, key: str, where: Mapping[str, str] | None = None) -> int:
    """Bytes of the files of which a table, or a partition, consists now; see `Lake.size_bytes`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    actions = pa.table(lake.open(key).get_add_actions(flatten=True))
    for name, value in (where or {}).items():
        actions = actions.filter(pc.equal(actions.column(f"partition.{name}"), value))
    return int(pc.sum(actions.column("size_bytes")).as_py() or 0)
