"""The registry's assets, materialized for real."""

from __future__ import annotations

import dagster as dg
import pytest

from semops_data.lakehouse.lake import Lake
from semops_data.registry import assets, checks
from semops_data.registry.model import RegistryError
from semops_data.registry.source import RegistryFile, registry_digest, registry_path
from semops_data.settings import Settings
from semops_data_tests.registry.test_load import GOOD

DEFINITIONS = [
    *dg.load_assets_from_modules([assets], include_specs=True),
    *dg.load_asset_checks_from_modules([checks]),
]


def materialize(tmp_path, text=GOOD, **options):
    path = tmp_path / "registry.yaml"
    path.write_text(text)
    resources = {"lake": Lake(str(tmp_path / "lake")), "registry_source": RegistryFile(path)}
    return dg.materialize(DEFINITIONS, resources=resources, **options), resources["lake"]


def versions(result):
    events = result.get_asset_materialization_events()
    return {e.asset_key.to_user_string(): e.materialization.tags["dagster/data_version"] for e in events}


def test_the_tables_hold_what_the_file_states(tmp_path):
    """Patterns, edges and capabilities, in their contracts' types."""
    result, lake = materialize(tmp_path)
    assert result.success
    assert lake.read("registry/patterns").column("surface_area").to_pylist() == [9, 20]
    assert lake.read("registry/edges").num_rows == 1
    assert lake.read("registry/capabilities").column("implements").to_pylist() == [["net-revenue"]]


def test_the_same_content_has_the_same_data_version(tmp_path):
    """Staleness is by content: a comment in the file makes nothing downstream stale."""
    first, _ = materialize(tmp_path)
    second, _ = materialize(tmp_path, GOOD.rstrip() + "\n# a comment\n")
    assert versions(first) == versions(second)
    third, _ = materialize(tmp_path, GOOD.replace("less discounts", "less all discounts"))
    assert versions(third)["registry/patterns"] != versions(first)["registry/patterns"]
    assert versions(third)["registry/edges"] == versions(first)["registry/edges"]


def test_a_capability_that_traces_to_nothing_fails_the_run(tmp_path):
    """CRITICAL means that the run does not end well."""
    result, _ = materialize(tmp_path, GOOD.replace("[net-revenue]", "[no-such-thing]"), raise_on_error=False)
    failed = [e.check_name for e in result.get_asset_check_evaluations() if not e.passed]
    assert "every_capability_traces_to_a_pattern" in failed


def test_a_broken_file_writes_nothing_and_says_why(tmp_path):
    """Nothing half-written; the message holds file and line."""
    with pytest.raises(RegistryError, match=r"registry\.yaml:4: error: unknown key 'lable'"):
        materialize(tmp_path, GOOD.replace("label: Net", "lable: Net"))
    assert not (tmp_path / "lake").exists()


def test_the_digest_follows_the_file(tmp_path):
    """What the nightly sensor looks at."""
    path = tmp_path / "registry.yaml"
    settings = Settings(home=tmp_path, registry=path)
    assert registry_path(settings) == path
    assert registry_digest(settings) == "missing"
    path.write_text(GOOD)
    first = registry_digest(settings)
    path.write_text(GOOD + "\n")
    assert len({first, registry_digest(settings), "missing"}) == 3
