"""The project's own facets name schemas that are there: in the package, or where a deployment publishes them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from semops_data.cli.lineage import command
from semops_data.lineage import custom
from semops_data.settings import load_settings

VALUES = {"scope": "metric", "sc": None, "unmeasuredReason": "no usages"}
CORE = "https://openlineage.io/spec/2-0-2/OpenLineage.json"


@pytest.fixture(autouse=True)
def unpublished():
    yield
    custom.publish_at(None)


def errors(facet, files):
    """What a consumer finds that resolves `_schemaURL` against these files."""
    base = {"$id": CORE, "$defs": {name: {} for name in ("DatasetFacet", "RunFacet")}}
    registry = Registry().with_resource(CORE, Resource.from_contents(base, default_specification=_draft()))
    for text in files.values():
        schema = json.loads(text)
        registry = registry.with_resource(schema["$id"], Resource.from_contents(schema))
    return list(Draft202012Validator({"$ref": facet["_schemaURL"]}, registry=registry).iter_errors(facet))


def _draft():
    from referencing.jsonschema import DRAFT202012

    return DRAFT202012


@pytest.mark.parametrize("address", [None, "https://schemas.acme.example/semops/"])
def test_a_facet_can_be_validated_by_the_schema_that_it_names(address):
    """By its URN out of the package, or over HTTP where the files of `dst lineage schemas` were put."""
    custom.publish_at(address)
    files = custom.published(address)
    facet = custom.coherence_facet(VALUES)["semops_coherence"]
    assert facet["_schemaURL"].startswith(address or "urn:semops-data:")
    assert errors(facet, files) == []
    assert errors(facet | {"sc": 7}, files)


def test_the_schemas_are_written_with_the_address_at_which_they_are_published(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMOPS_FACET_SCHEMA_URL", "https://schemas.acme.example/semops")
    load_settings.cache_clear()
    done = CliRunner().invoke(command, ["schemas", str(tmp_path / "out")], standalone_mode=False)
    load_settings.cache_clear()
    assert done.exception is None
    ids = {path.name: json.loads(path.read_text())["$id"] for path in (tmp_path / "out").glob("*.json")}
    assert len(ids) == 2
    assert all(found == f"https://schemas.acme.example/semops/{name}" for name, found in ids.items())
