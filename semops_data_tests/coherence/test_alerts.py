"""A fall of coherence is told once, with what stands behind it, whatever is down."""

import json
import logging
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.coherence import outbox
from semops_data.coherence.alerts import alert_on_fall, deliver, falls
from semops_data.contracts import table
from semops_data.lakehouse.lake import Lake
from semops_data.settings import Settings

HOOK_PATH = "/hooks/T0P-SECRET"
units = st.floats(0, 1)


def score(pattern_id="slo", sc=0.9, **more):
    base = {"availability": 0.9, "consistency": 0.9, "stability": 0.9, "reason": None}
    return {"pattern_id": pattern_id, "sc": sc, **base, **more}


@contextmanager
def receiver(status=200, port=0, delay=0.0, location=None):
    """A real HTTP server that keeps what it was sent."""
    taken = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(delay)
            taken.append((self.path, self.headers["Idempotency-Key"], json.loads(body)))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1], taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def settings_for(tmp_path, port):
    return Settings(home=tmp_path, alert_webhook=f"http://127.0.0.1:{port}{HOOK_PATH}")


def written(tmp_path):
    return [json.loads(line) for line in (tmp_path / "alerts" / "alerts.ndjson").read_text().splitlines()]


def test_a_fall_names_the_dimension_that_fell_and_both_values():
    """Who is woken up wants to know what happened."""
    after = score(sc=0.6, stability=0.3, availability=0.89, sc_high=0.7, method="embedding")
    (alert,) = falls([score(sc_low=0.85, method="hybrid")], [after], 0.05)
    assert (alert.kind, alert.sc_before, alert.sc_after) == ("fell", 0.9, 0.6)
    assert list(alert.dimensions) == ["stability", "availability"]
    assert alert.dimensions["stability"] == (0.9, 0.3)
    assert "the intervals of SC before and after do not overlap" in alert.evidence
    assert any("method changed from hybrid to embedding" in line for line in alert.evidence)
    assert "0.900 -> 0.600 (stability 0.900 -> 0.300" in alert.text


def test_becoming_unmeasured_is_another_thing_than_falling_to_zero():
    """Unmeasured is null with a reason, never 0."""
    now = [score("a", None, stability=None, reason="stability: one version"), score("b", 0.0)]
    alerts = {alert.pattern_id: alert for alert in falls([score("a"), score("b"), score("c")], now, 0.05)}
    assert [alerts[name].kind for name in "abc"] == ["unmeasured", "fell", "gone"]
    assert alerts["a"].dimensions == {"stability": (0.9, None)}
    assert alerts["a"].evidence == ("unmeasured: stability: one version",)


def test_a_dimension_that_falls_is_told_where_there_is_no_sc_to_fall():
    """A corpus without history has no stability and so no SC: its lost definitions must be heard of all the same."""
    before = [score(name, None, stability=None) for name in "abcd"]
    after = [
        score("a", None, stability=None, availability=0.2),
        score("b", 0.7, stability=0.5),
        score("c", None, stability=None, availability=0.88),
        score("d", None, stability=None, consistency=None),
    ]
    alerts = {alert.pattern_id: alert for alert in falls(before, after, 0.05)}
    assert {name: alert.kind for name, alert in alerts.items()} == {"a": "dimension_fell", "b": "dimension_fell"}
    assert alerts["a"].dimensions == {"availability": (0.9, 0.2)}
    assert alerts["a"].text.endswith("a stays unmeasured, but availability 0.900 -> 0.200")
    assert alerts["b"].text == "semantic coherence of b: unmeasured -> 0.700 (stability unmeasured -> 0.500)"
    assert [alert.pattern_id for alert in falls(before, after, 0.05)] == ["a", "b"]


@given(st.lists(st.tuples(st.none() | units, st.none() | units), max_size=8), units)
def test_an_alert_is_raised_exactly_where_sc_was_measured_and_was_lost(pairs, drop):
    """Neither a rise, nor noise, nor a pattern that never had a score wakes anybody."""
    before = [score(f"p{i}", old) for i, (old, _) in enumerate(pairs)]
    after = [score(f"p{i}", new) for i, (_, new) in enumerate(pairs)]
    expected = {
        f"p{i}"
        for i, (old, new) in enumerate(pairs)
        if old is not None and (new is None or (old - new > 1e-3 and old - new >= drop - 1e-9))
    }
    alerts = falls(before, after, drop)
    assert {alert.pattern_id for alert in alerts} == expected
    assert [a.id for a in alerts] == [a.id for a in falls(before, after, drop)]


def test_an_alert_is_written_and_posted_once(tmp_path):
    """The same fall is looked at by the run's end and by the sensor."""
    alerts = falls([score()], [score(sc=0.5)], 0.05)
    with receiver() as (port, taken):
        settings = settings_for(tmp_path, port)
        assert deliver(alerts, settings) == alerts
        assert deliver(alerts, settings) == []
    assert [alert["id"] for alert in written(tmp_path)] == [alerts[0].id]
    assert [(path, key) for path, key, _ in taken] == [(HOOK_PATH, alerts[0].id)]
    assert taken[0][2]["text"].startswith("semantic coherence of slo: 0.900 -> 0.500")


def test_what_a_webhook_that_is_down_did_not_take_is_posted_when_it_is_up(tmp_path, caplog):
    """Down for a night is not lost; and its address is a secret that no log shows."""
    with receiver() as (port, _):
        pass
    alerts = falls([score("a"), score("b")], [score("a", 0.5), score("b", 0.4)], 0.05)
    with caplog.at_level(logging.DEBUG):
        deliver(alerts, settings_for(tmp_path, port))
    assert len(written(tmp_path)) == 2
    assert "2 alerts wait for the webhook" in caplog.text
    assert "SECRET" not in caplog.text
    assert b"SECRET" not in (tmp_path / "alerts" / "outbox.db").read_bytes()
    with receiver(port=port) as (_, taken):
        deliver([], settings_for(tmp_path, port))
        deliver([], settings_for(tmp_path, port))
    assert [key for _, key, _ in taken] == [alert.id for alert in alerts]


@pytest.mark.parametrize("status", [400, 500, 302])
def test_an_alert_that_is_refused_stays_due(tmp_path, status):
    """Only a 2xx is a receipt; a redirect would lead where nobody configured."""
    alerts = falls([score()], [score(sc=0.5)], 0.05)
    with receiver() as (other, elsewhere), receiver(status, location=f"http://127.0.0.1:{other}/") as (port, taken):
        deliver(alerts, settings_for(tmp_path, port))
    assert (len(taken), elsewhere) == (1, [])
    with receiver() as (port, taken):
        deliver([], settings_for(tmp_path, port))
    assert [key for _, key, _ in taken] == [alerts[0].id]


def test_a_webhook_that_hangs_is_given_up(tmp_path, monkeypatch):
    """A network call has a short timeout of ours."""
    monkeypatch.setattr(outbox, "WEBHOOK_TIMEOUT_SECONDS", 0.1)
    alerts = falls([score(f"p{i}") for i in range(9)], [], 0.05)
    with receiver(delay=1.0) as (port, _):
        began = time.monotonic()
        deliver(alerts, settings_for(tmp_path, port))
        assert time.monotonic() - began < 0.9
    assert len(written(tmp_path)) == 9


@pytest.mark.parametrize("url", ["file:///etc/passwd", "nonsense T0P-SECRET", "http://[T0P-SECRET/x", "http:///x"])
def test_an_unusable_webhook_is_told_without_its_text(tmp_path, caplog, url):
    """A configuration error does not stop the pipeline either."""
    deliver(falls([score()], [], 0.05), Settings(home=tmp_path, alert_webhook=url))
    assert "wait for the webhook" in caplog.text
    assert "SECRET" not in caplog.text


def test_alerts_of_before_the_webhook_was_configured_are_not_posted(tmp_path):
    """Configuring it must not flood a channel with last year's alerts."""
    deliver(falls([score()], [], 0.05), Settings(home=tmp_path))
    with receiver() as (port, taken):
        deliver([], settings_for(tmp_path, port))
    assert taken == []


def write_scores(lake, rows):
    """Scores of the real contract, what it requires filled in."""
    contract = table("coherence/scores")
    blanks = {"string": "x", "float64": 0.0, "int64": 1}
    full = []
    for row in rows:
        base = {
            c.name: None if c.nullable else (c.allowed[0] if c.allowed else blanks[c.type]) for c in contract.columns
        }
        full.append(base | row)
    lake.replace("coherence/scores", pa.Table.from_pylist(full, contract.arrow_schema))


def test_every_version_of_the_scores_is_compared_once(tmp_path):
    """Two nights without a look are two comparisons, and calling again tells nothing new."""
    settings = Settings(home=tmp_path)
    lake = Lake(settings.lake_root)
    assert alert_on_fall(lake, settings) == []
    write_scores(lake, [score()])
    first = lake.version("coherence/scores")
    assert alert_on_fall(lake, settings) == []
    write_scores(lake, [score(sc=0.8)])
    write_scores(lake, [score(sc=0.95)])
    (alert,) = alert_on_fall(lake, settings)
    assert (alert.sc_before, alert.sc_after) == (0.9, 0.8)
    assert (alert.version_before, alert.version_after) == (first, first + 1)
    assert alert_on_fall(lake, settings) == []
    write_scores(lake, [score(sc=0.1)])
    assert [alert.sc_after for alert in alert_on_fall(lake, settings)] == [0.1]
    assert len(written(tmp_path)) == 2


def test_an_alert_quotes_the_gravest_findings(tmp_path):
    """The evidence is in the alert, not only behind it."""
    settings = Settings(home=tmp_path)
    lake = Lake(settings.lake_root)
    write_scores(lake, [score()])
    write_scores(lake, [score(sc=0.5)])
    contract = table("coherence/findings")
    finding = {c.name: None for c in contract.columns} | {"finding_id": "f", "pattern_id": "slo", "score": 0.9}
    finding |= {"kind": "contradiction", "detail": "99.9% against 99.5%", "rule": "number", "method": "rules"}
    finding |= {"evidence_document": "docs/slo.md", "evidence_line": 12}
    lake.replace("coherence/findings", pa.Table.from_pylist([finding], contract.arrow_schema))
    (alert,) = alert_on_fall(lake, settings)
    assert alert.evidence[-1] == "contradiction: 99.9% against 99.5% (docs/slo.md:12)"


def test_alerts_that_cannot_be_kept_stop_nothing_and_come_again(tmp_path, caplog):
    """A full or read-only disk under the alerts is no reason to lose the night's scores."""
    settings = Settings(home=tmp_path)
    lake = Lake(settings.lake_root)
    write_scores(lake, [score()])
    write_scores(lake, [score(sc=0.5)])
    (tmp_path / "alerts").write_text("a file where the folder should be")
    assert alert_on_fall(lake, settings) == []
    assert "alerts could not be kept" in caplog.text
    (tmp_path / "alerts").unlink()
    assert len(alert_on_fall(lake, settings)) == 1
