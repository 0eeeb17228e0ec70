"""A registry as Arrow tables in their contracts' types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from semops_data.contracts import table

if TYPE_CHECKING:
    from semops_data.registry.model import Registry


def patterns_table(registry: Registry) -> pa.Table:
    """One row per pattern, as `registry/patterns` declares it."""
    rows = [
        {
            **{name: getattr(p, name) for name in vars(p) if name not in {"file", "line"}},
            "alternative_labels": list(p.alternative_labels),
            "surface_area": p.surface_area,
            "registered_file": _portable(p.file),
            "registered_line": p.line,
        }
        for p in registry.patterns
    ]
    return _table("registry/patterns", rows)


def edges_table(registry: Registry) -> pa.Table:
    """One row per edge, as `registry/edges` declares it."""
    rows = [{name: value for name, value in vars(edge).items() if name != "line"} for edge in registry.edges]
    return _table("registry/edges", rows)


def capabilities_table(registry: Registry) -> pa.Table:
    """One row per capability, as `registry/capabilities` declares it."""
    rows = [
        {
            **{name: getattr(c, name) for name in vars(c) if name not in {"file", "line"}},
            "implements": list(c.implements),
            "delivered_by": list(c.delivered_by),
        }
        for c in registry.capabilities
    ]
    return _table("registry/capabilities", rows)


def _table(key: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=table(key).arrow_schema)


def _portable(file: str) -> str:
    """The file below this package where it lies there, so that every machine writes the same rows."""
    head, found, tail = file.rpartition("/semops_data/")
    return f"semops_data/{tail}" if found and head else file
