"""Keys compared as numbers say what keys compared as texts say."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.lakehouse import numbered

KEYS = st.one_of(
    st.integers(0, 10**8 - 1).map(lambda number: f"E20260101-{number % 40:09d}"),
    st.integers(0, 10**9 - 1).map(lambda number: f"E20260101-{number:09d}"),
    st.integers(0, 99).map(lambda number: f"A-much-longer-beginning-{number:08d}"),
    st.sampled_from([
        "", "unknown", "E20260101-0000000", "E20260101-00000000a", "E20260101-0000000 1", "E20260101-00000000:",
        "E20260102-000000001", "e20260101-000000001", "E20260101-100000001", "é0260101-000000001", "00000000", "x" * 70,
    ]),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(KEYS, max_size=60), st.lists(st.one_of(KEYS, st.none()), max_size=60), st.integers(0, 3))
def test_repetitions_and_strangers_are_those_that_texts_show(members, values, skipped):
    """The quick way is taken for the shape of the keys, and nobody can tell whether it was."""
    few = numbered.FEWEST
    numbered.FEWEST = 1
    try:
        held, asked = (pa.chunked_array([pa.array(each, pa.string())]).slice(min(skipped, len(each)))
                       for each in (members, values))  # fmt: skip
        expected = [value is not None and value not in held.to_pylist() for value in asked.to_pylist()]
        assert numbered.unknown(asked, held).tolist() == expected
        for column in (held, asked):
            texts = column.to_pylist()
            assert numbered.repeated(pa.table({"key": column})).tolist() == [texts.count(text) > 1 for text in texts]
    finally:
        numbered.FEWEST = few


def test_many_keys_are_compared_as_numbers():
    """Each digit counts, wherever it stands."""
    keys = pa.chunked_array([[f"S20260101-{number * 7919 % 100_003:09d}" for number in range(40_000)]])
    assert not numbered.repeated(pa.table({"key": keys})).any()
    again = pa.chunked_array([*keys.chunks, keys.slice(5, 1).combine_chunks()])
    assert np.flatnonzero(numbered.repeated(pa.table({"key": again}))).tolist() == [5, 40_000]
    assert np.flatnonzero(numbered.unknown(keys, keys.slice(1))).tolist() == [0]
    assert numbered._numbers(keys, numbered._Beginning(b"S20260101-0", 19)).tolist() == [
        number * 7919 % 100_003 for number in range(40_000)
    ]
