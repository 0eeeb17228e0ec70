"""The way without a copy: SQL with which Snowflake reads the lake's Delta tables where they are.

An external volume points at the lake's bucket, a catalog integration says that there are Delta tables, and each
table becomes an Iceberg table over the Delta log. Nothing is loaded, nothing is written to the bucket; facts then
live in the lake alone, and the marts' SELECTs run over them. Text in, text out: an account has to run it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from semops_data.contracts import TABLES, table
from semops_data.warehouse.names import literal, qualified, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

VOLUME = "SEMOPS_LAKE"
INTEGRATION = "SEMOPS_DELTA"
SCHEMA = "LAKEHOUSE"
PROVIDERS = {"s3": "S3", "s3gov": "S3GOV", "gcs": "GCS", "gs": "GCS", "azure": "AZURE"}
ROLE_PLACEHOLDER = "arn:aws:iam::<account>:role/<role>"


def tables() -> tuple[str, ...]:
    """Keys of the lake's tables that facts, dimensions and marts are made from."""
    return tuple(key for key, found in TABLES.items() if found.room == "lakehouse" and not key.endswith("_quarantine"))


def statements(
    lake_root: str, *, database: str, role_arn: str = ROLE_PLACEHOLDER, keys: Sequence[str] | None = None
) -> list[str]:
    """The statements in the order in which they are run, without semicolons.

    Args:
        lake_root: `s3://bucket/prefix` of the Delta tables.
        database: where the tables appear.
        role_arn: the role that Snowflake takes on to read the bucket.
        keys: the tables; those of `tables()` by default.

    Raises:
        ValueError: where the lake is a folder, which no account can reach, or its scheme has no volume.
    """
    parts = urlsplit(lake_root)
    if parts.scheme not in PROVIDERS or not parts.netloc:
        raise ValueError(
            f"an account cannot read {lake_root}: set SEMOPS_LAKE_URI to an object store, such as s3://bucket/prefix"
        )
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/"
    return [
        _volume(base, PROVIDERS[parts.scheme], role_arn),
        _integration(),
        f"CREATE SCHEMA IF NOT EXISTS {qualified(database, SCHEMA)}",
        *(statement for key in keys or tables() for statement in _table(key, database)),
    ]


def _volume(base: str, provider: str, role_arn: str) -> str:
    role = f"\n    STORAGE_AWS_ROLE_ARN = {literal(role_arn)}" if provider.startswith("S3") else ""
    return (
        f"CREATE EXTERNAL VOLUME IF NOT EXISTS {quote(VOLUME)}\n"
        f"  STORAGE_LOCATIONS = ((\n"
        f"    NAME = {literal(VOLUME.lower())}\n"
        f"    STORAGE_PROVIDER = {literal(provider)}\n"
        f"    STORAGE_BASE_URL = {literal(base)}{role}\n"
        "  ))\n"
        "  ALLOW_WRITES = FALSE"
    )


def _integration() -> str:
    return (
        f"CREATE CATALOG INTEGRATION IF NOT EXISTS {quote(INTEGRATION)}\n"
        "  CATALOG_SOURCE = OBJECT_STORE\n"
        "  TABLE_FORMAT = DELTA\n"
        "  ENABLED = TRUE"
    )


def _table(key: str, database: str) -> list[str]:
    contract = table(key)
    name = qualified(database, SCHEMA, contract.name)
    text = (
        f"CREATE ICEBERG TABLE IF NOT EXISTS {name}\n"
        f"  EXTERNAL_VOLUME = {literal(VOLUME)}\n"
        f"  CATALOG = {literal(INTEGRATION)}\n"
        # The location is relative to the volume's base; the columns come from the Delta log.
        f"  BASE_LOCATION = {literal(key)}\n"
        "  AUTO_REFRESH = TRUE\n"
        f"  COMMENT = {literal(contract.description)}"
    )
    return [text]
