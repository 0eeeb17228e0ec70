"""The corpus' assets, materialized for real on a repository with a history."""

from __future__ import annotations

import dagster as dg
import pytest

from semops_data.corpus import assets, checks
from semops_data.corpus.model import CorpusError
from semops_data.corpus.source import CorpusPlace, open_source
from semops_data.corpus.tables import documents_table, reading_of
from semops_data.episodes.record import EpisodeLog
from semops_data.episodes.spool import read_segments
from semops_data.lakehouse.lake import Lake
from semops_data.registry import assets as registry_assets
from semops_data.registry.source import RegistryFile
from semops_data.settings import Settings
from semops_data_tests.corpus.repository import with_history

DEFINITIONS = [
    *dg.load_assets_from_modules([registry_assets, assets], include_specs=True),
    *dg.load_asset_checks_from_modules([checks]),
]
REGISTRY = """\
patterns:
  - id: drift
    label: Drift
    definition: Drift is a change of meaning that nobody decided.
    source: docs/semantic-drift.md#drift
"""


@pytest.fixture
def home(tmp_path):
    with_history(tmp_path / "repo")
    (tmp_path / "registry.yaml").write_text(REGISTRY)
    return tmp_path


def materialize(home, corpus=None, **options):
    resources = {
        "lake": Lake(str(home / "lake")),
        "corpus": CorpusPlace(Settings(home=home / "home", corpus=str(corpus or home / "repo"))),
        "registry_source": RegistryFile(home / "registry.yaml"),
        "episodes": EpisodeLog(home / "episodes"),
    }
    return dg.materialize(DEFINITIONS, resources=resources, **options), resources["lake"]


def versions(result):
    events = result.get_asset_materialization_events()
    return {e.asset_key.to_user_string(): e.materialization.tags["dagster/data_version"] for e in events}


def test_documents_chunks_and_definitions_are_tables_with_their_history(home):
    """And every check of them holds."""
    result, lake = materialize(home)
    assert result.success
    assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())
    documents = lake.read("corpus/documents").to_pylist()
    assert [d["is_current"] for d in documents] == [False, False, False, True]
    assert documents[3]["title"] == "Drift"
    assert {c["document_id"] for c in lake.read("corpus/chunks").to_pylist()} == {"docs/semantic-drift.md"}
    assert lake.read("corpus/definitions").num_rows == 3
    assert lake.read("corpus/findings").num_rows == 0


def test_each_ingestion_is_an_episode(home):
    """What an agent or a person later asks: who read this, in which run, with which result?"""
    result, _ = materialize(home)
    segments = EpisodeLog(home / "episodes").spool("episodes").seal()
    records, torn = read_segments(segments)
    assert not torn
    assert {(r["asset_key"], r["operation"], r["dagster_run_id"]) for r in records} == {
        (key, "ingest", result.run_id) for key in ("corpus/documents", "corpus/chunks", "corpus/definitions")
    }


def test_reading_twice_changes_nothing(home):
    """Same repository, same rows, same data versions, no new Delta version."""
    first, lake = materialize(home)
    before = lake.version("corpus/documents")
    second, _ = materialize(home)
    assert versions(first) == versions(second)
    assert lake.version("corpus/documents") == before


def test_the_table_holds_the_whole_reading(home):
    """Chunks and definitions are made from the table, not from the source."""
    reading = open_source(Settings(home=home, corpus=str(home / "repo"))).read()
    assert reading_of(documents_table(reading)).versions == reading.versions


def test_a_corpus_that_does_not_exist_fails_with_its_name_and_writes_nothing(home):
    """A clear error, nothing half-written."""
    with pytest.raises(CorpusError, match="does not exist: set SEMOPS_CORPUS"):
        materialize(home, corpus=home / "nowhere", selection=["corpus/documents"])
    assert not (home / "lake" / "corpus").exists()


def test_an_unreadable_document_is_a_finding_and_the_rest_is_read(home):
    """One broken file costs one document; the check says so without stopping the run."""
    (home / "repo" / "broken.md").write_bytes(b"\xff\xfe")
    result, lake = materialize(home)
    assert result.success
    assert lake.read("corpus/findings").column("kind").to_pylist() == ["undecodable"]
    failed = [e.check_name for e in result.get_asset_check_evaluations() if not e.passed]
    assert failed == ["every_document_could_be_read"]


def test_a_registry_that_says_otherwise_than_its_document_is_seen(home):
    """Two wordings of one definition are two definitions."""
    (home / "registry.yaml").write_text(REGISTRY.replace("nobody decided", "somebody decided"))
    result, _ = materialize(home)
    failed = [e.check_name for e in result.get_asset_check_evaluations() if not e.passed]
    assert failed == ["registry_and_documents_agree"]
