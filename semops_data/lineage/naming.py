"""What a dataset is called outside Dagster: one total, pure resolver, for inputs, outputs and column lineage alike.

The name has to be known before the asset was ever materialized: START events and the inputs of other assets carry
it too, and a name that changes after the first run cuts the edges. So it comes from the definition and the settings
alone; a `dagster/uri` that a run reports and that names another place becomes a symlink.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from semops_data.lineage.records import Node
    from semops_data.settings import Settings

_PARTITION_FOLDER = re.compile(r"/[^/=]+=[^/]*(/.*)?$")
_OBJECT_STORES = {"s3": "s3", "s3a": "s3", "s3n": "s3", "gs": "gs", "gcs": "gs"}
_DATABASES = {"postgresql": "postgres", "postgres": "postgres", "mysql": "mysql"}
LAKE_KINDS = frozenset({"delta", "deltalake"})
_OBJECT_KINDS = frozenset({"s3", "parquet", "json", "jsonl", "ndjson", "object"})


class ResolverError(ValueError):
    """A project's own resolver of dataset names does not work; nothing was mirrored."""


@dataclass(frozen=True, order=True)
class DatasetName:
    """Namespace and name, by OpenLineage's naming specification."""

    namespace: str
    name: str


@dataclass(frozen=True)
class Places:
    """Where this deployment's data lies, as far as names depend on it.

    Attributes:
        deployment: namespace of what has no physical identity, and of every asset's symlink.
        resolver: a project's own names: from an asset to its dataset, or to its URI or path; None where it does not
            say, and then the rules below apply. It is asked once per asset and has to answer the same each time.
    """

    deployment: str
    lake_root: str = ""
    landing_root: str = ""
    snowflake_account: str = "emulator"
    snowflake_database: str = "SEMOPS"
    resolver: Callable[[Node], DatasetName | str | None] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, settings: Settings, resolver: Callable[[Node], DatasetName | str | None] | None = None) -> Places:
        """The places of these settings, with a project's own names before them."""
        return cls(
            deployment=settings.deployment,
            lake_root=settings.lake_root,
            landing_root=settings.landing_root,
            snowflake_account=settings.snowflake_account or "emulator",
            snowflake_database=settings.snowflake_database,
            resolver=resolver,
        )


def logical(key: str, places: Places) -> DatasetName:
    """The asset's own name; every dataset has it, at least as a symlink."""
    return DatasetName(f"dagster://{places.deployment}/assets", key)


def physical(node: Node, places: Places) -> DatasetName:
    """The asset's dataset: physical where the resolver or the definition tells where it lies, else its asset key.

    Raises:
        ResolverError: naming the asset, where the project's resolver fails or answers with what is no name.
    """
    return _resolved(node, places) or _by_rules(node, places)


def _resolved(node: Node, places: Places) -> DatasetName | None:
    if places.resolver is None:
        return None
    try:
        said = places.resolver(node)
    except Exception as error:
        raise ResolverError(f"the resolver of dataset names failed for {node.key}: {error!r}") from error
    if said is None or isinstance(said, DatasetName):
        return said
    found = from_uri(said) if isinstance(said, str) else None
    if found is None:
        raise ResolverError(f"the resolver of dataset names said {said!r} of {node.key}: give a URI, a path or None")
    return found


def _by_rules(node: Node, places: Places) -> DatasetName:
    kind = (node.storage_kind or "").lower()
    if node.uri:
        return from_uri(node.uri) or logical(node.key, places)
    if kind in LAKE_KINDS and places.lake_root:
        return from_uri(f"{places.lake_root.rstrip('/')}/{node.key}") or logical(node.key, places)
    if kind in _OBJECT_KINDS and places.landing_root:
        return from_uri(f"{places.landing_root.rstrip('/')}/{node.key}") or logical(node.key, places)
    if kind == "snowflake":
        return DatasetName(f"snowflake://{places.snowflake_account}", _snowflake_table(node, places))
    return logical(node.key, places)


def _snowflake_table(node: Node, places: Places) -> str:
    parts = (node.table_name or node.key.replace("/", ".")).split(".")
    table = parts if len(parts) > 2 else [places.snowflake_database, *parts]
    return ".".join(part.strip('"') for part in table).upper()


def from_uri(uri: str) -> DatasetName | None:
    """The dataset at a URI or a path; None where the text is neither.

    One spelling each: `s3a` is `s3`, no trailing slash, no partition folder or what lies below it, no user,
    password or query.
    """
    text = uri.strip()
    if not text:
        return None
    if "://" not in text:
        return DatasetName("file", _folder(text)) if text.startswith("/") else None
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower().split("+")[0]
    path = unquote(parts.path)
    if scheme == "file":
        return DatasetName("file", _folder(path))
    if scheme in _OBJECT_STORES:
        return DatasetName(f"{_OBJECT_STORES[scheme]}://{parts.netloc.split('@')[-1]}", _folder(path).strip("/") or "/")
    if scheme == "snowflake":
        return (
            DatasetName(f"snowflake://{parts.netloc.split('@')[-1]}", path.strip("/").replace("/", ".").upper())
            if path.strip("/")
            else None
        )
    place = f"{host}:{port}" if port else host
    if scheme in _DATABASES:
        return DatasetName(f"{_DATABASES[scheme]}://{place}", path.strip("/").replace("/", ".") or "/")
    return DatasetName(f"{scheme}://{place}", _folder(path).strip("/") or "/")


def _folder(path: str) -> str:
    return _PARTITION_FOLDER.sub("", path.rstrip("/")) or "/"
