"""`Lake`: every Delta table of the platform, read and written by contract.

Every write is idempotent: `replace` commits nothing where the table already holds the rows, `merge` nothing
where no row would change. Readers get Arrow tables in the contract's types.
Arrow and deltalake are imported inside the methods: assets name `Lake` as a type, and importing them stays light.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semops_data.contracts import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from deltalake import DeltaTable

    from semops_data.settings import Settings


class MissingTableError(LookupError):
    """A table is read that nothing has written yet."""


@dataclass(frozen=True)
class Commit:
    """What one write left behind.

    Attributes:
        key: the table.
        version: Delta version after the write.
        rows: rows of the table, or of the written partition.
        changed: whether a version was committed at all.
        digest: sha256 of the logical content that was written, hexadecimal.
    """

    key: str
    version: int
    rows: int
    changed: bool
    digest: str


@dataclass(frozen=True)
class Lake:
    """The Delta tables below one root.

    Attributes:
        root: folder or `s3://bucket/prefix`.
        storage_options: options of the object store; holds secrets, so it is left out of `repr`.
    """

    root: str
    storage_options: Mapping[str, str] = field(default_factory=dict, repr=False)

    def uri(self, key: str) -> str:
        """Where the table with that key lies."""
        return f"{self.root.rstrip('/')}/{key}"

    def exists(self, key: str) -> bool:
        """Whether the table was ever written."""
        from deltalake import DeltaTable

        return bool(DeltaTable.is_deltatable(self.uri(key), storage_options=dict(self.storage_options)))

    def open(self, key: str, *, version: int | None = None) -> DeltaTable:
        """The Delta table, at its latest or at the given version.

        Raises:
            MissingTableError: where nothing has been written under that key.
            ValueError: where the version lies after the latest one.
        """
        from deltalake import DeltaTable

        if not self.exists(key):
            raise MissingTableError(
                f"Delta table {key} does not exist at {self.uri(key)}: materialize the asset {key} first"
            )
        opened = DeltaTable(self.uri(key), storage_options=dict(self.storage_options))
        if version is None:
            return opened
        if not 0 <= version <= opened.version():
            raise ValueError(f"Delta table {key} has versions 0 to {opened.version()}, not {version}")
        opened.load_as_version(version)
        return opened

    def version(self, key: str) -> int:
        """Latest version of the table."""
        return int(self.open(key).version())

    def read(
        self,
        key: str,
        *,
        columns: Sequence[str] | None = None,
        where: Mapping[str, str] | None = None,
        version: int | None = None,
    ) -> pa.Table:
        """Rows of a table in the contract's types and column order.

        Args:
            key: the table's key.
            columns: names to read; all by default.
            where: equality on partition columns, `{"day": "2026-01-01"}`.
            version: Delta version; the latest by default.
        """
        import pyarrow as pa

        contract = table(key)
        names = list(columns) if columns is not None else contract.arrow_schema.names
        dataset = self.open(key, version=version).to_pyarrow_dataset(
            partitions=[(name, "=", value) for name, value in (where or {}).items()] or None
        )
        # Threads of a dataset scan outlive a short process and crash it at exit.
        data = dataset.to_table(columns=names, use_threads=False)
        schema = pa.schema([contract.arrow_schema.field(name) for name in names])
        return data.cast(schema)

    def count(self, key: str) -> int:
        """Number of rows, from the log alone."""
        return int(self.open(key).count())

    def conform(self, key: str, data: pa.Table) -> pa.Table:
        """The rows in the contract's columns, types and key order.

        Raises:
            ValueError: naming the columns that are missing, unknown, of another type, or null against the contract.
        """
        import pyarrow as pa

        contract = table(key)
        schema = contract.arrow_schema
        missing = [name for name in schema.names if name not in data.column_names]
        unknown = [name for name in data.column_names if name not in schema.names]
        if missing or unknown:
            raise ValueError(f"rows for {key} do not fit the contract: missing {missing}, unknown {unknown}")
        data = data.select(schema.names)
        nulls = [f.name for f in schema if not f.nullable and data.column(f.name).null_count]
        if nulls:
            raise ValueError(f"rows for {key} have nulls in {nulls}, which the contract forbids")
        try:
            data = data.cast(schema)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ValueError(f"rows for {key} do not fit the contract's types: {error}") from error
        return data.sort_by([(name, "ascending") for name in contract.keys]) if contract.keys else data

    def replace(self, key: str, data: pa.Table, *, where: Mapping[str, str] | None = None) -> Commit:
        """Make the table (or one partition of it) hold exactly these rows.

        Args:
            key: the table's key.
            data: rows with the contract's columns.
            where: the partition that is replaced, `{"day": "2026-01-01"}`; the whole table by default.

        Returns:
            The commit; `changed` is false where the table already held these rows.

        Raises:
            ValueError: where rows break the contract or lie outside the partition.
        """
        from deltalake import write_deltalake

        from semops_data.lakehouse.digest import digest

        data = self.conform(key, data)
        for name, value in (where or {}).items():
            strays = [other for other in data.column(name).unique().to_pylist() if other != value]
            if strays:
                raise ValueError(f"rows for {key} with {name} {strays[:3]} lie outside the partition {value!r}")
        fingerprint = digest(data)
        if self.exists(key):
            held = self.read(key, where=where)
            keys = table(key).keys
            held = held.sort_by([(name, "ascending") for name in keys]) if keys else held
            if digest(held) == fingerprint:
                return Commit(key, self.version(key), data.num_rows, changed=False, digest=fingerprint)
        contract = table(key)
        predicate = " AND ".join(f"{name} = '{_literal(value)}'" for name, value in (where or {}).items())
        options: dict[str, Any] = {"predicate": predicate} if predicate and self.exists(key) else {}
        write_deltalake(
            self.uri(key),
            data,
            mode="overwrite",
            partition_by=[contract.partition_by] if contract.partition_by else None,
            schema_mode=None if options else "overwrite",
            name=contract.key,
            description=contract.description,
            storage_options=dict(self.storage_options),
            **options,
        )
        return Commit(key, self.version(key), data.num_rows, changed=True, digest=fingerprint)

    def append(self, key: str, data: pa.Table) -> Commit:
        """Add rows to the table as they are; for content-addressed tables, whose rows never change.

        Raises:
            ValueError: where rows break the contract.
        """
        from deltalake import write_deltalake

        from semops_data.lakehouse.digest import digest

        data = self.conform(key, data)
        contract = table(key)
        write_deltalake(
            self.uri(key),
            data,
            mode="append",
            name=contract.key,
            description=contract.description,
            storage_options=dict(self.storage_options),
        )
        return Commit(key, self.version(key), data.num_rows, changed=True, digest=digest(data))

    def local_path(self, key: str) -> Path | None:
        """The table's folder, where the lake is a folder."""
        return None if "://" in self.root else Path(self.uri(key))


def _literal(value: str) -> str:
    if "'" in value or "\\" in value:
        raise ValueError(f"partition value {value!r} holds a quote or a backslash")
    return value


def storage_options(settings: Settings) -> dict[str, str]:
    """Deltalake's options for the lake's object store; empty for a folder."""
    if "://" not in settings.lake_root:
        return {}
    options = {"AWS_REGION": settings.s3_region}
    if settings.s3_endpoint_url:
        options["AWS_ENDPOINT_URL"] = settings.s3_endpoint_url
    if settings.s3_access_key_id and settings.s3_secret_access_key:
        options["AWS_ACCESS_KEY_ID"] = settings.s3_access_key_id.get_secret_value()
        options["AWS_SECRET_ACCESS_KEY"] = settings.s3_secret_access_key.get_secret_value()
    if settings.s3_allow_http:
        options["AWS_ALLOW_HTTP"] = "true"
    return options
