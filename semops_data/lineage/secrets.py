"""Keep secrets out of events: an allow-list for tags, and a scrubber for what people and libraries wrote.

Belongs here: what may leave at all. A tag that is not listed stays; an error's text is scrubbed of every secret that
the settings hold and of what looks like a credential.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import SecretStr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from semops_data.settings import Settings

# Tags that are fixed when a run is made, and that hold no one's secrets.
RUN_TAGS = frozenset(
    {
        "dagster/partition",
        "dagster/partition_set",
        "dagster/asset_partition_range_start",
        "dagster/asset_partition_range_end",
        "dagster/backfill",
        "dagster/schedule_name",
        "dagster/sensor_name",
        "dagster/parent_run_id",
        "dagster/root_run_id",
    }
)
MASK = "***"
_SHORTEST = 4
_LOOKS_SECRET = (
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(
        r"(?i)(?<![a-z])((?:[a-z]+[_-])*(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|authorization)"
        r"(?:[_-][a-z]+)*[\"']?\s*[=:]\s*)(?:bearer\s+)?[\"']?[^\s\"',;&)}]+[\"']?"
    ),
    re.compile(r"(?i)(bearer\s+)[a-z0-9._~+/-]{8,}=*"),
)


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Every secret that the settings hold, longest first."""
    values = [getattr(settings, name) for name in type(settings).model_fields]
    values += [judge.api_key for judge in settings.judges]
    found = {value.get_secret_value() for value in values if isinstance(value, SecretStr)}
    return tuple(sorted((text for text in found if len(text) >= _SHORTEST), key=lambda text: (-len(text), text)))


def scrub(text: str, secrets: Sequence[str] = ()) -> str:
    """The text without the secrets and without what looks like a credential."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    for pattern in _LOOKS_SECRET:
        text = pattern.sub(lambda match: (match.group(1) if match.lastindex else "") + MASK, text)
    return text


def allowed_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The run tags that may leave."""
    return {name: tags[name] for name in sorted(tags) if name in RUN_TAGS}
