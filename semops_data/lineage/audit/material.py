"""The data of one day that an audit reads, each part once however many metrics are audited."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from semops_data.contracts import table
from semops_data.lakehouse.lake import MissingTableError
from semops_data.landing.landed import Landed
from semops_data.landing.objects import UnreadableObjectError, read_landed
from semops_data.landing.store import MissingObjectError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from semops_data.lakehouse.lake import Lake
    from semops_data.landing.store import ObjectStore
    from semops_data.registry.model import Registry
    from semops_data.warehouse.session import Session
    from semops_data.warehouse.warehouse import Warehouse

T = TypeVar("T")
DAY = re.compile(r"/day=(\d{4}-\d{2}-\d{2})/")


class Material:
    """What lies in landing, lakehouse and warehouse for one day; use it in a `with`, from one thread.

    Args:
        lake: the Delta tables.
        store: the landed objects.
        warehouse: the facts and marts.
        registry: the definitions.
        day: an ISO date.
        is_light: whether to leave out what the checks of the warehouse assert in the same run: its facts hold what the
            lakehouse holds, and its marts show what follows from them. The warehouse is not asked then.
    """

    def __init__(
        self,
        lake: Lake,
        store: ObjectStore,
        warehouse: Warehouse,
        registry: Registry,
        day: str,
        *,
        is_light: bool = False,
    ) -> None:
        self.lake, self.store, self.warehouse, self.registry, self.day = lake, store, warehouse, registry, day
        self.is_light = is_light
        self._kept: dict[tuple[str, ...], Any] = {}
        self._open = ExitStack()

    def __enter__(self) -> Material:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened and forget what was read."""
        self._kept.clear()
        self._open.close()

    @property
    def size_bytes(self) -> int:
        """How much of the day is held."""
        held = [found.rows if isinstance(found, Landed) else found for found in self._kept.values()]
        return sum(found.nbytes for found in held if isinstance(found, pa.Table))

    @cached_property
    def session(self) -> Session:
        """One session for the whole audit.

        Raises:
            UnreachableError: where the warehouse does not answer.
        """
        return self._open.enter_context(self.warehouse.session(asset_key="lineage/audit"))

    @cached_property
    def duckdb(self) -> Any:
        """A DuckDB connection that lives as long as the audit."""
        import duckdb

        connection = duckdb.connect(":memory:", config={"threads": 2})
        self._open.callback(connection.close)
        return connection

    def once(self, what: tuple[str, ...], make: Callable[[], T]) -> T:
        """What `make` gives, made at the first call for it and kept as long as the audit."""
        if what not in self._kept:
            self._kept[what] = make()
        found: T = self._kept[what]
        return found

    def landed(self, name: str) -> Landed | None:
        """The day's landed object; None where there is none that can be read."""

        def read() -> Landed | None:
            try:
                return read_landed(self.store, name, self.day)
            except (MissingObjectError, UnreadableObjectError):
                return None

        return self.once(("landed", name), read)

    def kept(self, name: str) -> pa.Table | None:
        """The landed rows that were kept, untyped: neither quarantined nor a repetition.

        Which ones these are is read from the quarantine and not judged again; where nothing was settled yet, all
        rows count that are no repetition.
        """
        landed = self.landed(name)
        return None if landed is None else self.once(("kept", name), lambda: self._kept_of(name, landed))

    def _kept_of(self, name: str, landed: Landed) -> pa.Table:
        import polars as pl

        rows, bad = landed.rows, self.delta(f"{name}_quarantine", ["row_number"])
        views = {field.name for field in rows.schema if pa.types.is_string_view(field.type)}
        if views:
            # Not every kernel takes the views as which JSON Lines are read.
            texts = [(field.name, pa.string() if field.name in views else field.type) for field in rows.schema]
            rows = rows.cast(pa.schema(texts))
        keys = pl.Series(pl.from_arrow(rows.column(table(f"lakehouse/{name}").keys[0])))
        is_kept = np.ones(rows.num_rows, np.bool_)
        if bad is not None:
            numbers = bad.column("row_number").to_numpy()
            # An object that was landed again may be shorter than the one that was judged.
            is_kept[numbers[numbers < rows.num_rows]] = False
        kept = np.flatnonzero(is_kept)
        kept = kept[keys.gather(kept).is_first_distinct().to_numpy()]
        return rows if len(kept) == rows.num_rows else rows.take(pa.array(kept))

    def delta(self, name: str, columns: list[str] | None = None) -> pa.Table | None:
        """The day's rows of a table of the lakehouse, all rows of one without days; None where there is no table."""
        contract = table(f"lakehouse/{name}")
        where = {"day": self.day} if contract.partition_by else None

        def read() -> pa.Table | None:
            try:
                return self.lake.read(contract.key, where=where)
            except MissingTableError:
                return None

        rows = self.once(("delta", name), read)
        return rows if rows is None or columns is None else rows.select(columns)

    def truth(self) -> pa.Table | None:
        """The known answers of the day; None where there are none, as in a real business."""

        def read() -> pa.Table | None:
            try:
                return self.lake.read("synthesis/truth", where={"day": self.day})
            except MissingTableError:
                return None

        return self.once(("truth",), read)

    def rows(self, key: str) -> pa.Table | None:
        """The rows of a table of the warehouse, of the day where it is daily; None where there is no table."""
        from semops_data.warehouse.changing import read
        from semops_data.warehouse.session import StatementError

        contract = table(key)
        day = self.day if contract.partition_by else None

        def fetch() -> pa.Table | None:
            try:
                return read(self.session, contract, self.warehouse.name(contract.name), day=day)
            except StatementError:
                return None

        return self.once(("rows", key), fetch)

    def is_loaded(self, key: str) -> bool:
        """Whether the day was ever loaded into a table of the warehouse, by its ledger."""
        from semops_data.warehouse import ledger
        from semops_data.warehouse.session import StatementError

        def look() -> bool:
            try:
                return ledger.latest(self.session, self.warehouse, table(key), self.day) is not None
            except StatementError:
                return False

        return self.once(("ledger", key), look)

    def query(self, reads: Sequence[str], sql: str) -> tuple[Any, ...]:
        """The one row of a DuckDB query over the kept rows of exported tables; `$day` is the day.

        Raises:
            KeyError: naming the tables of which nothing was landed.
        """
        missing = [name for name in reads if self.kept(name) is None]
        if missing:
            raise KeyError(", ".join(f"landing/{name}" for name in missing))
        for name in reads:
            self.once(("view", name), lambda name=name: self.duckdb.register(name, self.kept(name)))  # type: ignore[misc]
        parameters = {"day": self.day} if "$day" in sql else {}
        found: tuple[Any, ...] = self.once(("query", sql), lambda: self.duckdb.execute(sql, parameters).fetchall()[0])
        return found

    def moves(self, name: str) -> list[dict[str, Any]]:
        """How far each column of an exported table moved, as the profiling room compared it; empty where it did not."""
        from semops_data.profiling.history import read_day

        by_table: dict[str, list[dict[str, Any]]] = self.once(("moves",), lambda: read_day(self.lake, self.day))
        return by_table.get(f"lakehouse/{name}", [])


def landed_days(store: ObjectStore, names: Iterable[str]) -> list[str]:
    """The days of which something was landed of the exported tables, ascending ISO dates."""
    paths = (path for name in names for path in store.list(f"landing/{name}/"))
    return sorted({found.group(1) for path in paths if (found := DAY.search(path))})


_SHARED: dict[tuple[str, str], Material] = {}
MOST_SHARED_BYTES = 64 * 2**20
"""A day that is larger is read by each check on its own: nobody can say when a run has asked for the last time."""


@contextmanager
def shared(run_id: str, day: str, make: Callable[[], Material]) -> Iterator[Material]:
    """The material of a run's day, kept for the next check of the same run and process where it is small.

    Args:
        run_id: the run; what lies there does not change under it.
        day: the day.
        make: opens the material where none is kept.
    """
    material = _SHARED.pop((run_id, day), None) or make()
    while _SHARED:
        _SHARED.popitem()[1].close()
    try:
        yield material
    except BaseException:
        material.close()
        raise
    if material.size_bytes > MOST_SHARED_BYTES:
        material.close()
    else:
        _SHARED[run_id, day] = material
