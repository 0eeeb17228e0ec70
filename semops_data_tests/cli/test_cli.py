"""`dst` as a person and as a script use it: real processes, a real home, exit codes 0, 1 and 2."""

import json
import re

import pytest

from semops_data.cli.main import COMMANDS
from semops_data.contracts.business import SHOP_TABLES

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("home")]


def test_the_first_run_reaches_every_stage(materialized_home):
    found = materialized_home.first_run
    assert found["is_ok"]
    assert found["failures"] == []
    reached = {row["table"]: [row[stage] for stage in ("s3", "delta", "snowflake")] for row in found["rows"]}
    assert [table for table, counts in reached.items() if None in counts] == []
    # Nothing is returned or changed on the first day of a business.
    later = {"returns", "order_updates"}
    assert [table for table, counts in reached.items() if 0 in counts and table not in later] == []


def test_the_marts_equal_the_known_answers(materialized_home):
    """Not 'some numbers came out' but the numbers that had been decided before anything was landed."""
    metrics = materialized_home.first_run["metrics"]
    assert {"gmv_cents", "net_revenue_cents", "conversion_rate"} <= {metric["metric"] for metric in metrics}
    assert [metric for metric in metrics if metric["equal_days"] != metric["days"]] == []


def test_every_pattern_has_a_score_or_the_reason_why_not(materialized_home):
    scores = materialized_home.first_run["coherence"]["scores"]
    assert len(scores) >= 15
    assert [row["pattern_id"] for row in scores if (row["sc"] is None) != bool(row["reason"])] == []


def test_runs_are_mirrored_to_lineage_and_tracking(materialized_home):
    found = materialized_home.first_run
    assert found["lineage"]["sent"] > 0
    assert found["lineage"]["pending"] == found["lineage"]["dead"] == 0
    assert found["tracking"]["sent"] > 0


def test_a_second_run_computes_nothing_and_still_shows_everything(materialized_home):
    done = materialized_home.dst("run")
    assert done.returncode == 0, done.stderr
    assert "nothing changed" in done.stderr
    for shown in ("Delta (kept)", "gmv_cents", "pattern", "Worst findings", "make ui", "events.ndjson"):
        assert shown in done.stdout
    assert "\x1b[" not in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if "/" not in line and '"' not in line) <= 100


def test_a_change_of_the_corpus_recomputes_the_meaning_and_leaves_the_business(materialized_home):
    document = materialized_home.home / "corpus" / "docs" / "note.md"
    document.write_text("# A note\n\nA quarantine keeps the rows that broke a contract, with the reason.\n")
    done = materialized_home.dst("run", "--json")
    assert done.returncode == 0, done.stderr
    rooms = {entry["asset"].split("/")[0] for entry in json.loads(done.stdout)["materialized"]}
    assert {"corpus", "embeddings", "coherence"} <= rooms
    assert not rooms & {"synthesis", "landing", "lakehouse", "warehouse", "profiling", "registry"}


def test_another_seed_makes_the_business_stale(materialized_home):
    done = materialized_home.dst("run", "--json", "--select", "synthesis/truth", SEMOPS_SEED=8)
    assert [entry["asset"] for entry in json.loads(done.stdout)["materialized"]] == ["synthesis/truth"]
    back = materialized_home.dst("run", "--json", "--select", "synthesis/truth")
    assert len(json.loads(back.stdout)["materialized"]) == 1


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["rnu"], {}, "did you mean run?"),
        (["run", "--select", "group:coherense"], {}, "did you mean group:coherence"),
        (["run", "--days", "0"], {}, "--days"),
        (["info"], {"SEMOPS_DAYS": "many"}, "SEMOPS_DAYS"),
        (["registry", "check", "/nowhere/registry.yaml"], {}, "/nowhere/registry.yaml"),
        (["score", "--corpus", "/nowhere"], {}, "/nowhere does not exist"),
        (["score", "--pattern", "semantic-coherance"], {}, "did you mean semantic-coherence"),
        (["profile", "/nowhere.csv"], {}, "/nowhere.csv"),
        (["project", "run", "--select", "landing/orders", "--factors", "a,b"], {}, "--factors 'a,b'"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_to_do(materialized_home, arguments, environment, said):
    done = materialized_home.dst(*arguments, **environment)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_secret_with_a_wrong_type_is_not_repeated(materialized_home):
    secret = {"SEMOPS_SNOWFLAKE_PASSWORD": "hush-hush"}
    done = materialized_home.dst("info", SEMOPS_SNOWFLAKE_TIMEOUT_SECONDS=0, **secret)
    assert done.returncode == 2
    assert "hush" not in done.stdout + done.stderr


def test_info_stars_secrets_and_counts_tables(materialized_home):
    secrets = {"SEMOPS_S3_SECRET_ACCESS_KEY": "hush-hush", "SEMOPS_MLFLOW_TRACKING_URI": "http://me:hush@example"}
    done = materialized_home.dst("info", "--json", **secrets)
    assert done.returncode == 0, done.stderr
    assert "hush" not in done.stdout
    tables = {table["key"]: table["rows"] for table in json.loads(done.stdout)["tables"]}
    assert tables["lakehouse/orders"] > 0


def test_doctor_finds_the_typo_and_nothing_broken(materialized_home):
    done = materialized_home.dst("doctor", "--json", "--no-import", SEMOPS_ORDERS_PRE_DAY=3)
    verdicts = json.loads(done.stdout)["verdicts"]
    assert done.returncode == 0, verdicts
    assert any("did you mean SEMOPS_ORDERS_PER_DAY?" in verdict["detail"] for verdict in verdicts)


def test_doctor_ends_with_1_where_something_needed_is_broken(materialized_home):
    done = materialized_home.dst("doctor", "--no-import", SEMOPS_REGISTRY="/nowhere.yaml")
    assert done.returncode == 1
    assert "broken: registry" in done.stdout


def test_doctor_calls_a_side_effect_that_is_down_a_warning(materialized_home):
    """With MLflow and OpenLineage down, the pipeline still works and catches up later."""
    done = materialized_home.dst("doctor", "--no-import", SEMOPS_OPENLINEAGE_URL="http://127.0.0.1:9")
    assert done.returncode == 0
    assert "127.0.0.1:9 does not answer" in re.sub(r"\s+", " ", done.stdout)


def test_generated_files_are_the_same_bytes_for_the_same_seed(materialized_home, tmp_path):
    for name in ("a", "b"):
        done = materialized_home.dst("generate", "--orders-per-day", 40, "--seed", 3, "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    made = {part for path in files for part in path.parts}
    assert set(SHOP_TABLES) <= made
    assert {"truth", "defects"} <= made
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in files)


def test_a_generated_file_can_be_profiled(materialized_home, tmp_path):
    materialized_home.dst("generate", "--orders-per-day", 40, "--out", tmp_path)
    done = materialized_home.dst("profile", "--json", *tmp_path.glob("landing/orders/*/*.parquet"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["row_count"] > 10


@pytest.mark.parametrize(("form", "start"), [("json", "{"), ("mermaid", "flowchart LR"), ("dot", "digraph")])
def test_the_asset_graph_is_exported(materialized_home, form, start):
    done = materialized_home.dst("lineage", "export", "--format", form)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(start)


def test_a_derived_registry_is_one_that_can_be_checked(materialized_home, tmp_path):
    file = tmp_path / "registry.yaml"
    done = materialized_home.dst("registry", "derive", "--corpus", materialized_home.home / "corpus", "--out", file)
    assert done.returncode == 0, done.stderr
    assert materialized_home.dst("registry", "check", file, "--json").returncode in (0, 1)
    again = materialized_home.dst("registry", "derive", "--corpus", materialized_home.home / "corpus", "--out", file)
    assert again.returncode == 2
    assert "--force" in again.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(materialized_home, command):
    done = materialized_home.dst(command, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage: dst" in done.stdout
