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


def typed(column: Column, raw: pl.DataType) -> pl.Expr:
    """How one landed column is read.

    Args:
        column: the contract's column; money (`*_cents`) is landed as a decimal number of euros.
        raw: the type that it was landed in.

    Returns:
        An expression over the landed columns: the values in the contract's type, null where none was landed or it is
        unreadable. An empty text says no more than none at all, and is never unreadable.
    """
    import polars as pl

    name = raw_name(column)
    source = pl.col(name).cast(pl.String) if raw == pl.Null else pl.col(name)
    if column.type == "string":
        text = source.cast(pl.String)
        values = pl.when(text != "").then(text)
    elif column.type == "timestamp":
        values = _moment(source, raw)
    elif name != column.name:
        values = _cents(source)
    elif column.type == "int64":
        values = _integer(source, raw)
    elif column.type == "bool":
        values = source if raw == pl.Boolean else _truth(source)
    else:
        raise ValueError(f"column {column.name}: nothing reads a landed {column.type} yet")
    return values.alias(column.name)


def _truth(raw: pl.Expr) -> pl.Expr:
    import polars as pl

    return raw.cast(pl.String).replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)


def _moment(raw: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    import polars as pl

    if dtype in (pl.String, pl.Null):
        return raw.str.to_datetime(MOMENT, time_unit="us", time_zone="UTC", strict=False)
    if isinstance(dtype, pl.Datetime):
        zoned = raw if dtype.time_zone else raw.dt.replace_time_zone("UTC")
        return zoned.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    # As long as the column, whatever it is.
    return pl.when(raw.is_null()).then(None).cast(pl.Datetime("us", "UTC"))


def _integer(raw: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    import polars as pl

    if dtype.is_integer():
        return raw.cast(pl.Int64, strict=False)
    text = raw.cast(pl.String)
    return pl.when(text.str.contains(INTEGER)).then(text).cast(pl.Int64, strict=False)


def _cents(raw: pl.Expr) -> pl.Expr:
    import polars as pl

    text = raw.cast(pl.String)
    known = pl.when(text.str.contains(DECIMAL)).then(text)
    # Fewer than 2^53 cents: the product of a double and 100, rounded, is exact.
    return (known.cast(pl.Float64) * 100).round().cast(pl.Int64)
