"""The code location resolves: keys, selections, resources, checks."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from semops_data.definitions import ROOMS, defs

GRAPH = defs.resolve_asset_graph()


def test_every_dependency_exists():
    """A misspelt key would become an external asset without a description, and nobody would notice."""
    external = {key.to_user_string() for key in GRAPH.external_asset_keys}
    assert external == {"coherence/labels", "corpus/source", "embeddings/model", "registry/file"}


@pytest.mark.parametrize("room", [room for room in ROOMS if room not in ("lineage", "tracking")])
def test_every_room_can_be_selected(room):
    selected = dg.AssetSelection.from_string(f"group:{room}").resolve(GRAPH)
    assert {key.path[0] for key in selected} == {room}


def test_every_check_has_its_asset():
    assert {key.asset_key for key in GRAPH.asset_check_keys} <= set(GRAPH.materializable_asset_keys)


def test_every_resource_that_an_asset_asks_for_is_there():
    needed = {name for definition in GRAPH.assets_defs for name in definition.required_resource_keys}
    assert needed - set(defs.resources) - {"io_manager"} == set()


def test_every_job_of_every_room_resolves():
    """A sensor's target that selects nothing fails at night, not here."""
    for job in defs.resolve_all_job_defs():
        assert job.nodes, job.name


def test_the_meaning_hangs_on_the_business():
    """The data dictionary is scored like any other document: the two streams meet in the contracts."""
    downstream = dg.AssetSelection.assets("corpus/source").downstream().resolve(GRAPH)
    assert dg.AssetKey(["coherence", "scores"]) in downstream


@pytest.mark.slow
def test_dagster_itself_finds_the_definitions_valid():
    root = Path(__file__).parents[1]
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_another_lake_or_account_makes_every_asset_stale():
    """What was written to one place is not there in another: "nothing changed" would be said of an empty lake."""
    import dagster as dg

    from semops_data.definitions import placed
    from semops_data.settings import Settings

    def versions(**where):
        assets = placed([dg.asset(code_version="3", name="a")(lambda: None)], "room", Settings(**where))
        return [spec.code_version for asset in assets for spec in asset.specs]

    assert versions() == ["3"]
    one, other = versions(lake_uri="s3://one/lake"), versions(lake_uri="s3://other/lake")
    assert one[0].startswith("3@")
    assert len({*versions(), *one, *other, *versions(snowflake_account="ORG-ACCOUNT")}) == 4
