"""The facets of OpenLineage, made from records and nodes. A facet without a value is left out.

The models are openlineage-python's, which know each facet's schema; they are imported when the first one is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semops_data.lineage.naming import LAKE_KINDS, DatasetName, Places, from_uri, logical, physical
from semops_data.lineage.secrets import scrub

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from semops_data.lineage.records import Check, Column, Failure, Graph, Node, Record

ENGINE = "dagster"
_LONGEST_STACK = 20_000
_LONGEST_VALUE = 500


class _Models:
    """openlineage-python's facet modules by name, imported at the first use."""

    def __getattr__(self, name: str) -> Any:
        from openlineage.client import facet_v2

        return getattr(facet_v2, name)


ol = _Models()


def dataset_facets(node: Node, places: Places, *, record: Record | None = None) -> dict[str, Any]:
    """What is known of a dataset, from its definition and, where given, from the record of its materialization."""
    name = physical(node, places)
    metadata = record.metadata if record else {}
    columns: Sequence[Column] = node.columns or metadata.get("dagster/column_schema") or ()
    facets: dict[str, Any] = {
        "symlinks": _symlinks(node, name, places, metadata.get("dagster/uri")),
        "dataSource": ol.datasource_dataset.DatasourceDatasetFacet(name=name.namespace, uri=_uri(name)),
    }
    if columns:
        facets["schema"] = _schema(columns)
    if node.description:
        facets["documentation"] = ol.documentation_dataset.DocumentationDatasetFacet(description=node.description)
    if node.owners:
        owners = [ol.ownership_dataset.Owner(name=owner) for owner in node.owners]
        facets["ownership"] = ol.ownership_dataset.OwnershipDatasetFacet(owners=owners)
    if node.storage_kind:
        is_delta = node.storage_kind in LAKE_KINDS
        facets["storage"] = ol.storage_dataset.StorageDatasetFacet(
            storageLayer="delta" if is_delta else node.storage_kind, fileFormat="parquet" if is_delta else None
        )
    if record and record.data_version:
        facets["version"] = version(record.data_version)
    return facets


def _uri(name: DatasetName) -> str:
    return "file:///" if name.namespace == "file" else name.namespace


def _symlinks(node: Node, name: DatasetName, places: Places, reported: Any) -> Any:
    own = logical(node.key, places)
    # Never the type TABLE, which DataHub reads as Hive.
    found = [ol.symlinks_dataset.Identifier(namespace=own.namespace, name=own.name, type="DAGSTER_ASSET")]
    elsewhere = from_uri(reported) if isinstance(reported, str) else None
    if elsewhere and elsewhere not in (name, own):
        found.append(
            ol.symlinks_dataset.Identifier(namespace=elsewhere.namespace, name=elsewhere.name, type="LOCATION")
        )
    return ol.symlinks_dataset.SymlinksDatasetFacet(identifiers=found)


def _schema(columns: Sequence[Column]) -> Any:
    fields = [
        ol.schema_dataset.SchemaDatasetFacetFields(
            name=column.name, type=column.type, description=column.description, ordinal_position=position
        )
        for position, column in enumerate(columns, start=1)
    ]
    return ol.schema_dataset.SchemaDatasetFacet(fields=fields)


def version(data_version: str) -> Any:
    """The version of the data, by content where the asset gives one."""
    return ol.dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=data_version)


def column_lineage(lineage: Mapping[str, Sequence[tuple[str, str]]], graph: Graph, places: Places) -> Any:
    """Which input columns each column comes from, in the names that the inputs carry."""
    fields = {}
    for column, sources in sorted(lineage.items()):
        inputs = []
        for key, field in sources:
            name = physical(graph.node(key), places)
            inputs.append(ol.column_lineage_dataset.InputField(namespace=name.namespace, name=name.name, field=field))
        fields[column] = ol.column_lineage_dataset.Fields(inputFields=inputs)
    return ol.column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields)


def output_facets(record: Record) -> dict[str, Any]:
    """Statistics and subset of one materialization's output."""
    metadata = record.metadata
    rows = metadata.get("dagster/partition_row_count", metadata.get("dagster/row_count"))
    size = metadata.get("semops/size_bytes", metadata.get("semops/bytes"))
    facets: dict[str, Any] = {}
    if isinstance(rows, int) or isinstance(size, int):
        facets["outputStatistics"] = ol.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            rowCount=rows if isinstance(rows, int) else None, size=size if isinstance(size, int) else None
        )
    return facets


def subset(partition: str) -> dict[str, Any]:
    """The partition that an output holds."""
    condition = _partition_condition(partition)
    return {"subset": ol.base_subset_dataset.OutputSubsetOutputDatasetFacet(outputCondition=condition)}


def input_subset(partition: str) -> dict[str, Any]:
    """The partition that a check looked at."""
    condition = _partition_condition(partition)
    return {"subset": ol.base_subset_dataset.InputSubsetInputDatasetFacet(inputCondition=condition)}


def _partition_condition(partition: str) -> Any:
    part = ol.base_subset_dataset.Partition(dimensions={"partition": partition}, identifier=partition)
    return ol.base_subset_dataset.PartitionSubsetCondition(partitions=[part])


def job_facets(kind: str, node: Node | None = None) -> dict[str, Any]:
    """What is known of a job. `kind` is ASSET, CHECK, OBSERVATION or JOB."""
    facets: dict[str, Any] = {
        "jobType": ol.job_type_job.JobTypeJobFacet(processingType="BATCH", integration="DAGSTER", jobType=kind)
    }
    if node and node.description:
        facets["documentation"] = ol.documentation_job.DocumentationJobFacet(description=node.description)
    if node and node.owners:
        owners = [ol.ownership_job.Owner(name=owner) for owner in node.owners]
        facets["ownership"] = ol.ownership_job.OwnershipJobFacet(owners=owners)
    tags = [("kind", kind_name) for kind_name in node.kinds] if node else []
    tags += [("group", node.group)] if node and node.group else []
    if tags:
        fields = [ol.tags_job.TagsJobFacetFields(key=key, value=value, source="DAGSTER") for key, value in tags]
        facets["tags"] = ol.tags_job.TagsJobFacet(tags=fields)
    return facets


def engine(engine_version: str, adapter_version: str) -> dict[str, Any]:
    """What runs the jobs, and what tells of them."""
    return {
        "processing_engine": ol.processing_engine_run.ProcessingEngineRunFacet(
            version=engine_version, name=ENGINE, openlineageAdapterVersion=adapter_version
        )
    }


def run_tags(tags: Mapping[str, str]) -> dict[str, Any]:
    """The given tags; they have passed the allow-list."""
    fields = [ol.tags_run.TagsRunFacetFields(key=key, value=tags[key], source="DAGSTER") for key in sorted(tags)]
    return {"tags": ol.tags_run.TagsRunFacet(tags=fields)} if fields else {}


def parent(run_id: str, namespace: str, job: str) -> dict[str, Any]:
    """The Dagster run that an asset's run belongs to; it is the root too."""
    root = ol.parent_run.Root(
        run=ol.parent_run.RootRun(runId=run_id), job=ol.parent_run.RootJob(namespace=namespace, name=job)
    )
    above = ol.parent_run.ParentRunFacet(
        run=ol.parent_run.Run(runId=run_id), job=ol.parent_run.Job(namespace=namespace, name=job), root=root
    )
    return {"parent": above}


def nominal_time(window: tuple[datetime, datetime] | None) -> dict[str, Any]:
    """The time that a partition stands for."""
    if window is None:
        return {}
    start, end = (instant.isoformat() for instant in window)
    return {"nominalTime": ol.nominal_time_run.NominalTimeRunFacet(nominalStartTime=start, nominalEndTime=end)}


def error_message(failure: Failure | None, secrets: Sequence[str]) -> dict[str, Any]:
    """Why a run failed: the innermost cause, and the stack's end."""
    if failure is None:
        return {}
    return {
        "errorMessage": ol.error_message_run.ErrorMessageRunFacet(
            message=scrub(f"{failure.error}: {failure.message}", secrets),
            programmingLanguage="python",
            stackTrace=scrub(failure.stack, secrets)[-_LONGEST_STACK:],
        )
    }


def assertion(check: Check, metadata: Mapping[str, Any], secrets: Sequence[str]) -> dict[str, Any]:
    """One check's result as the input facet that catalogues show."""
    found = ol.data_quality_assertions_dataset.Assertion(
        assertion=check.name, success=bool(check.passed), **_claim(check, metadata, secrets)
    )
    return {"dataQualityAssertions": ol.data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet([found])}


def test(check: Check, metadata: Mapping[str, Any], secrets: Sequence[str]) -> dict[str, Any]:
    """One check's result as the run facet; `skip` where the check never came to a result."""
    status = "skip" if check.passed is None else "pass" if check.passed else "fail"
    found = ol.test_run.TestExecution(status=status, **_claim(check, metadata, secrets))
    return {"test": ol.test_run.TestRunFacet(tests=[found])}


def _claim(check: Check, metadata: Mapping[str, Any], secrets: Sequence[str]) -> dict[str, Any]:
    return {
        "name": check.name,
        "severity": check.severity.lower(),
        "description": scrub(check.description, secrets) if check.description else None,
        "expected": _text(metadata.get("expected", metadata.get("semops/expected")), secrets),
        "actual": _text(metadata.get("actual", metadata.get("semops/actual")), secrets),
    }


def _text(value: Any, secrets: Sequence[str]) -> str | None:
    return None if value is None else scrub(str(value), secrets)[:_LONGEST_VALUE]
