"""`Lake`: every Delta table of the platform, read and written by contract.

Every write is idempotent: `replace` commits nothing where the table already holds the rows, `merge` nothing
where no row would change. Readers get Arrow tables in the contract's types.
Arrow and deltalake are imported inside the methods: assets name `Lake` as a type, and importing them stays light.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semops_data.contracts import table
from semops_data.lakehouse.writing import guarded
from semops_data.landing.advice import patiently

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from deltalake import DeltaTable

    from semops_data.contracts import Column, Table
    from semops_data.settings import Settings

TIMEOUTS = {"connect_timeout": "3s", "timeout": "30s", "max_retries": "3", "retry_timeout": "20s"}


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
        seen: the tables that a snapshot has opened, by key; none of a lake that always shows the latest version.
    """

    root: str
    storage_options: Mapping[str, str] = field(default_factory=dict, repr=False)
    seen: dict[str, DeltaTable] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Give requests our own timeouts: deltalake's would try for three minutes."""
        if "://" in self.root:
            object.__setattr__(self, "storage_options", TIMEOUTS | dict(self.storage_options))

    def uri(self, key: str) -> str:
        """Where the table with that key lies."""
        return f"{self.root.rstrip('/')}/{key}"

    def snapshot(self) -> Lake:
        """The lake for a reader that asks several things: each table is opened once, and stays as it was then."""
        return replace(self, seen={})

    def exists(self, key: str) -> bool:
        """Whether the table was ever written."""
        from deltalake import DeltaTable

        if key in (self.seen or ()):
            return True
        with guarded("read", self.uri(key)):
            options = dict(self.storage_options)
            return patiently(lambda: bool(DeltaTable.is_deltatable(self.uri(key), storage_options=options)))

    def open(self, key: str, *, version: int | None = None) -> DeltaTable:
        """The Delta table, at its latest or at the given version.

        Raises:
            MissingTableError: where nothing has been written under that key.
            ValueError: where the version lies after the latest one.
            LakeError: where the storage cannot be read.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        if version is None and self.seen and key in self.seen:
            return self.seen[key]

        def load() -> DeltaTable | None:
            with suppress(TableNotFoundError):
                return DeltaTable(self.uri(key), storage_options=dict(self.storage_options))
            return None

        with guarded("read", self.uri(key)):
            opened = patiently(load)
        if opened is None:
            raise MissingTableError(
                f"Delta table {key} does not exist at {self.uri(key)}: materialize the asset {key} first"
            )
        if version is None:
            if self.seen is not None:
                self.seen[key] = opened
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
        where: Mapping[str, str | Sequence[str]] | None = None,
        version: int | None = None,
    ) -> pa.Table:
        """Rows of a table in the contract's types and column order.

        Args:
            key: the table's key.
            columns: names to read; all by default.
            where: equality on partition columns, `{"day": "2026-01-01"}`, or several values of one.
            version: Delta version; the latest by default.
        """
        import pyarrow as pa

        contract = table(key)
        names = list(columns) if columns is not None else contract.arrow_schema.names
        opened = self.open(key, version=version)
        with guarded("read", self.uri(key)):
            data = patiently(lambda: scan(opened, names, where or {}))
        schema = pa.schema([contract.arrow_schema.field(name) for name in names])
        return data.cast(schema)

    def count(self, key: str) -> int:
        """Number of rows, from the log alone."""
        return int(self.open(key).count())

    def size_bytes(self, key: str, where: Mapping[str, str] | None = None) -> int:
        """Bytes of the table's files, or of a partition's, from the log alone."""
        from semops_data.lakehouse.sizes import size_bytes

        return size_bytes(self, key, where)

    def conform(self, key: str, data: pa.Table, also: Sequence[Column] = ()) -> pa.Table:
        """The rows in the contract's columns, types and key order.

        Args:
            key: the table's key.
            data: the rows.
            also: columns beyond the contract.

        Raises:
            SchemaChangeError: a ValueError, naming the columns of another type: a text is never read as a number.
            ValueError: naming the columns that are missing, unknown, or null against the contract.
        """
        from semops_data.lakehouse.conform import conform

        return conform(widened(table(key), also), data)

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
            LakeError: where the storage fails, or other writers were first every time.
        """
        from semops_data.lakehouse.replace import replace

        return replace(self, key, data, where=where)

    def merge(
        self,
        key: str,
        data: pa.Table,
        *,
        where: Mapping[str, str] | None = None,
        newest_by: str | None = None,
        also: Sequence[Column] = (),
        origin: str | None = None,
    ) -> Commit:
        """Bring rows into the table by its key, and write only those that differ.

        Args:
            key: the table's key; its contract has a primary key.
            data: rows with the contract's columns, unique by key.
            where: the partition that `data` describes in full, so that held rows which it lacks are deleted. Without
                it rows are inserted and updated, never deleted.
            newest_by: for rows that change over time, the moment of their last change: a held row gives way only to
                one of the same or a later day, so that days may arrive in any order.
            also: nullable columns beyond the contract that the table has or gets, and that `data` has.
            origin: hexadecimal, of what invented the rows; a table whose last rows have another starts over with
                these, in one commit. For tables without partitions: of the others, each partition is replaced.

        Returns:
            The commit; `changed` is false where the table already held these rows. `digest` is that of `data`.

        Raises:
            ValueError: where rows break the contract, repeat a key or lie outside the partition.
            LakeError: where the storage fails, or other writers were first every time.
        """
        from semops_data.lakehouse.merge import merge

        return merge(self, key, data, where=where, newest_by=newest_by, also=also, origin=origin)

    def changes(
        self,
        key: str,
        since_version: int,
        *,
        until_version: int | None = None,
        where: Mapping[str, str] | None = None,
    ) -> pa.Table:
        """What happened to a table after a version, net: at most one row per key, in key order.

        Args:
            key: a table whose changes are recorded (`lakehouse.changes.has_feed`).
            since_version: the version that the reader already has.
            until_version: the version to catch up to; the latest by default. Ask `version` first and pass it, so that
                what is noted afterwards is what was read.
            where: equality on columns, `{"day": "2026-01-01"}`.

        Returns:
            The contract's columns, `_change_type` (`insert`, `update`, `delete`; a deleted row shows its last values)
            and `_commit_version`, the version of the key's last change. Keys that are as they were are left out.

        Raises:
            ChangesGoneError: where those changes were vacuumed or never recorded: read the whole table instead.
            ValueError: where the versions are out of range.
            MissingTableError: where nothing has been written under that key.
        """
        from semops_data.lakehouse.changes import changes

        return changes(self, key, since_version, until_version=until_version, where=where)

    def append(self, key: str, data: pa.Table) -> int:
        """Add rows as they are, for content-addressed tables, whose readers see a row that is there twice as one.

        Returns:
            The version after the write.

        Raises:
            ValueError: where rows break the contract.
            LakeError: where the storage fails.
        """
        from deltalake import write_deltalake

        from semops_data.lakehouse.schema import constraints
        from semops_data.lakehouse.writing import retried

        contract, data = table(key), self.conform(key, data)
        self.make_root()
        named = {"name": contract.key, "description": contract.description}

        def attempt() -> None:
            target: Any = self.uri(key)
            if constraints(contract):
                from semops_data.lakehouse.merge import prepared

                target = prepared(self, contract)
            write_deltalake(target, data, mode="append", storage_options=dict(self.storage_options), **named)

        retried(attempt, self.uri(key), f"table {key}")
        return self.version(key)

    def refuse_strays(self, key: str, data: pa.Table, where: Mapping[str, str] | None) -> None:
        """Check that rows lie inside a partition.

        Raises:
            ValueError: naming the values that do not.
        """
        for name, value in (where or {}).items():
            strays = [other for other in data.column(name).unique().to_pylist() if other != value]
            if strays:
                raise ValueError(f"rows for {key} with {name} {strays[:3]} lie outside the partition {value!r}")

    def make_root(self) -> None:
        """Make the lake's folder, or prove that its endpoint cannot lose commits.

        Raises:
            UnsafeStoreError: where two writers could commit the same version.
            StoreError: where the endpoint cannot be written.
        """
        if "://" not in self.root:
            Path(self.root).mkdir(parents=True, exist_ok=True)
        elif "AWS_ENDPOINT_URL" in self.storage_options:
            from semops_data.landing.selftest import prove_atomic_puts

            prove_atomic_puts(self.root, self.storage_options)

    def local_path(self, key: str) -> Path | None:
        """The table's folder, where the lake is a folder."""
        return None if "://" in self.root else Path(self.uri(key))


def widened(contract: Table, also: Sequence[Column]) -> Table:
    """A contract with further columns."""
    return replace(contract, columns=(*contract.columns, *also)) if also else contract


def scan(delta: DeltaTable, columns: Sequence[str], where: Mapping[str, str | Sequence[str]]) -> pa.Table:
    """Rows of one version of a Delta table, in the types that it stores.

    Args:
        delta: the table at that version.
        columns: names to read.
        where: equality on partition columns, or several values of one.
    """
    filters: Any = [(name, "=" if isinstance(of, str) else "in", of) for name, of in where.items()] or None
    dataset = delta.to_pyarrow_dataset(file_pruning_predicate=filters)
    # Threads of a dataset scan outlive a short process and crash it at exit.
    return dataset.to_table(columns=list(columns), use_threads=False)


def storage_options(settings: Settings) -> dict[str, str]:
    """Deltalake's options for the lake's object store; empty for a folder."""
    if "://" not in settings.lake_root:
        return {}
    from semops_data.landing.store import store_options

    return store_options(settings)
