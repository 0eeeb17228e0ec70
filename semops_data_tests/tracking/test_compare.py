from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from semops_data.cli.track import command
from semops_data.lineage.outbox import Outbox
from semops_data.settings import load_settings
from semops_data.tracking.compare import UnknownRunError, compare, find
from semops_data.tracking.fold import fold
from semops_data.tracking.sync import ledger_path


@pytest.fixture(scope="module")
def ledger(toys, tmp_path_factory):
    """The toy project's runs as they would be delivered."""
    path = ledger_path(toys.settings.model_copy(update={"home": tmp_path_factory.mktemp("compared")}))
    with Outbox(path) as opened:
        for run_id in toys.run_ids:
            opened.add((run.key, run.to_json()) for run in fold(toys.log.run(run_id), toys.graph))
        items = opened.pending(100)
        opened.sent(items, [f"mlflow-{item.seq:04}" for item in items])
        yield opened


def test_a_dagster_run_is_found_by_the_start_of_its_id_with_all_its_materializations(toys, ledger):
    found = find(ledger, toys.days[0][:8])
    assert [run.name for run in found] == [found[0].name, "toy/raw 2026-01-02", "toy/clean 2026-01-02"]
    assert found[0].parent_key is None


def test_a_single_run_is_found_by_its_mlflow_id(ledger):
    (found,) = find(ledger, "mlflow-0002")
    assert found.name == "toy/raw 2026-01-02"


@pytest.mark.parametrize(
    ("name", "said"), [("nothing", "no tracked run"), ("mlf", "too short"), ("mlflow-", "several")]
)
def test_an_id_that_names_no_one_run_says_so(ledger, name, said):
    with pytest.raises(UnknownRunError, match=said):
        find(ledger, name)


def test_what_two_materializations_do_not_share_is_listed_with_its_change(toys, ledger):
    left, right = (find(ledger, f"mlflow-{number}") for number in ("0002", "0005"))
    found = {(d.kind, d.name): d for d in compare(left, right)}
    assert (found["param", "partition"].left, found["param", "partition"].right) == ("2026-01-02", "2026-01-03")
    assert found["metric", "partition_rows"].change == 1.0
    assert found["output", "toy/raw 2026-01-02"].right is None
    assert ("param", "code_version") not in found, "what they share is no difference"


def test_the_same_assets_of_two_days_are_compared_asset_by_asset(toys, ledger):
    """Yesterday's run and today's share no partition; what a reader asks is what changed in each asset."""
    found = compare(find(ledger, toys.days[0]), find(ledger, toys.days[1]))
    assert {d.asset for d in found} >= {"toy/raw"}
    assert not [d for d in found if d.kind == "status"]
    (rows,) = [d for d in found if (d.asset, d.name) == ("toy/raw", "partition_rows")]
    assert rows.change == 1.0


def test_a_run_compared_with_itself_has_no_difference(toys, ledger):
    assert compare(find(ledger, toys.checked), find(ledger, toys.checked)) == []


def test_an_asset_that_only_one_run_made_is_a_difference(toys, ledger):
    found = compare(find(ledger, toys.month), find(ledger, toys.failed))
    assert ("toy/broken", None, "FAILED") in {(d.asset, d.left, d.right) for d in found if d.kind == "status"}


def test_dst_track_compares_and_tells_what_waits(toys, ledger, monkeypatch):
    monkeypatch.setenv("SEMOPS_HOME", str(ledger.place.parents[1]))
    load_settings.cache_clear()
    done = CliRunner().invoke(command, ["compare", toys.days[0], toys.days[1], "--json"], standalone_mode=False)
    assert {row["name"] for row in json.loads(done.output)} >= {"partition"}
    said = json.loads(CliRunner().invoke(command, ["status", "--json"], standalone_mode=False).output)
    assert (said["waiting"], said["dead"], len(said["newest"])) == (0, 0, len(toys.run_ids))
    load_settings.cache_clear()
