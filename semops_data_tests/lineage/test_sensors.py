from __future__ import annotations

import dagster as dg

from semops_data.lineage.outbox import Outbox
from semops_data.lineage.sensors import mirror_sensor, openlineage_mirror
from semops_data.lineage.sync import outbox_path
from semops_data.settings import Settings, load_settings
from semops_data_tests.lineage import toy


def test_the_sensor_mirrors_and_starts_no_run(tmp_path, monkeypatch):
    """In the page nobody calls `dst run`; the daemon does this every 30 seconds."""
    monkeypatch.setenv("SEMOPS_HOME", str(tmp_path / "home"))
    load_settings.cache_clear()
    with toy.instance_in(tmp_path) as instance:
        toy.run(instance, "apart")
        repository = toy.build_defs().get_repository_def()
        context = dg.build_sensor_context(instance=instance, repository_def=repository)
        said = openlineage_mirror(context)
        assert said.skip_message == "4 events folded, 4 sent, 0 pending, 0 dead"
        assert len(load_settings().lineage_file.read_text().splitlines()) == 4
        assert instance.get_runs_count() == 1
    load_settings.cache_clear()


def test_the_age_of_the_oldest_unsent_event_is_the_alarm(tmp_path, caplog):
    """A backend that is down for a minute worries nobody; one that has taken nothing for hours does."""
    settings = Settings(home=tmp_path / "home", openlineage_url="http://127.0.0.1:9")
    with toy.instance_in(tmp_path) as instance:
        toy.run(instance, "apart")
        repository = toy.build_defs().get_repository_def()
        context = dg.build_sensor_context(instance=instance, repository_def=repository)
        sensor = mirror_sensor("alarmed", settings=settings)
        assert "4 pending, 0 dead, the oldest event waits for 0 s; the backend" in sensor(context).skip_message
        assert "have waited" not in caplog.text
        with Outbox(outbox_path(settings)) as outbox:
            outbox._db.execute("UPDATE items SET added_at = added_at - 7200")
        assert "waits for 7,20" in sensor(context).skip_message
    assert "have waited for 7,20" in caplog.text


def test_it_runs_by_itself_in_a_new_deployment():
    assert openlineage_mirror.default_status is dg.DefaultSensorStatus.RUNNING
    assert openlineage_mirror.minimum_interval_seconds == 30
