"""Text of strangers on pages that render Markdown."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.markdown import LONGEST, cell, table


@given(st.text(max_size=400))
def test_no_text_becomes_markup_or_breaks_a_row(text):
    """Quotes come from documents: a pipe, a tag or a line break must stay what it is."""
    shown = cell(text)
    assert not re.search(r"[\r\n<>|]", shown)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]!~]", shown)
    assert table(("a",), [(text,)]).count("\n") == 2


def test_a_picture_in_a_name_is_not_loaded():
    """It would tell a stranger's server who looks at the page."""
    assert cell("![x](https://example.org/p.png)") == r"\!\[x\](https://example.org/p.png)"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (0.123456, "0.1235"),
        (7, "7"),
        (datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "2026-01-02 03:04:05"),
        ("x|y\n<script>", "x&#124;y &lt;script&gt;"),
        ("&lt;", "&amp;lt;"),
    ],
)
def test_values_are_shown_as_people_read_them(value, shown):
    """And a text that looks escaped already is shown as it is."""
    assert cell(value) == shown


def test_a_long_text_is_cut():
    """A table of whole documents is no table."""
    assert cell("a" * 1_000) == "a" * (LONGEST - 1) + "…"
    assert cell("a" * 1_000, longest=3) == "aa…"
