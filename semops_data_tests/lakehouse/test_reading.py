"""A value is what the parser of its column says, whichever way it was read."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.contracts import table
from semops_data.contracts.business import raw_name
from semops_data.lakehouse import reading, words
from semops_data.lakehouse.typing import typed

ORDERS, EVENTS = table("lakehouse/orders"), table("lakehouse/events")
COLUMNS = {"moment": ORDERS["created_at"], "money": ORDERS["total_cents"], "number": EVENTS["quantity"],
           "text": ORDERS["channel"]}  # fmt: skip
TEXTS = st.one_of(
    st.none(),
    st.text(alphabet="0123456789.-:TZ /eé", max_size=21),
    st.integers(-(10**9), 10**12).map(str),
    st.decimals(-1000, 10**7, places=2, allow_nan=False).map(str),
    st.datetimes(datetime(1, 1, 1), datetime(9999, 1, 1)).map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%SZ}"),  # noqa: DTZ001
    st.sampled_from([
        "", "0", "00000000", "99999999", "1.00", "12345.67", "99999.99", ".50", "1.5", "1.x0", "1.0x", "-1.00",
        "2026-01-01T00:00:00Z", "2026-01-01T23:59:59Z", "2026-01-01T24:00:00Z", "2026-01-01T10:60:00Z",
        "2026-02-30T10:00:00Z", "2026-01-01T10:00:0:Z", "2026-01-01T10:00:00z", "2026-01-01 10:00:00Z",
        "2026-01-01T10-00-00Z", "2026-01-01T10:00:00+", "2026/01/01T10:00:00Z", "0026-01-01T10:00:00Z",
    ]),
)  # fmt: skip


@pytest.mark.parametrize("kind", COLUMNS)
@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, max_size=40), st.integers(0, 4), st.lists(TEXTS, max_size=5))
def test_a_text_is_read_as_the_parser_reads_it(kind, texts, skipped, more):
    """The quick way is for what looks as exports write it, and may not guess at anything else."""
    column, few = COLUMNS[kind], words.FEW
    words.FEW = 0
    try:
        raw = pa.chunked_array([pa.array(texts, pa.string()).slice(skipped), pa.array(more, pa.string())])
        frame = pl.DataFrame({raw_name(column): pl.Series(pl.from_arrow(raw), dtype=pl.String)})
        expected = frame.select(typed(column, pl.String())).to_series().to_list()
        assert reading.read(column, raw).to_pylist() == expected
    finally:
        words.FEW = few


def test_many_values_of_many_days_are_read():
    """More than one look at them is needed, and more days than a look expects."""
    moments = [datetime(2026, 1 + number % 12, 1 + number % 28, number % 24, number % 60, tzinfo=UTC)
               for number in range(3 * words.MANY // 2)]  # fmt: skip
    raw = pa.chunked_array([[f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in moments]])
    assert reading.read(COLUMNS["moment"], raw).to_pylist() == moments
    assert reading.dates(reading.read(COLUMNS["moment"], raw)).to_pylist() == [f"{each:%Y-%m-%d}" for each in moments]


@pytest.mark.parametrize("kind", COLUMNS)
def test_words_from_a_dictionary_are_words(kind):
    """Exports may be written with dictionaries, and be read as such."""
    texts = ["2026-01-01T10:00:00Z", "12.50", "7", None, ""] * 3
    plain = reading.read(COLUMNS[kind], pa.chunked_array([pa.array(texts, pa.string())]))
    coded = reading.read(COLUMNS[kind], pa.chunked_array([pa.array(texts, pa.string()).dictionary_encode()]))
    assert coded.equals(plain)
