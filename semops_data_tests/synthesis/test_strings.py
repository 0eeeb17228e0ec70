"""What is put together as bytes, or kept as positions in a dictionary, says what plain Python would write."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.landing.objects import encode
from semops_data.synthesis.business import business_day
from semops_data.synthesis.chance import PARTS, choose, generator
from semops_data.synthesis.defects import plant
from semops_data.synthesis.export import export
from semops_data.synthesis.sales import booked
from semops_data.synthesis.sold import lines_of, order_items, orders, per_order
from semops_data.synthesis.strings import KNOWN_CENTS, coded_decimal, coded_runs, decimal, identifiers, iso_moments
from semops_data_tests.scenario import small_business

DAY = date(2026, 1, 5)
AMOUNTS = st.lists(
    st.one_of(st.integers(0, 300), st.integers(KNOWN_CENTS - 2, KNOWN_CENTS + 2), st.integers(0, 10**12))
)


@settings(deadline=None)
@given(st.data(), st.integers(1, 12), st.sampled_from(["", "C", "O20260105-"]))
def test_an_identifier_is_its_prefix_and_the_number_with_leading_zeros(data, width, prefix):
    """Digits are looked up four at a time: every width has its own layout."""
    numbers = data.draw(st.lists(st.integers(0, 10**width - 1), max_size=20))
    made = identifiers(prefix, np.array(numbers, np.int64), width)
    made.validate(full=True)
    assert made.to_pylist() == [f"{prefix}{number:0{width}}" for number in numbers]


def test_a_number_that_is_too_long_for_its_identifier_is_refused():
    """Two orders with the same identifier would be worse."""
    with pytest.raises(ValueError, match="10000 has more than the 4 digits"):
        identifiers("K", np.array([10_000]), 4)


@settings(deadline=None)
@given(AMOUNTS)
def test_an_amount_is_written_with_two_decimals_whether_it_is_looked_up_coded_or_large(cents):
    """The lake reads the text back into cents: one wrong digit is wrong money."""
    expected = [f"{each // 100}.{each % 100:02}" for each in cents]
    coded = coded_decimal(pa.array(cents, pa.int64()))
    coded.validate(full=True)
    assert coded.to_pylist() == decimal(pa.array(cents, pa.int64())).to_pylist() == expected
    assert len(coded.dictionary) == len(set(expected))


@settings(deadline=None)
@given(st.lists(st.integers(1_767_225_600, 1_767_225_600 + 40 * 86_400 - 1), max_size=20))
def test_a_moment_is_written_as_iso_8601(seconds):
    """The clock and the date are looked up apart."""
    expected = [f"{np.datetime64(each, 's')}Z" for each in seconds]
    assert iso_moments(np.array(seconds, np.int64)).to_pylist() == expected


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["2026-01-05", "2026-01-04", "2026-01-03"]), st.integers(0, 5)), min_size=1))
def test_runs_of_texts_are_repeated_as_often_as_they_say(runs):
    """A text may come in two runs; the dictionary has it once."""
    made = coded_runs(runs)
    assert made.to_pylist() == [text for text, count in runs for _ in range(count)]
    assert len(made.dictionary.unique()) == len(made.dictionary)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 10**9), min_size=1, max_size=8), max_size=30))
def test_the_lines_of_orders_lie_together_and_are_summed_by_order(lines):
    """Found by counting and by differences of running sums; no order is without a line."""
    found = lines_of(np.array([len(each) for each in lines], np.int64))
    assert found["item_order"].tolist() == [number for number, each in enumerate(lines) for _ in each]
    values = np.array([value for each in lines for value in each], np.int64)
    assert per_order(values, found["first_item"]).tolist() == [sum(each) for each in lines]


def test_values_are_drawn_by_their_shares():
    """A table of 65,536 bytes stands for the distribution."""
    drawn = choose(generator(small_business(), "test", DAY), (3, 1, 0, 4), 4 * PARTS, (1, 12, 99, 100))
    counts = dict(zip(*np.unique(drawn, return_counts=True), strict=True))
    assert {int(value): round(8 * count / drawn.size, 1) for value, count in counts.items()} == {1: 3, 12: 1, 100: 4}
    assert drawn.dtype == np.int64


def test_orders_and_items_say_what_was_drawn():
    """The identifier of an item is made from the bytes of its order's."""
    business = small_business(orders_per_day=2_000)
    sales = booked(business, DAY)
    placed = [day for day, count in sales.placed for _ in range(count)]
    ids = [f"O{day:%Y%m%d}-{number:08}" for day, number in zip(placed, sales.number.tolist(), strict=True)]
    head, lines = orders(DAY, sales), order_items(DAY, sales)
    assert len(set(placed)) == 3
    assert head["order_id"].to_pylist() == ids
    assert head["order_day"].to_pylist() == [day.isoformat() for day in placed]
    assert head["customer_id"].to_pylist() == [f"C{number:09}" for number in sales.customer.tolist()]
    of_items = sales.item_order.tolist()
    first = sales.first_item.tolist()
    assert lines["order_id"].to_pylist() == [ids[order] for order in of_items]
    expected = [f"L{ids[order][1:]}{place - first[order]}" for place, order in enumerate(of_items)]
    assert lines["order_item_id"].to_pylist() == expected
    assert lines["product_id"].to_pylist() == [f"P{number:05}" for number in sales.product.tolist()]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["orders", "order_items"]), st.integers(0, 400))
def test_a_copy_differs_from_its_row_in_what_its_fault_writes(seed, name, cut):
    """Also where the column is coded: the value is put into the dictionary, or found there."""
    business = small_business(seed=seed, defect_rate=0.3)
    maker = {"orders": orders, "order_items": order_items}[name]
    clean = export(name, maker(DAY, booked(business, DAY))).slice(cut)
    planted = plant(business, name, DAY, clean, first_row=7)
    key, rows = clean.column_names[0], clean.to_pylist()
    landed, copied = planted.rows.to_pylist(), planted.numbers - 7
    whole = {row[key]: row for row in rows}
    assert [row for number, row in enumerate(landed) if number not in set(copied.tolist())] == rows
    assert [landed[number] for number in copied] == planted.copies.to_pylist()
    for fault, copy in zip(planted.faults, planted.copies.to_pylist(), strict=True):
        value = fault.value if fault.value is None or fault.column == "quantity" else str(fault.value)
        if fault.column == key:
            assert copy[key] == value
        else:
            assert copy == whole[copy[key]] | ({fault.column: value} if fault.column else {})
    coded = [column for column in planted.rows.columns if pa.types.is_dictionary(column.type)]
    assert len(coded) == {"orders": 6, "order_items": 3}[name]
    for column in coded:
        texts = column.chunk(0).dictionary
        assert all(chunk.dictionary.equals(texts) for chunk in column.chunks)
        assert len(texts.unique()) == len(texts)


def test_what_is_coded_in_memory_is_text_in_the_object():
    """A reader must not see how the rows were held: names, types, values and nulls are those of plain texts."""
    made = business_day(small_business(orders_per_day=1_000, defect_rate=0.1), DAY)
    for name in ("orders", "order_items", "payments", "sessions"):
        rows = made.tables[name]
        plain = pa.schema([
            pa.field(field.name, field.type.value_type if pa.types.is_dictionary(field.type) else field.type)
            for field in rows.schema
        ])  # fmt: skip
        read = pq.read_table(pa.BufferReader(encode(name, rows)))
        assert read.equals(rows.cast(plain))
