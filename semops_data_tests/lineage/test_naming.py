from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.lineage.naming import DatasetName, Places, from_uri, physical
from semops_data.lineage.records import Node

PLACES = Places("here", "s3a://bucket/lake/", "/data/s3", "ORG-ACCOUNT", "SEMOPS")


@pytest.mark.parametrize(
    ("uri", "namespace", "name"),
    [
        ("s3a://bucket/lake/t/", "s3://bucket", "lake/t"),
        ("s3://bucket/landing/orders/day=2026-01-01/part-0.parquet", "s3://bucket", "landing/orders"),
        ("file:///data/a%20b/", "file", "/data/a b"),
        ("/data/t/day=1", "file", "/data/t"),
        ("snowflake://ORG-ACCOUNT/db/schema/table", "snowflake://ORG-ACCOUNT", "DB.SCHEMA.TABLE"),
        ("postgresql+psycopg2://user:pw@host:5432/db/public/t", "postgres://host:5432", "db.public.t"),
        ("https://user:pw@host/path?token=abc", "https://host", "path"),
    ],
)
def test_one_place_has_one_spelling(uri, namespace, name):
    """Two spellings of one place are two datasets, and the edge between them is cut."""
    assert from_uri(uri) == DatasetName(namespace, name)


@pytest.mark.parametrize("text", ["", "  ", "relative/path", "not a uri", "http://[broken"])
def test_what_is_no_place_is_none(text):
    assert from_uri(text) is None


def test_a_place_on_windows_or_in_quotes_still_has_a_name():
    node = Node(key="a/b", uri="C:\\data\\t")
    assert physical(node, PLACES) == DatasetName("dagster://here/assets", "a/b")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("deltalake", DatasetName("s3://bucket", "lake/room/table")),
        ("s3", DatasetName("file", "/data/s3/room/table")),
        ("snowflake", DatasetName("snowflake://ORG-ACCOUNT", "SEMOPS.ROOM.TABLE")),
        (None, DatasetName("dagster://here/assets", "room/table")),
        ("unheard of", DatasetName("dagster://here/assets", "room/table")),
    ],
)
def test_the_definition_alone_names_the_dataset(kind, expected):
    assert physical(Node(key="room/table", storage_kind=kind), PLACES) == expected


@given(st.text(), st.one_of(st.none(), st.text()), st.one_of(st.none(), st.sampled_from(["delta", "snowflake", "s3"])))
def test_every_asset_has_a_name(key, uri, kind):
    """The resolver is total: whatever people call things, an event can be written."""
    name = physical(Node(key=key, uri=uri, storage_kind=kind), PLACES)
    assert name.namespace
    assert name == physical(Node(key=key, uri=uri, storage_kind=kind), PLACES)


@given(st.text(alphabet=st.characters(exclude_characters="/@:?#[]%", exclude_categories=("C", "Z")), min_size=1))
def test_no_password_stays_in_a_name(password):
    found = from_uri(f"postgres://user:{password}@db.example:5432/shop")
    assert found == DatasetName("postgres://db.example:5432", "shop")
