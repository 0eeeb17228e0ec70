"""`dst lineage status`, `replay` and `relay`: what of the mirror waits, why, and sending it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import ConfigurationError

if TYPE_CHECKING:
    from semops_data.lineage.outbox import Outbox
    from semops_data.settings import Settings

_MOST_DEAD = 20


@click.command("status")
@json_option
def status(*, as_json: bool) -> int:
    """How many events wait, the oldest unsent, and those that the backend refused, with its reasons.

    Exits with 1 where events are dead or the backend failed last.
    """
    from semops_data.lineage.outbox import Outbox
    from semops_data.lineage.store import exists
    from semops_data.lineage.sync import outbox_place
    from semops_data.settings import load_settings

    settings, out = load_settings(), Output(as_json)
    place = outbox_place(settings)
    if not exists(place):
        out.result({"waiting": 0, "sent": 0, "dead": 0, "outbox": str(place)})
        out.text(f"no outbox at {place}: nothing was mirrored yet; the sensor openlineage_mirror and `dst run` do it")
        return 0
    with Outbox(place) as outbox:
        found = _status(outbox, settings)
    out.result(found)
    _say(out, found)
    return 1 if found["dead"] or found["error"] else 0


def _status(outbox: Outbox, settings: Settings) -> dict[str, Any]:
    from semops_data.lineage.patience import Patience
    from semops_data.lineage.secrets import scrub

    backlog, patience = outbox.backlog(), Patience(outbox)
    oldest = outbox.pending(1)
    return {
        "backend": scrub(settings.openlineage_url) if settings.openlineage_url else str(settings.lineage_file),
        "outbox": str(outbox.place),
        "waiting": backlog.new,
        "sent": outbox.sent_count(),
        "dead": backlog.dead,
        "oldest_unsent": _event(oldest[0].body) | {"waits_seconds": round(backlog.oldest_pending_seconds or 0.0)}
        if oldest
        else None,
        "error": patience.error,
        "dead_letters": [
            _event(item.body)
            | {"key": item.key, "reason": item.error, "attempts": item.attempts, "refused_at": _time(item.refused_at)}
            for item in outbox.dead(_MOST_DEAD)
        ],
    }


def _event(body: str) -> dict[str, Any]:
    event = json.loads(body)
    return {"job": event["job"]["name"], "event_type": event["eventType"], "event_time": event["eventTime"]}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _say(out: Output, found: dict[str, Any]) -> None:
    out.text(f"{found['waiting']:,} events wait, {found['sent']:,} were sent, {found['dead']:,} are dead")
    out.text(f"{'backend':14} {found['backend']}")
    out.text(f"{'outbox':14} {found['outbox']}")
    if oldest := found["oldest_unsent"]:
        said = f"{oldest['event_type']} of {oldest['job']} at {oldest['event_time']}"
        out.text(f"{'oldest unsent':14} {said}, waiting {oldest['waits_seconds']:,} s")
    if found["error"]:
        out.text(f"{'last error':14} {found['error']}")
    for dead in found["dead_letters"]:
        out.text(f"dead: {dead['event_type']} of {dead['job']} at {dead['event_time']}: {dead['reason']}")
    if found["dead"]:
        out.text("once their cause is gone: dst lineage replay --dead")


@click.command("replay")
@click.option("--since", help="Send again what happened at or after this time: 2026-01-31 or 2026-01-31T06:00, UTC.")
@click.option("--dead", "is_dead", is_flag=True, help="Try again what the backend refused.")
@json_option
def replay(since: str | None, *, is_dead: bool, as_json: bool) -> int:
    """Send events once more, as they were: same run id, type, time and bytes, so that nothing is doubled in effect."""
    from semops_data.lineage.outbox import Outbox
    from semops_data.lineage.sync import outbox_place, relay_waiting
    from semops_data.settings import load_settings

    if since is None and not is_dead:
        raise ConfigurationError("nothing to replay: give --since TIME, --dead, or both")
    settings, out = load_settings(), Output(as_json)
    begin = _instant(since) if since else None
    with Outbox(outbox_place(settings)) as outbox, outbox.lease() as is_ours:
        if not is_ours:
            raise ConfigurationError("the mirror is at work on the outbox just now: try again in a moment")
        revived = outbox.revive() if is_dead else 0
        again = outbox.replay(begin) if begin else 0
    out.progress(f"{again + revived:,} events are to be sent again")
    report = relay_waiting(settings)
    out.result({"replayed": again, "revived": revived} | asdict(report))
    out.text(f"{report.sent:,} sent, {report.pending:,} wait, {report.dead:,} are dead")
    if report.error:
        out.text(f"the backend takes none: {report.error}")
    return 1 if report.error or report.dead else 0


def _instant(text: str) -> str:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"--since {text!r} is no time: write 2026-01-31 or 2026-01-31T06:00") from error
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return found.isoformat(timespec="microseconds").replace("+00:00", "Z")


@click.command("relay")
@click.option("--seconds", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Stop after this time.")
@json_option
def relay(seconds: float, *, as_json: bool) -> int:
    """Send what waits, in order; beside or instead of the sensor."""
    from semops_data.lineage.sync import relay_waiting
    from semops_data.settings import load_settings

    out = Output(as_json)
    report = relay_waiting(load_settings(), seconds=seconds)
    out.result(asdict(report))
    out.text(f"{report.sent:,} sent, {report.pending:,} wait, {report.dead:,} are dead")
    if report.error:
        out.text(f"the backend takes none: {report.error}")
    return 1 if report.error or report.dead else 0
