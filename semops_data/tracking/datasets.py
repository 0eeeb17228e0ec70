"""What a materialization read and made, as `mlflow.data` datasets: names, digests, sources and schemas; pure.

The digest is the data version that Dagster keeps, so the dataset of an input is the dataset that the run which made it
has as its output, and MLflow's page joins the two.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from semops_data.lineage.naming import LAKE_KINDS, Places, physical

if TYPE_CHECKING:
    from semops_data.lineage.records import Graph, Node, Record

INPUT, OUTPUT = "input", "output"
LONGEST_DIGEST = 36
_TYPES = {"int64": "long", "int32": "integer", "float64": "double", "float32": "float", "bool": "boolean",
          "timestamp": "datetime", "date32": "datetime", "binary": "binary"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TrackedDataset:
    """One dataset of a run.

    Attributes:
        name: the asset, with its partition where it has one.
        digest: of its content, at most 36 characters.
        source_type: `mlflow.data`'s word for what kind of source it is.
        source: the source as JSON.
        context: input or output.
        schema: columns as `mlflow_colspec` JSON; None where unknown.
        version: the whole data version.
    """

    name: str
    digest: str
    source_type: str
    source: str
    context: str
    schema: str | None = None
    version: str


def datasets(record: Record, graph: Graph, places: Places) -> tuple[TrackedDataset, ...]:
    """The datasets of one materialization: what it made, and each input whose version Dagster kept."""
    found = []
    if record.data_version:
        own = graph.node(record.asset_key or "")
        found.append(_dataset(own, record.data_version, OUTPUT, places, record.partition))
    for key, version in sorted(record.input_versions.items()):
        parent = graph.node(key)
        read = record.partition if key in graph.node(record.asset_key or "").same_partitions else None
        found.append(_dataset(parent, version, INPUT, places, read))
    return tuple(found)


def _dataset(node: Node, version: str, context: str, places: Places, partition: str | None) -> TrackedDataset:
    source_type, source = _source(node, places)
    return TrackedDataset(
        name=f"{node.key} {partition}" if partition else node.key,
        digest=digest(version),
        source_type=source_type,
        source=json.dumps(source, sort_keys=True),
        context=context,
        schema=_schema(node),
        version=version,
    )


def digest(version: str) -> str:
    """A data version as a digest: itself where it is short enough, else the start of its sha256."""
    return version if len(version) <= LONGEST_DIGEST else hashlib.sha256(version.encode()).hexdigest()[:LONGEST_DIGEST]


def _source(node: Node, places: Places) -> tuple[str, dict[str, Any]]:
    name = physical(node, places)
    place = name.name if name.namespace == "file" else f"{name.namespace.rstrip('/')}/{name.name.lstrip('/')}"
    if (node.storage_kind or "").lower() in LAKE_KINDS:
        return "delta_table", {"path": place}
    if name.namespace.startswith("s3://"):
        return "s3", {"uri": place}
    if name.namespace == "file":
        return "local", {"uri": place}
    return "code", {"tags": {"uri": place}}


def _schema(node: Node) -> str | None:
    if not node.columns:
        return None
    columns = [{"type": _type(column.type), "name": column.name, "required": False} for column in node.columns]
    return json.dumps({"mlflow_colspec": columns})


def _type(name: str) -> str:
    return next((known for start, known in _TYPES.items() if name.startswith(start)), "string")
