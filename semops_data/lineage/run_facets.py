"""The facets of runs and jobs, and of what a check found. Without a value, no facet."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from semops_data.lineage.models import Facets, facet, ol, plain_all
from semops_data.lineage.secrets import scrub

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from semops_data.lineage.records import Check, Failure, Node

ENGINE = "dagster"
SQL = ("semops/sql_text", "semops/sql")
_FENCE = re.compile(r"^\s*```\w*\n(.*?)\n?```\s*$", re.DOTALL)
_LONGEST_STACK = 20_000
_LONGEST_VALUE = 500


def job_facets(kind: str, node: Node | None = None, source_url: str | None = None) -> Facets:
    """What is known of a job. `kind` is ASSET, CHECK, OBSERVATION, EPISODE or JOB.

    Args:
        kind: what sort of job it is.
        node: the asset that an ASSET job makes.
        source_url: address of the source tree, to which the asset's file is appended.
    """
    facets: Facets = {
        "jobType": ol.job_type_job.JobTypeJobFacet(processingType="BATCH", integration="DAGSTER", jobType=kind)
    }
    if node is None:
        return plain_all(facets)
    if node.description:
        facets["documentation"] = ol.documentation_job.DocumentationJobFacet(description=node.description)
    if node.owners:
        owners = [ol.ownership_job.Owner(name=owner) for owner in node.owners]
        facets["ownership"] = ol.ownership_job.OwnershipJobFacet(owners=owners)
    tags = [("kind", kind_name) for kind_name in node.kinds] + [("group", node.group)] * bool(node.group)
    if tags:
        fields = [ol.tags_job.TagsJobFacetFields(key=key, value=value, source="DAGSTER") for key, value in tags]
        facets["tags"] = ol.tags_job.TagsJobFacet(tags=fields)
    if source := _source(node, source_url):
        facets["sourceCodeLocation"] = source
    return plain_all(facets)


def _source(node: Node, source_url: str | None) -> Any:
    url = node.source_url or (f"{source_url.rstrip('/')}/{node.source_path}" if source_url and node.source_path else "")
    if not url:
        return None
    return ol.source_code_location_job.SourceCodeLocationJobFacet(type="git", url=url, path=node.source_path)


def sql(metadata: Mapping[str, Any], dialect: str | None) -> Facets:
    """The SQL that made the asset, where the run says it, as text or as one block of Markdown."""
    text = next((found for name in SQL if isinstance(found := metadata.get(name), str)), "")
    if fenced := _FENCE.match(text):
        text = fenced.group(1)
    if not text.strip():
        return {}
    return plain_all({"sql": ol.sql_job.SQLJobFacet(query=scrub(text), dialect=dialect)})


def engine(engine_version: str, adapter_version: str) -> Facets:
    """What runs the jobs, and what tells of them."""
    found = ol.processing_engine_run.ProcessingEngineRunFacet(
        version=engine_version, name=ENGINE, openlineageAdapterVersion=adapter_version
    )
    return plain_all({"processing_engine": found})


def run_tags(tags: Mapping[str, str]) -> Facets:
    """The given tags; they have passed the allow-list."""
    fields = [ol.tags_run.TagsRunFacetFields(key=key, value=tags[key], source="DAGSTER") for key in sorted(tags)]
    return plain_all({"tags": ol.tags_run.TagsRunFacet(tags=fields)}) if fields else {}


def parent(above: tuple[str, str], namespace: str, root: tuple[str, str] | None = None) -> Facets:
    """The run above: (run id, job); and the one above all, such as a backfill, where that is another."""
    root_id, root_job = root or above
    found = ol.parent_run.ParentRunFacet(
        run=ol.parent_run.Run(runId=above[0]),
        job=ol.parent_run.Job(namespace=namespace, name=above[1]),
        root=ol.parent_run.Root(
            run=ol.parent_run.RootRun(runId=root_id), job=ol.parent_run.RootJob(namespace=namespace, name=root_job)
        ),
    )
    return plain_all({"parent": found})


def nominal_time(window: tuple[datetime, datetime] | None) -> Facets:
    """The time that a partition stands for."""
    if window is None:
        return {}
    return _nominal_time(*(instant.isoformat() for instant in window))


@lru_cache(maxsize=4096)
def _nominal_time(start: str, end: str) -> Facets:
    found = ol.nominal_time_run.NominalTimeRunFacet(nominalStartTime=start, nominalEndTime=end)
    return plain_all({"nominalTime": found})


def error_message(failure: Failure | None, secrets: Sequence[str]) -> Facets:
    """Why a run failed: the innermost cause, and the stack's end."""
    if failure is None:
        return {}
    found = ol.error_message_run.ErrorMessageRunFacet(
        message=scrub(f"{failure.error}: {failure.message}", secrets),
        programmingLanguage="python",
        stackTrace=scrub(failure.stack, secrets)[-_LONGEST_STACK:],
    )
    return plain_all({"errorMessage": found})


def error_text(text: str, secrets: Sequence[str]) -> Facets:
    """Why something failed that says no more than a sentence."""
    found = ol.error_message_run.ErrorMessageRunFacet(message=scrub(text, secrets), programmingLanguage="python")
    return plain_all({"errorMessage": found})


def assertion(check: Check, metadata: Mapping[str, Any], secrets: Sequence[str]) -> Facets:
    """One check's result as the input facet that catalogues show."""
    found = {"assertion": check.name, "success": bool(check.passed)} | _claim(check, metadata, secrets)
    model = ol.data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet
    return {"dataQualityAssertions": facet(model, assertions=[found])}


def test(check: Check, metadata: Mapping[str, Any], secrets: Sequence[str]) -> Facets:
    """One check's result as the run facet; `skip` where the check never came to a result."""
    status = "skip" if check.passed is None else "pass" if check.passed else "fail"
    found = {"status": status} | _claim(check, metadata, secrets)
    return {"test": facet(ol.test_run.TestRunFacet, tests=[found])}


def _claim(check: Check, metadata: Mapping[str, Any], secrets: Sequence[str]) -> dict[str, Any]:
    said = {
        "name": check.name,
        "severity": check.severity.lower(),
        "description": scrub(check.description, secrets) if check.description else None,
        "expected": _text(metadata.get("expected", metadata.get("semops/expected")), secrets),
        "actual": _text(metadata.get("actual", metadata.get("semops/actual")), secrets),
    }
    return {name: value for name, value in said.items() if value is not None}


def _text(value: Any, secrets: Sequence[str]) -> str | None:
    return None if value is None else scrub(str(value), secrets)[:_LONGEST_VALUE]
