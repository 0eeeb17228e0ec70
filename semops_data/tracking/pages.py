"""What a materialization reported for people to look at, as files: tables, plots, statements.

An asset writes these for its page in Dagster, as Markdown or JSON; here each becomes the file that it is: `.md`,
`.sql`, `.json`, or the picture itself. Pure; `artifacts` uploads them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from semops_data.lineage.secrets import scrub

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ARTIFACT, SUB_RUN, PREFIX = "semops/artifact:", "semops/run:", "semops/"
MOST_FILES = 100
LONGEST_NAME = 250
LONGEST_PAGE = 2_000_000
_NOT_IN_NAMES = re.compile(r"[^\w\-. :/]")
_PICTURE = re.compile(r"^!\[[^\]]*\]\((data:image/(png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=]+)\)\s*$")
_SQL = re.compile(r"^\s*```sql\n(.*?)\n?```\s*$", re.DOTALL)
_OF_LINEAGE = frozenset(
    {f"semops/{name}" for name in ("column_transformations", "column_metrics", "coherence", "episode")}
)
"""Metadata that are there for OpenLineage's facets."""
_ENDINGS = {"png": ".png", "jpeg": ".jpg", "svg+xml": ".svg"}


def artifacts(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Files that the asset named, by name; the name is one part of a path, whatever was written there."""
    found = {}
    for key, value in sorted(metadata.items()):
        if key.startswith(ARTIFACT) and isinstance(value, str) and value:
            found[_file_name(key.removeprefix(ARTIFACT))] = value
    return dict(list(found.items())[:MOST_FILES])


def pages(metadata: Mapping[str, Any], secrets: Sequence[str] = ()) -> dict[str, str]:
    """Tables, plots and statements by file name: text without secrets, or a picture as a data URI."""
    found: dict[str, str] = {}
    for key, value in sorted(metadata.items()):
        if not key.startswith(PREFIX) or key.startswith((ARTIFACT, SUB_RUN)) or key in _OF_LINEAGE:
            continue
        page = _page(value, secrets)
        if page and len(page[1]) <= LONGEST_PAGE:
            found[_file_name(key.removeprefix(PREFIX)) + page[0]] = page[1]
    return dict(list(found.items())[:MOST_FILES])


def _page(value: Any, secrets: Sequence[str]) -> tuple[str, str] | None:
    """File ending and content; None for what is a parameter or a metric."""
    if isinstance(value, dict | list):
        return (".json", scrub(json.dumps(value, indent=2, sort_keys=True, default=str), secrets)) if value else None
    if not isinstance(value, str):
        return None
    if picture := _PICTURE.match(value):
        return _ENDINGS[picture.group(2)], picture.group(1)
    if "\n" not in value.strip():
        return None
    if statement := _SQL.match(value):
        return ".sql", scrub(statement.group(1), secrets) + "\n"
    return ".md", scrub(value, secrets)


def _file_name(name: str) -> str:
    return name_of(name).replace("/", "_")


def name_of(name: str) -> str:
    """A name as MLflow takes it, which reads names as paths: no leading slash, nothing that climbs."""
    return _NOT_IN_NAMES.sub("_", name).replace("..", "_").strip("/ .")[:LONGEST_NAME] or "_"
