"""Planted defects: broken and repeated copies of clean rows, each with what must catch it.

A defect is always an extra row beside the clean one that it was copied from. So the rows that remain after
quarantine and de-duplication are exactly the clean ones, and the known answers hold for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts import table
from semops_data.contracts.business import DERIVED, raw_name
from semops_data.contracts.rules import DUPLICATE, Rule
from semops_data.contracts.shop import CURRENCIES
from semops_data.synthesis.chance import generator
from semops_data.synthesis.strings import at, whole

if TYPE_CHECKING:
    from datetime import date

    from semops_data.contracts import Column
    from semops_data.synthesis.parameters import Business

BLOCK = 1_024
PLACES = 16
"""Copies are put at most at so many places of a batch, which have at least `BLOCK` rows between them."""
UNREADABLE = "n/a"
IN_MICROS = "123456789000.00"
"""An amount as some interfaces write it, in millionths, where euros belong."""
LONG_AGO = "1999-12-31T23:59:59Z"


@dataclass(frozen=True)
class Fault:
    """One way to break a row.

    Attributes:
        kind: as `synthesis/defects` names it.
        caught_by: `duplicate`, or the reason of the quarantine.
        column: raw column that is overwritten; none where the whole row is the defect.
        value: what is written there.
    """

    kind: str
    caught_by: str
    column: str | None = None
    value: str | int | None = None


REPEATED = Fault("duplicate_row", DUPLICATE)
CUT = Fault("unreadable_row", Rule.NOT_JSON.value)


@lru_cache(maxsize=32)
def faults(name: str) -> tuple[Fault, ...]:
    """Every way in which a row of the exported table can break its contract."""
    contract = table(f"lakehouse/{name}")
    found = [REPEATED] + ([CUT] if name == "events" else [])
    for column in contract.columns:
        if column.name not in DERIVED:
            found += _faults_of(column, name)
    for reference, _, _ in contract.references:
        found.append(Fault("orphaned_reference", Rule.ORPHAN.on(reference), reference, "unknown"))
    moment = next((column for column in contract.columns if column.type == "timestamp"), None)
    if contract.partition_by and moment:
        found.append(Fault("late_row", Rule.OUTSIDE_DAY.on(moment.name), moment.name, LONG_AGO))
    return tuple(found)


def _faults_of(column: Column, name: str) -> list[Fault]:
    raw = raw_name(column)
    is_money = raw != column.name
    is_text = is_money or column.type == "timestamp" or name == "events"
    found = []
    if not column.nullable:
        found.append(Fault("missing_value", Rule.NULL.on(column.name), raw))
    if is_text and column.type in ("timestamp", "int64"):
        found.append(Fault("unreadable_value", Rule.UNREADABLE.on(column.name), raw, UNREADABLE))
    if column.minimum is not None and column.type == "int64":
        below = int(column.minimum) - 2
        value = f"{below}.00" if is_money else str(below) if is_text else below
        found.append(Fault("out_of_range", Rule.OUT_OF_RANGE.on(column.name), raw, value))
    if column.allowed:
        found.append(Fault("not_allowed", Rule.NOT_ALLOWED.on(column.name), raw, "unheard-of"))
    if column.allowed == CURRENCIES:
        found.append(Fault("currency_mix_up", Rule.NOT_ALLOWED.on(column.name), raw, "USD"))
    if is_money:
        found.append(Fault("unit_mix_up", Rule.OUT_OF_RANGE.on(column.name), raw, IN_MICROS))
    return found


@dataclass(frozen=True)
class Planted:
    """An export with its defects.

    Attributes:
        name: the exported table.
        day: the day.
        rows: to be landed. A row with the kind `unreadable_row` is still whole here; it is cut when it is written.
        copies: the defective rows among them.
        numbers: (copies,) numbers of these rows within the table's object.
        faults: what is wrong with each copy.
    """

    name: str
    day: date
    rows: pa.Table
    copies: pa.Table
    numbers: np.ndarray[tuple[int], np.dtype[np.int64]]
    faults: list[Fault]

    @property
    def manifest(self) -> pa.Table:
        """Rows of `synthesis/defects`."""
        key = table(f"lakehouse/{self.name}").keys[0]
        return pa.table(
            {
                "day": pa.repeat(self.day.isoformat(), len(self.faults)),
                "table_name": pa.repeat(self.name, len(self.faults)),
                "row_number": pa.array(self.numbers, pa.int64()),
                "kind": pa.array([fault.kind for fault in self.faults], pa.string()),
                "column_name": pa.array([fault.column for fault in self.faults], pa.string()),
                "row_key": self.copies.column(key).cast(pa.string()).fill_null(""),
                "caught_by": pa.array([fault.caught_by for fault in self.faults], pa.string()),
            },
            schema=table("synthesis/defects").arrow_schema,
        )


def plant(business: Business, name: str, day: date, clean: pa.Table, *, batch: int = 0, first_row: int = 0) -> Planted:
    """Add defective rows to an export.

    Args:
        business: gives the seed and the rate.
        name: the exported table.
        day: the day.
        clean: raw rows without defects.
        batch: number of the batch that the rows are.
        first_row: rows of the table's object before this batch.
    """
    chance = generator(business, f"defects of {name}", day, batch)
    count = round(clean.num_rows * business.defect_rate)
    known = faults(name)
    which = chance.integers(0, len(known), size=count)
    source = np.sort(chance.choice(clean.num_rows, size=count, replace=False))
    # Each copy lands some rows after the one that it was made from, with others that lie in the same block.
    block = max(BLOCK, -(-clean.num_rows // PLACES))
    places = np.minimum((source // block + chance.integers(1, 3, size=count)) * block, clean.num_rows)
    order = np.argsort(places, kind="stable")
    places, source = places[order], source[order]
    values = {column: _with_room(clean.column(column), _wrong(column, known)) for column in clean.column_names}
    clean = pa.table({column: values for column, (values, _) in values.items()})
    copies = clean.take(pa.array(source))
    for position, (column, (_, written)) in enumerate(values.items()):
        if written:
            broken = _overwritten(whole(copies.column(position)), written, which)
            copies = copies.set_column(position, column, broken)
    numbers = first_row + places + np.arange(count)
    return Planted(name, day, _inserted(clean, copies, places), copies, numbers, [known[code] for code in which])


Written = dict[int, "str | int | None"]
"""What some faults write into a column, by their positions: a value, or into a coded column the position of one."""


def _wrong(column: str, known: tuple[Fault, ...]) -> Written:
    return {code: fault.value for code, fault in enumerate(known) if fault.column == column}


def _with_room(values: pa.ChunkedArray, wrong: Written) -> tuple[pa.Array, Written]:
    """A column that can hold what faults write there, and what they write."""
    found = whole(values)
    if not pa.types.is_integer(found.type):
        wrong = {code: None if value is None else str(value) for code, value in wrong.items()}
    if not pa.types.is_dictionary(found.type):
        return found, wrong
    new: list[str] = []
    places: dict[str, int] = {}
    # A dictionary must not have a text twice.
    for text in sorted({str(value) for value in wrong.values() if value is not None}):
        place = found.dictionary.index(text).as_py()
        places[text] = place if place >= 0 else len(found.dictionary) + len(new)
        new += [text] if place < 0 else []
    texts = pa.concat_arrays([found.dictionary, pa.array(new, pa.string())])
    codes: Written = {code: None if value is None else places[str(value)] for code, value in wrong.items()}
    return at(found.indices, texts), codes


def _inserted(clean: pa.Table, copies: pa.Table, places: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Table:
    """Clean rows, and before the row of each place the copies that belong there: joining pieces beats picking rows."""
    cuts, firsts, sizes = np.unique(places, return_index=True, return_counts=True)
    parts, done = [], 0
    for cut, first, size in zip(cuts.tolist(), firsts.tolist(), sizes.tolist(), strict=True):
        parts += [clean.slice(done, cut - done), copies.slice(first, size)]
        done = cut
    return pa.concat_tables([*parts, clean.slice(done)])


def _overwritten(values: pa.Array, written: Written, which: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Array:
    """The values of copies, and where a copy's fault concerns the column what it writes."""
    plain = values.indices if pa.types.is_dictionary(values.type) else values
    rank = np.full(max(which.max(initial=0), *written) + 1, -1)
    rank[list(written)] = np.arange(len(written))
    place = rank[which]
    wrong = pa.array(list(written.values()), plain.type).take(pa.array(np.maximum(place, 0)))
    result = pc.if_else(pa.array(place >= 0), wrong, plain)
    is_coded = pa.types.is_dictionary(values.type)
    return at(result, values.dictionary) if is_coded else result
