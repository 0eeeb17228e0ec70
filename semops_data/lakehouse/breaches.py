"""Which landed rows break a rule that one value alone decides: the masks of `refine`, made only where a value does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from semops_data.contracts.business import LATE
from semops_data.contracts.rules import Rule
from semops_data.lakehouse import numbered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semops_data.contracts import Column, Table
    from semops_data.lakehouse.words import Flags


def alone(column: Column, values: pa.ChunkedArray, raw: pa.ChunkedArray) -> list[tuple[Rule, Flags]]:
    """The rules that values of one column break, and where; nothing for a rule that none breaks.

    Args:
        column: the contract's.
        values: (n,) as they were read, null where none was landed or it is unreadable.
        raw: (n,) as they were landed.
    """
    found = []
    is_unreadable = None
    if column.type != "string" and values.null_count != raw.null_count:
        is_unreadable = pc.and_(values.is_null(), raw.is_valid())
        found.append((Rule.UNREADABLE, _flags(is_unreadable)))
    if not column.nullable and values.null_count:
        is_null = values.is_null()
        found.append((Rule.NULL, _flags(is_null if is_unreadable is None else pc.and_not(is_null, is_unreadable))))
    found += [(Rule.OUT_OF_RANGE, _flags(mask)) for mask in _outside(values, column.minimum, column.maximum)]
    if column.allowed:
        is_allowed = pc.is_in(values, value_set=pa.array(column.allowed, values.type))
        # To Arrow, a null is in no set; to a contract it is none of its values' business.
        if (pc.sum(is_allowed).as_py() or 0) < len(values) - values.null_count:
            found.append((Rule.NOT_ALLOWED, _flags(pc.and_not(values.is_valid(), is_allowed))))
    return found


def _outside(values: pa.ChunkedArray, minimum: float | None, maximum: float | None) -> Iterator[pa.ChunkedArray]:
    """Where values are too low, and where too high."""
    if minimum is None and maximum is None:
        return
    bounds = pc.min_max(values).as_py()
    if minimum is not None and bounds["min"] is not None and bounds["min"] < minimum:
        yield pc.less(values, minimum)
    if maximum is not None and bounds["max"] is not None and bounds["max"] > maximum:
        yield pc.greater(values, maximum)


def moment(contract: Table) -> str | None:
    """The column that says to which day a row belongs."""
    return next((column.name for column in contract.columns if column.type == "timestamp"), None)


def strangers(values: pa.ChunkedArray, members: pa.ChunkedArray) -> list[tuple[Rule, Flags]]:
    """Where values refer to what is not there; nothing where none does."""
    is_stranger = numbered.unknown(values, members)
    return [(Rule.ORPHAN, is_stranger)] if is_stranger.any() else []


def outside_day(contract: Table, day: str, moments: pa.ChunkedArray) -> list[tuple[Rule, Flags]]:
    """Where rows of a partition belong to another day; nothing where none does. Some may come some days late."""
    end = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1)
    start = end - timedelta(days=1 + LATE.get(contract.name, 0))
    bounds = pc.min_max(moments).as_py()
    if bounds["min"] is None or (bounds["min"] >= start and bounds["max"] < end):
        return []
    first, last = (pa.scalar(each, moments.type) for each in (start, end))
    return [(Rule.OUTSIDE_DAY, _flags(pc.or_(pc.less(moments, first), pc.greater_equal(moments, last))))]


def _flags(mask: pa.ChunkedArray) -> Flags:
    """(n,) booleans; a null is none of them."""
    found: Flags = (mask.fill_null(False) if mask.null_count else mask).to_numpy()
    return found
