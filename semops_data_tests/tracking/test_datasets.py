"""What a run read and made is a dataset in MLflow, with the digest that joins it to the run which made it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from semops_data.lineage.naming import Places
from semops_data.lineage.records import Column, Graph, Node, Record
from semops_data.tracking.datasets import LONGEST_DIGEST, datasets, digest

PLACES = Places("test", "/lake", "s3://raw", "ACME-MAIN")


def node(key, kind=None, **more):
    return Node(key=key, storage_kind=kind, **more)


GRAPH = Graph(
    {
        "a/delta": node("a/delta", "delta", columns=(Column("id", "int64"), Column("at", "timestamp[us]"))),
        "a/raw": node("a/raw", "parquet"),
        "a/mart": node("a/mart", "snowflake", same_partitions=frozenset({"a/delta"})),
        "a/idea": node("a/idea"),
    }
)


def record(key, **more):
    return Record(storage_id=1, timestamp=1.0, kind="ASSET_MATERIALIZATION", asset_key=key, **more)


def test_an_inputs_dataset_is_the_output_of_the_run_that_made_it():
    """MLflow joins datasets by name and digest."""
    made = datasets(record("a/delta", data_version="v" * 64, partitions=("2026-01-01",)), GRAPH, PLACES)
    read = datasets(
        record("a/mart", data_version="m", input_versions={"a/delta": "v" * 64}, partitions=("2026-01-01",)),
        GRAPH, PLACES,
    )  # fmt: skip
    (output,), (_, used) = made, read
    assert (output.context, used.context) == ("output", "input")
    assert replace(output, context="") == replace(used, context="")
    assert output.name == "a/delta 2026-01-01"


@pytest.mark.parametrize(
    ("key", "kind", "source"),
    [
        ("a/delta", "delta_table", {"path": "/lake/a/delta"}),
        ("a/raw", "s3", {"uri": "s3://raw/a/raw"}),
        ("a/mart", "code", {"tags": {"uri": "snowflake://ACME-MAIN/SEMOPS.A.MART"}}),
        ("a/idea", "code", {"tags": {"uri": "dagster://test/assets/a/idea"}}),
    ],
)
def test_a_source_is_one_that_mlflow_can_read_back(key, kind, source):
    from mlflow.data.dataset_source_registry import get_dataset_source_from_json

    (made,) = datasets(record(key, data_version="v"), GRAPH, PLACES)
    assert (made.source_type, json.loads(made.source)) == (kind, source)
    assert get_dataset_source_from_json(made.source, made.source_type)._get_source_type() == kind


def test_columns_are_mlflows():
    (made,) = datasets(record("a/delta", data_version="v"), GRAPH, PLACES)
    columns = json.loads(made.schema)["mlflow_colspec"]
    assert [(column["name"], column["type"]) for column in columns] == [("id", "long"), ("at", "datetime")]


def test_without_a_data_version_there_is_no_dataset():
    """A digest that nobody knows is left out, not made up."""
    assert datasets(record("a/delta"), GRAPH, PLACES) == ()


def test_a_digest_fits_and_differs_where_versions_differ():
    assert digest("short") == "short"
    assert len(digest("x" * 64)) == LONGEST_DIGEST
    assert digest("x" * 64) != digest("x" * 65)
