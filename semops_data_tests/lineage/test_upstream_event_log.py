"""What the reader relies on Dagster to do, pinned: part of it is internal API."""

from __future__ import annotations

import dagster as dg
from dagster._core.event_api import EventLogCursor

from semops_data.resources.event_log import KINDS, RUNLESS


def entries(toys, run_id, **how):
    return toys.instance.get_records_for_run(run_id, of_type=set(KINDS), **how).records


def test_a_runs_records_come_ascending_and_whole(toys):
    """`get_records_for_run` is not public; folding relies on its order and on its having no page limit by default."""
    numbers = [record.storage_id for record in entries(toys, toys.checked)]
    assert numbers == sorted(set(numbers))
    kinds = [record.event_log_entry.dagster_event.event_type_value for record in entries(toys, toys.checked)]
    assert kinds[-1] == "PIPELINE_FAILURE"


def test_a_cursor_of_a_storage_id_goes_on_after_it(toys):
    first = entries(toys, toys.checked)[0].storage_id
    cursor = EventLogCursor.from_storage_id(first).to_string()
    assert entries(toys, toys.checked, cursor=cursor)[0].storage_id > first


def test_runless_events_have_a_log_of_their_own(toys):
    kinds = [record.event_log_entry.dagster_event.event_type_value for record in entries(toys, RUNLESS)]
    assert kinds == ["ASSET_MATERIALIZATION", "ASSET_MATERIALIZATION", "ASSET_OBSERVATION"]


def test_planned_events_name_the_step_before_it_starts(toys):
    """START events know from them which assets a step is going to make."""
    seen = [record.event_log_entry.dagster_event for record in entries(toys, toys.failed)]
    planned = {event.step_key for event in seen if event.event_type_value == "ASSET_MATERIALIZATION_PLANNED"}
    assert planned == {"toy__broken", "toy__after", "toy__apart"}
    first_start = next(i for i, event in enumerate(seen) if event.event_type_value == "STEP_START")
    assert all(event.event_type_value != "ASSET_MATERIALIZATION_PLANNED" for event in seen[first_start:])


def test_a_finished_run_has_its_last_record_in_the_log(toys):
    """The reader takes the run first and its log second, and then trusts the log to be whole."""
    ends = {dg.DagsterEventType.PIPELINE_SUCCESS, dg.DagsterEventType.PIPELINE_FAILURE}
    for run_id in toys.run_ids:
        assert toys.instance.get_run_by_id(run_id).is_finished
        assert toys.instance.get_records_for_run(run_id, of_type=ends).records


def test_an_asset_without_a_code_version_reports_the_runs_id(toys):
    """Tracking leaves that out: it is no version."""
    made = [record for record in toys.log.run(toys.checked).records if record.kind == "ASSET_MATERIALIZATION"]
    assert {record.code_version for record in made} == {toys.checked}


def test_runs_are_found_by_the_time_of_their_last_change(toys):
    heads = toys.log.changed_runs(0.0, 100)
    assert [head.run_id for head in heads] == toys.run_ids
    assert [head.run_id for head in toys.log.changed_runs(heads[1].updated, 100)] == toys.run_ids[2:]
    assert [head.run_id for head in toys.log.changed_runs(0.0, 2)] == toys.run_ids[:2]
