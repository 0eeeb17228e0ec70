"""The facets of a dataset: what its definition says, and what one materialization found. Without a value, no facet."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from semops_data.lineage.models import Facets, facet, ol, plain_all
from semops_data.lineage.naming import LAKE_KINDS, DatasetName, Places, from_uri, logical
from semops_data.lineage.secrets import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from semops_data.lineage.records import Column, Node, Record

TABLES = LAKE_KINDS | {"snowflake", "postgres", "postgresql", "duckdb", "bigquery", "redshift", "iceberg", "mysql"}
FILES = frozenset({"s3", "gcs", "parquet", "json", "jsonl", "ndjson", "csv", "object", "file"})
SUBTYPES = {"view": "VIEW", "model": "MODEL", "topic": "TOPIC", "stream": "STREAM"}
CHANGES = frozenset({"ALTER", "CREATE", "DROP", "OVERWRITE", "RENAME", "TRUNCATE"})
LIFECYCLE, VERSION, ROWS_READ, COLUMN_METRICS, TRANSFORMATIONS = (
    f"semops/{name}" for name in ("lifecycle", "delta_version", "rows_read", "column_metrics", "column_transformations")
)
ROWS_IN = "semops/rows_in"
_SIZES = ("dagster/size_bytes", "semops/size_bytes", "semops/bytes")


def defined(node: Node, places: Places, name: DatasetName) -> Facets:
    """What is known of a dataset of that name before any run."""
    kind = (node.storage_kind or "").lower()
    facets: Facets = {
        "symlinks": _symlinks(node, name, places, None),
        "dataSource": ol.datasource_dataset.DatasourceDatasetFacet(name=name.namespace, uri=_uri(name)),
    }
    if node.columns:
        facets["schema"] = _schema(node.columns)
    if node.description:
        facets["documentation"] = ol.documentation_dataset.DocumentationDatasetFacet(description=node.description)
    if node.owners:
        owners = [ol.ownership_dataset.Owner(name=owner) for owner in node.owners]
        facets["ownership"] = ol.ownership_dataset.OwnershipDatasetFacet(owners=owners)
    if tags := _tags(node):
        facets["tags"] = ol.tags_dataset.TagsDatasetFacet(tags=tags)
    return plain_all(facets | _storage(node, kind, name))


def _storage(node: Node, kind: str, name: DatasetName) -> Facets:
    facets: Facets = {}
    if kind:
        is_delta = kind in LAKE_KINDS
        facets["storage"] = ol.storage_dataset.StorageDatasetFacet(
            storageLayer="delta" if is_delta else kind, fileFormat="parquet" if is_delta else None
        )
    found = next((SUBTYPES[word] for word in (*node.kinds, kind) if word in SUBTYPES), None)
    found = found or ("TABLE" if kind in TABLES else "FILE" if kind in FILES else None)
    if found:
        subtype = "EXTERNAL" if node.is_external else None
        facets["datasetType"] = ol.dataset_type_dataset.DatasetTypeDatasetFacet(datasetType=found, subType=subtype)
    if name.namespace.startswith("snowflake://"):
        facets["catalog"] = ol.catalog_dataset.CatalogDatasetFacet(
            framework="snowflake", type="snowflake", name=name.name.split(".")[0], source="dagster",
            warehouseUri=name.namespace, catalogProperties=None,
        )  # fmt: skip
    return facets


def _tags(node: Node) -> list[Any]:
    field = ol.tags_dataset.TagsDatasetFacetFields
    given = [("kind", kind) for kind in node.kinds] + [("group", node.group)] * bool(node.group)
    given += sorted(node.tags.items())
    tags = [field(key=key, value=scrub(value or "true"), source="DAGSTER") for key, value in given]
    for column in node.columns:
        tags += [field(key=key, value="true", source="DAGSTER", field=column.name) for key in column.tags]
    return tags


def found(node: Node, record: Record, places: Places, name_of: Callable[[str], DatasetName]) -> Facets:
    """What one materialization found, beyond the definition.

    Args:
        node: the asset.
        record: its materialization or observation.
        places: what datasets are called.
        name_of: the dataset of an asset key, for the sources of its columns.
    """
    name, metadata = name_of(node.key), record.metadata
    facets: Facets = {}
    reported = from_uri(uri) if isinstance(uri := metadata.get("dagster/uri"), str) else None
    if reported and reported not in (name, logical(node.key, places)):
        facets["symlinks"] = _symlinks(node, name, places, reported)
    if not node.columns and (columns := metadata.get("dagster/column_schema")):
        facets["schema"] = _schema(columns)
    if change := _change(metadata):
        facets["lifecycleStateChange"] = ol.lifecycle_state_change_dataset.LifecycleStateChangeDatasetFacet(
            lifecycleStateChange=change
        )
    facets = plain_all(facets)
    if record.data_version:
        facets |= version(record.data_version)
    lineage = metadata.get("dagster/column_lineage")
    if isinstance(lineage, dict) and lineage:
        facets["columnLineage"] = _column_lineage(lineage, metadata.get(TRANSFORMATIONS), name_of)
    return facets


def version(data_version: str) -> Facets:
    """The version that an input had when it was read."""
    return {"version": facet(ol.dataset_version_dataset.DatasetVersionDatasetFacet, datasetVersion=data_version)}


def _uri(name: DatasetName) -> str:
    return "file:///" if name.namespace == "file" else name.namespace


def _symlinks(node: Node, name: DatasetName, places: Places, reported: DatasetName | None) -> Any:
    own = logical(node.key, places)
    link = ol.symlinks_dataset.Identifier
    # The dataset's own name first, since OpenMetadata's connector takes the first one for the table's name; and never
    # the type TABLE, which DataHub reads as Hive.
    links = [link(namespace=name.namespace, name=name.name, type="PHYSICAL")] if name != own else []
    links.append(link(namespace=own.namespace, name=own.name, type="DAGSTER_ASSET"))
    if reported and reported not in (name, own):
        links.append(link(namespace=reported.namespace, name=reported.name, type="LOCATION"))
    return ol.symlinks_dataset.SymlinksDatasetFacet(identifiers=links)


def _schema(columns: Sequence[Column]) -> Any:
    fields = [
        ol.schema_dataset.SchemaDatasetFacetFields(
            name=column.name, type=column.type, description=column.description, ordinal_position=position
        )
        for position, column in enumerate(columns, start=1)
    ]
    return ol.schema_dataset.SchemaDatasetFacet(fields=fields)


def _change(metadata: Mapping[str, Any]) -> str | None:
    said = str(metadata.get(LIFECYCLE, "")).upper()
    if said in CHANGES:
        return said
    # The first version of a Delta table is the one that made it.
    delta_version = metadata.get(VERSION)
    return "CREATE" if delta_version == 0 and not isinstance(delta_version, bool) else None


def _column_lineage(
    lineage: Mapping[str, Sequence[tuple[str, str]]], said: Any, name_of: Callable[[str], DatasetName]
) -> Any:
    """Which input columns each column comes from, in the names that the inputs carry, and by what transformation."""
    fields, how = {}, said if isinstance(said, dict) else {}
    for column, sources in sorted(lineage.items()):
        steps = _transformations(how.get(column))
        more = {"transformations": steps} if steps else {}
        inputs = []
        for key, field in sources:
            name = name_of(key)
            inputs.append({"namespace": name.namespace, "name": name.name, "field": field} | more)
        fields[column] = {"inputFields": inputs}
    return facet(ol.column_lineage_dataset.ColumnLineageDatasetFacet, fields=fields)


def _transformations(said: Any) -> list[dict[str, Any]]:
    """`{"type", "subtype", "description", "masking"}`, or several; empty where nobody said how."""
    steps = [step for step in (said if isinstance(said, list) else [said]) if isinstance(step, dict)]
    return [
        {"type": str(step.get("type", "DIRECT")).upper()}
        | {name: step[name] for name in ("subtype", "masking") if step.get(name) is not None}
        | ({"description": scrub(str(step["description"]))} if step.get("description") else {})
        for step in steps
    ]


def output_facets(record: Record | None, partition: str | None) -> Facets:
    """Statistics of one materialization's output, and the partition that it holds."""
    metadata = record.metadata if record else {}
    facets: Facets = {}
    rows = whole(metadata.get("dagster/partition_row_count", metadata.get("dagster/row_count")))
    size = next((found for key in _SIZES if (found := whole(metadata.get(key))) is not None), None)
    files = whole(metadata.get("semops/files"))
    if (rows, size, files) != (None, None, None):
        statistics = ol.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet
        facets["outputStatistics"] = facet(statistics, rowCount=rows, size=size, fileCount=files)
    return facets | (_output_subset(partition) if partition else {})


def input_facets(key: str, record: Record | None, partition: str | None, *, is_only: bool = False) -> Facets:
    """What a materialization says of one input: rows read, metrics of its columns, the partition that it read.

    Args:
        key: the input's asset.
        record: the materialization; None where it is not known yet.
        partition: the partition that was read.
        is_only: there is no other input, so that rows in are rows of this one.
    """
    facets: Facets = dict(_input_subset(partition)) if partition else {}
    if record is None:
        return facets
    rows = whole(_of(record.metadata.get(ROWS_READ), key))
    if rows is None and is_only:
        rows = whole(record.metadata.get(ROWS_IN))
    columns = _of(record.metadata.get(COLUMN_METRICS), key)
    if isinstance(columns, dict) and columns:
        facets |= plain_all({"dataQualityMetrics": _quality(columns, rows)})
    return facets | (statistics(rows) if rows is not None else {})


def statistics(rows: int) -> Facets:
    """How many rows were seen in an input."""
    found = ol.input_statistics_input_dataset.InputStatisticsInputDatasetFacet(rowCount=rows)
    return plain_all({"inputStatistics": found})


def _of(by_key: Any, key: str) -> Any:
    return by_key.get(key) if isinstance(by_key, dict) else None


def _quality(columns: Mapping[str, Any], rows: int | None) -> Any:
    known = ("nullCount", "distinctCount", "sum", "count", "min", "max", "quantiles")
    metrics = ol.data_quality_metrics_input_dataset
    return metrics.DataQualityMetricsInputDatasetFacet(
        rowCount=rows,
        columnMetrics={
            name: metrics.ColumnMetrics(**{word: values[word] for word in known if values.get(word) is not None})
            for name, values in sorted(columns.items())
            if isinstance(values, dict)
        },
    )


@lru_cache(maxsize=4096)
def _output_subset(partition: str) -> Facets:
    subset = ol.base_subset_dataset.OutputSubsetOutputDatasetFacet(outputCondition=_condition(partition))
    return plain_all({"subset": subset})


@lru_cache(maxsize=4096)
def _input_subset(partition: str) -> Facets:
    subset = ol.base_subset_dataset.InputSubsetInputDatasetFacet(inputCondition=_condition(partition))
    return plain_all({"subset": subset})


def _condition(partition: str) -> Any:
    part = ol.base_subset_dataset.Partition(dimensions={"partition": partition}, identifier=partition)
    return ol.base_subset_dataset.PartitionSubsetCondition(partitions=[part])


def whole(value: Any) -> int | None:
    """The value where it is a whole number, and no truth value."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
