"""From landed values to the types of a contract; what cannot be read becomes null and is marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.contracts.business import raw_name

if TYPE_CHECKING:
    import polars as pl

    from semops_data.contracts import Column

MOMENT = "%Y-%m-%dT%H:%M:%SZ"
INTEGER = r"^-?[0-9]{1,18}$"
DECIMAL = r"^-?[0-9]{1,13}(\.[0-9]{1,2})?$"


def typed(column: Column, raw: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Read one landed column.

    Args:
        column: the contract's column; money (`*_cents`) is landed as a decimal number of euros.
        raw: (n,) landed values of any type.

    Returns:
        The values in the contract's type, null where none was landed or it is unreadable; and, for each row,
        whether a value was landed that is unreadable.
    """
    import polars as pl

    if raw.dtype == pl.Null:
        raw = raw.cast(pl.String)
    if column.type == "string":
        text = raw.cast(pl.String)
        # An empty text says no more than none at all.
        return text.set(text == "", None).rename(column.name), pl.repeat(False, len(raw), eager=True)
    if column.type == "timestamp":
        values = _moment(raw)
    elif raw_name(column) != column.name:
        values = _cents(raw)
    elif column.type == "int64":
        values = _integer(raw)
    elif column.type == "bool":
        values = (
            raw
            if raw.dtype == pl.Boolean
            else raw.cast(pl.String).replace_strict(
                {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
            )
        )
    else:
        raise ValueError(f"column {column.name}: nothing reads a landed {column.type} yet")
    return values.rename(column.name), values.is_null() & raw.is_not_null()


def _moment(raw: pl.Series) -> pl.Series:
    import polars as pl

    if raw.dtype == pl.String:
        return raw.str.to_datetime(MOMENT, time_unit="us", time_zone="UTC", strict=False)
    if isinstance(raw.dtype, pl.Datetime):
        zoned = raw if raw.dtype.time_zone else raw.dt.replace_time_zone("UTC")
        return zoned.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    return pl.Series([None] * len(raw), dtype=pl.Datetime("us", "UTC"))


def _integer(raw: pl.Series) -> pl.Series:
    import polars as pl

    if raw.dtype.is_integer():
        return raw.cast(pl.Int64, strict=False)
    text = raw.cast(pl.String)
    return text.set(~text.str.contains(INTEGER), None).cast(pl.Int64, strict=False)


def _cents(raw: pl.Series) -> pl.Series:
    import polars as pl

    text = raw.cast(pl.String)
    known = text.set(~text.str.contains(DECIMAL), None)
    # Fewer than 2^53 cents: the product of a double and 100, rounded, is exact.
    return (known.cast(pl.Float64) * 100).round().cast(pl.Int64)
