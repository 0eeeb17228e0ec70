"""What is landed can be read back row for row, and what cannot is named."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.contracts import table
from semops_data.landing import lines
from semops_data.landing.lines import decode_lines
from semops_data.landing.objects import (
    UnreadableObjectError,
    count_rows,
    object_path,
    read_landed,
)
from semops_data.landing.regular import cut
from semops_data.landing.store import MissingObjectError
from semops_data_tests.scenario import DAY, land_day, small_lake


@pytest.mark.parametrize("name", ["orders", "events"])
def test_landed_rows_come_back_in_their_order(tmp_path, name):
    """Row numbers of the manifest and of the quarantine count from the same first row."""
    _, store = small_lake(tmp_path)
    made = land_day(store, DAY)
    landed = read_landed(store, name, DAY)
    assert landed.is_broken.nonzero()[0].tolist() == sorted(made.cut_rows(name))
    whole = [row for row in range(landed.rows.num_rows) if not landed.is_broken[row]]
    assert pl.from_arrow(landed.rows)[whole].to_dicts() == made.tables[name].take(whole).to_pylist()
    assert count_rows(store, name, DAY) == made.tables[name].num_rows


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all", b"PAR1" + b"\x00" * 100 + b"PAR1"])
def test_a_damaged_object_is_named_with_what_to_do(tmp_path, content):
    """An export that was cut off in transfer is common; a stack trace of Arrow's helps nobody."""
    _, store = small_lake(tmp_path)
    store.put(object_path("orders", DAY), content)
    with pytest.raises(UnreadableObjectError, match=r"orders/day=2026-01-01/part-0.parquet .*delete it and mat"):
        read_landed(store, "orders", DAY)
    with pytest.raises(UnreadableObjectError, match=r"part-0\.parquet"):
        count_rows(store, "orders", DAY)


def test_an_object_without_a_column_is_named_with_the_column(tmp_path):
    """A renamed column must not turn a whole table into nulls."""
    _, store = small_lake(tmp_path)
    made = land_day(store, DAY)
    from semops_data.landing.objects import land

    land(store, "orders", DAY, made.tables["orders"].drop(["total"]))
    with pytest.raises(UnreadableObjectError, match="has no column total"):
        read_landed(store, "orders", DAY)


def test_a_column_that_nobody_knows_is_reported(tmp_path):
    """It is not read, but its arrival is visible."""
    _, store = small_lake(tmp_path)
    made = land_day(store, DAY)
    from semops_data.landing.objects import land

    rows = made.tables["orders"]
    land(store, "orders", DAY, rows.append_column("gift_note", rows["order_id"]))
    assert read_landed(store, "orders", DAY).unknown_columns == ("gift_note",)


def test_a_missing_object_is_named(tmp_path):
    """The usual cause is a partition that was not landed yet."""
    _, store = small_lake(tmp_path)
    with pytest.raises(MissingObjectError, match="landing/orders/day=2026-01-01"):
        read_landed(store, "orders", DAY)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(
    st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")),
    st.sampled_from([b'{"event_id": "E1", "quantity": 2}', b'{"quantity": "two"}', b"[1]", b"5", b"null", b'{"a"',
                     b'{"event_id": {"x": [1]}}', b'{"event_id": "\\ud800"}', b'{"quantity": 1e999}', b"{}",
                     '{"event_id": "a\u2028b"}'.encode()]),
), max_size=20))  # fmt: skip
def test_any_bytes_at_all_yield_one_row_per_line(lines):
    """Nothing that a shop can send may crash the day or vanish from the count."""
    data = b"\n".join(lines)
    landed = decode_lines("events", data, "landing/events")
    expected = sum(1 for line in data.decode(errors="backslashreplace").split("\n") if line.strip(" \t\r\x0b\x0c"))
    assert landed.rows.num_rows == len(landed.texts) == len(landed.is_broken) == expected


def test_a_key_that_no_contract_knows_is_noticed_in_any_line():
    """A source gains a column in the middle of a day; a colon inside a text is no key."""
    lines = [b'{"event_id": "E1", "quantity": 2}', b'{"event_id": "x\\":y"}', b'{"event_id": "E2", "coupon": {"a": 1}}']
    assert decode_lines("events", b"\n".join(lines), "landing/events").unknown_columns == ("coupon",)
    assert decode_lines("events", lines[1], "landing/events").unknown_columns == ()
    whole = (
        json.dumps(dict.fromkeys(table("landing/events").arrow_schema.names), separators=(",", ":")).encode() + b"\n"
    )
    assert decode_lines("events", whole * 3, "landing/events").unknown_columns == ()
    for key in (b'"coupon":', b'"coupon" :', b'"coupon" \t :'):
        line = whole.replace(b'"order_id":', key + b'1,"order_id":')
        assert decode_lines("events", whole + line, "landing/events").unknown_columns == ("coupon",)
        line = whole.replace(b'"order_id":', key)
        assert decode_lines("events", whole + line, "landing/events").unknown_columns == ("coupon",)
    odd = decode_lines("events", b'{"event_id": "E1", "a\'] b": [1]}\n{"event_id"', "landing/events")
    assert odd.extra.to_pydict() == {"a'] b": ["[1]", None]}


KEYS = table("landing/events").arrow_schema.names
ALIKE = st.lists(
    st.dictionaries(st.sampled_from(KEYS), st.one_of(
        st.none(), st.integers(-(10**19), 10**19), st.booleans(), st.floats(), st.just([1]), st.just({"x": 1}),
        st.text(st.characters(codec="utf-8", max_codepoint=300), max_size=4),
        st.sampled_from(['x":', ':"', ',"order_id":', "null", "", '"', "\x7f", "a\u2028", "}"]),
    ), max_size=2), max_size=6,
)  # fmt: skip
DAMAGE = st.tuples(
    st.integers(0, 2000), st.sampled_from([b"", b'"', b",", b":", b" ", b"\\", b"\n", b"0", b"\xff", b"\0", b"{}"])
)


@settings(max_examples=400, deadline=None)
@given(ALIKE, st.lists(DAMAGE, max_size=2), st.lists(st.integers(0, 6), max_size=2), st.permutations(KEYS))
def test_lines_that_are_cut_out_are_what_they_are_parsed(rows, damages, broken, order):
    """Where the keys stand is proved, not believed: one odd byte, and the lines are parsed."""
    whole = [json.dumps(dict.fromkeys(order, "a") | row, separators=(",", ":")).encode() for row in rows]
    for number in broken:
        whole.insert(min(number, len(whole)), b'{"event_id":"E1"')
    data = b"".join(line + b"\n" for line in whole)
    for place, damage in damages:
        data = data[: place % (len(data) + 1)] + damage + data[place % (len(data) + 1) + (len(damage) == 1) :]
    texts, is_object = lines.split(data, 0, len(data))
    values = cut(lines.joined(texts, is_object), KEYS, ~is_object)
    frame, is_broken, extra = lines._one_by_one(texts, is_object, KEYS)
    if values is not None:
        assert is_broken.tolist() == (~is_object).tolist()
        assert not extra.num_columns
        assert pl.from_arrow(values).equals(lines._spread(frame, is_broken))
    if rows and not damages and all(
        value is None
        or (isinstance(value, str) and value.isascii() and value.isprintable() and not {'"', "\\"} & set(value))
        for row in rows for value in row.values()
    ):  # fmt: skip
        assert values is not None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(
    st.fixed_dictionaries(dict.fromkeys(
        table("landing/events").arrow_schema.names, st.one_of(st.none(), st.text(max_size=4), st.just('x":'))
    )).map(lambda row: json.dumps(row).encode()),
    st.sampled_from([b"", b"  ", b'{"event_id":', b'{"event_id": "E1"}', b'{"quantity": 2, "coupon": 1}', b"\xff"]),
), max_size=12), st.booleans())  # fmt: skip
def test_lines_read_in_one_go_are_what_they_are_one_by_one(rows, is_ended):
    """The quick way is taken for the whole object or not at all, and nobody can tell which it was."""
    data = b"\n".join(rows) + (b"\n" if is_ended else b"")
    columns = table("landing/events").arrow_schema.names
    texts, is_object = lines.split(data, 0, len(data))
    good = lines.joined(texts, is_object)
    quick, slow = lines._in_one_go(good[1:], is_object, columns), lines._one_by_one(texts, is_object, columns)
    if quick is not None:
        assert quick[0].equals(slow[0])
        assert quick[1].tolist() == slow[1].tolist()
        assert slow[2].num_columns == 0
    small, whole = (decode_lines("events", data, "object", block_bytes=size) for size in (8, 1 << 20))
    assert pl.from_arrow(small.rows).equals(pl.from_arrow(whole.rows))
    assert small.is_broken.tolist() == whole.is_broken.tolist()
    assert small.extra.to_pydict() == whole.extra.to_pydict()
    assert texts.pick(range(len(texts))) == [line.decode(errors="backslashreplace") for line in rows if line.strip()]
