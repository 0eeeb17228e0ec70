"""The nights: when coherence is scored by itself, and who hears of a fall."""

from collections.abc import Callable

import dagster as dg

from semops_data.catalog import ON_DEMAND
from semops_data.coherence.nights import look
from semops_data.lakehouse.lake import Lake
from semops_data.settings import load_settings

SCORES = dg.AssetKey(["coherence", "scores"])
LOOK_EVERY_SECONDS = 60

night = dg.define_asset_job(
    "coherence_night",
    selection=dg.AssetSelection.groups("registry", "corpus", "embeddings", "coherence", "episodes")
    - dg.AssetSelection.tag(ON_DEMAND, "true"),
    description="Read the knowledge, embed what is new, score every pattern, record the episodes.",
)

nightly_coherence = dg.ScheduleDefinition(
    name="nightly_coherence",
    job=night,
    cron_schedule=load_settings().nightly_cron,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus[load_settings().automation.upper()],
    description="Score coherence every night, UTC.",
)


def read_digests() -> dict[str, str]:
    """Content digests of the configured sources of knowledge."""
    from semops_data.corpus.source import source_digest
    from semops_data.registry.source import registry_digest

    settings = load_settings()
    return {"corpus": source_digest(settings), "registry": registry_digest(settings)}


def knowledge_sensor(digests: Callable[[], dict[str, str]]) -> dg.SensorDefinition:
    """The sensor that scores coherence when a source's digest is another one.

    Args:
        digests: gives the content digest of each source by its name.
    """

    @dg.sensor(
        name="knowledge_changed",
        job=night,
        minimum_interval_seconds=LOOK_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus[load_settings().automation.upper()],
        description="Scores coherence when the corpus or the registry changed.",
    )
    def knowledge_changed(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        is_scored = context.instance.get_latest_materialization_event(SCORES) is not None
        found = look(context.cursor, digests(), is_scored=is_scored)
        if found.run_key is None:
            context.update_cursor(found.cursor)
            return dg.SkipReason(found.why)
        request = dg.RunRequest(run_key=found.run_key, tags={"semops/why": found.why})
        return dg.SensorResult(run_requests=[request], cursor=found.cursor)

    return knowledge_changed


knowledge_changed = knowledge_sensor(read_digests)


@dg.asset_sensor(
    SCORES,
    name="coherence_fell",
    default_status=dg.DefaultSensorStatus[load_settings().automation.upper()],
    description="Writes an alert, and posts it where a webhook is configured, when a pattern's SC falls.",
)
def coherence_fell(lake: dg.ResourceParam[Lake]) -> dg.SkipReason:
    """Compare the new scores with the ones before."""
    from semops_data.coherence.alerts import alert_on_fall

    alerts = alert_on_fall(lake, load_settings())
    return dg.SkipReason("; ".join(alert.text for alert in alerts) or "no pattern's coherence fell")


JOBS = [night]
SCHEDULES = [nightly_coherence]
SENSORS = [knowledge_changed, coherence_fell]
