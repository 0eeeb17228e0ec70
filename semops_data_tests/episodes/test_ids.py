"""Ids order the records of a run without a clock that never steps back."""

import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.episodes.ids import milliseconds, new_id


@given(st.integers(2, 200))
def test_ids_sort_in_the_order_they_were_made(count):
    """Records are ordered by id alone, as text."""
    ids = [new_id() for _ in range(count)]
    assert ids == sorted(ids)
    assert len(set(ids)) == count


def test_an_id_is_a_uuid_of_version_seven_that_tells_its_time():
    """Other tools read the time from it."""
    before = time.time_ns() // 1_000_000
    made = new_id()
    assert uuid.UUID(made).version == 7
    assert uuid.UUID(made).variant == uuid.RFC_4122
    assert before <= milliseconds(made) <= time.time_ns() // 1_000_000 + 1


def test_ids_keep_their_order_where_the_clock_steps_back(monkeypatch):
    """A clock that is corrected must not put a later episode before an earlier one."""
    first = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert new_id() > first


def test_another_version_has_no_time():
    """A random id read as a time would be a plausible lie."""
    with pytest.raises(ValueError, match="no UUIDv7"):
        milliseconds(str(uuid.uuid4()))
