"""Only documents that changed are read and cut again: the rows of the others stand in the tables already.

Rows are taken over where the table still holds what was written last, and this version of the code wrote it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from semops_data.corpus.tables import chunks_table, documents_table
from semops_data.lakehouse.digest import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from semops_data.corpus.model import Reading, Version
    from semops_data.lakehouse.carried import Carried
    from semops_data.lakehouse.lake import Commit, Lake


def passages(lake: Lake, current: Iterable[Version], carried: Carried) -> pa.Table:
    """The rows of `corpus/chunks` for these versions, in any order; those of documents that stay are taken over."""
    versions = list(current)
    held = _held(lake, "corpus/chunks", carried)
    if held is None:
        return chunks_table(versions)
    wanted = {(version.document_id, version.version_id, version.valid_from) for version in versions}
    known = _identities(held)
    staying = held.filter(pa.array([each in wanted for each in known], pa.bool_()))
    there = set(known)
    fresh = [v for v in versions if (v.document_id, v.version_id, v.valid_from) not in there]
    return pa.concat_tables([staying, chunks_table(fresh)])


def documents(lake: Lake, reading: Reading, carried: Carried) -> pa.Table:
    """The rows of `corpus/documents` for a reading; what was read in a version before is taken over."""
    held = _held(lake, "corpus/documents", carried)
    if held is None:
        return documents_table(reading)
    told = zip(held["title"].to_pylist(), held["language"].to_pylist(), strict=True)
    return documents_table(reading, known=dict(zip(_identities(held), told, strict=True)))


def keep(carried: Carried, commit: Commit) -> None:
    """Remember that this version of the code wrote the table."""
    carried.write(_name(commit.key), {"digest": np.frombuffer(commit.digest.encode(), np.uint8)})


def _held(lake: Lake, key: str, carried: Carried) -> pa.Table | None:
    """The table, where it holds what this version of the code wrote last."""
    state = carried.read(_name(key))
    if not state or not lake.exists(key):
        return None
    found = lake.read(key)
    return found if digest(found) == state["digest"].tobytes().decode() else None


def _identities(rows: pa.Table) -> Sequence[tuple[object, ...]]:
    names = ("document_id", "version_id", "valid_from")
    return list(zip(*(rows[name].to_pylist() for name in names), strict=True))


def _name(key: str) -> str:
    return key.replace("/", "-")
