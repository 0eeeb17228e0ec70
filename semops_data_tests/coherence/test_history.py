"""Every score ever given, in two times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from semops_data.coherence.asof import score_as_of
from semops_data.coherence.history import KEY, NothingKnownError, believed, moment, newest, remember
from semops_data.embeddings.store import VectorStore
from semops_data.lakehouse.lake import Lake
from semops_data.settings import Settings
from semops_data_tests.coherence.handbook import Platform

RETENTION = "invoice-retention"


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    """Two nights: one with the contradicting finance page, one after it was corrected."""
    platform = Platform(tmp_path_factory.mktemp("nights"))
    platform.lake = Lake(str(platform.home / "home" / "delta"))
    platform.materialize()
    platform.first_known = datetime.now(UTC)
    platform.first_state = newest(platform.lake)
    platform.first = platform.by_pattern("coherence/scores")
    page = (platform.home / "repo" / "finance.md").read_text()
    platform.repository.commit(**{"finance.md": page.replace("90 days", "30 days")})
    platform.materialize()
    return platform


def test_the_former_score_can_be_asked_for_after_the_corpus_changed(nights):
    """Score, change, score: what was believed before is still there, to the last digit."""
    lake, now = nights.lake, datetime.now(UTC)
    then = {row["pattern_id"]: row for row in believed(lake, as_of=now, known_at=nights.first_known)}
    today = {row["pattern_id"]: row for row in believed(lake, as_of=now, known_at=now)}
    assert then[RETENTION]["consistency"] == nights.first[RETENTION]["consistency"] < 1
    assert today[RETENTION]["consistency"] == 1.0
    assert {name: then[RETENTION][name] for name in nights.first[RETENTION]} == nights.first[RETENTION]


def test_what_is_known_today_of_the_former_state_is_what_was_found_then(nights):
    """Valid time: the second night does not speak of the state before its commit."""
    rows = believed(nights.lake, as_of=nights.first_state, known_at=datetime.now(UTC))
    assert {row["pattern_id"]: row["consistency"] for row in rows}[RETENTION] < 1


def test_scoring_the_former_state_now_gives_the_former_scores(nights, tmp_path):
    """Same documents, same definitions, same model: the same numbers, whenever they are computed."""
    vectors = VectorStore(nights.lake, nights.encoder)
    settings = Settings(home=tmp_path, device="cpu")
    rows = score_as_of(nights.lake, Lake(str(tmp_path / "then")), vectors, nights.first_state, settings)
    found = {row["pattern_id"]: row for row in rows.to_pylist()}
    for name in ("availability", "consistency", "stability", "sc", "sc_low", "delta"):
        assert {p: row[name] for p, row in found.items()} == {p: row[name] for p, row in nights.first.items()}, name


def test_a_night_that_changes_nothing_adds_nothing(nights):
    """The history grows with what is learnt, not with the nights."""
    rows, version = nights.lake.count(KEY), nights.lake.version(KEY)
    nights.materialize()
    assert (nights.lake.count(KEY), nights.lake.version(KEY)) == (rows, version)


def test_a_pattern_that_left_the_registry_is_believed_until_then(tmp_path):
    """It is not forgotten, and not counted any more."""
    platform = Platform(tmp_path)
    platform.materialize()
    scores, lake, state = platform.lake.read("coherence/scores"), Lake(str(tmp_path / "own")), newest(platform.lake)
    first, second = (datetime(2026, 5, day, tzinfo=UTC) for day in (1, 2))
    assert remember(lake, scores, as_of=state, known_from=first) == 4
    assert remember(lake, scores.slice(1), as_of=state, known_from=second) == 1
    assert len(believed(lake, as_of=state, known_at=first)) == 4
    assert len(believed(lake, as_of=state, known_at=second)) == 3
    assert remember(lake, scores, as_of=state, known_from=second + timedelta(days=1)) == 1


def test_nothing_is_invented_for_a_time_before_the_first_score(nights):
    """A belief that nobody held is an error that says when the first one was."""
    with pytest.raises(NothingKnownError, match="the first one was given at 20"):
        believed(nights.lake, as_of=datetime.now(UTC), known_at=datetime(2020, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("2026-01-31T12:00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_a_date_means_its_end(text, expected):
    """What was committed on a day belongs to the day."""
    assert moment(text) == expected
    with pytest.raises(ValueError, match="is no date: write 2026-01-31"):
        moment(text[:-2])


def test_the_command_answers_what_was_believed_then(nights):
    """`dst score --known-at`: from the shell, without a run."""
    command = [sys.executable, "-m", "semops_data.cli.main", "score", "--home", str(nights.home / "home"), "--json"]
    environment = os.environ | {"SEMOPS_HOME": str(nights.home / "other")}
    asked = [*command, "--known-at", nights.first_known.isoformat()]
    done = subprocess.run(asked, capture_output=True, text=True, env=environment, check=True, timeout=60)
    found = json.loads(done.stdout)
    (row,) = [row for row in found["scores"] if row["pattern_id"] == RETENTION]
    assert row["consistency"] == nights.first[RETENTION]["consistency"]
    assert found["organisation"]["unmeasured_count"] + found["organisation"]["scored_count"] == 4
    wrong = subprocess.run(
        [*command, "--known-at", "tomorrow"], capture_output=True, text=True, env=environment, check=False, timeout=60
    )
    assert (wrong.returncode, "is no date" in wrong.stdout + wrong.stderr) == (2, True)
