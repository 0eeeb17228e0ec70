"""Nothing that reaches SQL as a name or a literal can break out of it."""

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from semops_data.warehouse.names import IDENTIFIER, day_label, literal, quote


@given(st.text(max_size=40))
def test_a_name_is_quoted_or_refused(name: str) -> None:
    """There is no third way: no name is passed on unquoted or repaired."""
    if IDENTIFIER.fullmatch(name):
        assert quote(name) == f'"{name.upper()}"'
    else:
        with pytest.raises(ValueError, match="no identifier"):
            quote(name)


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=60))
def test_a_literal_reads_back_as_the_text(text: str) -> None:
    """A quote or a backslash in a contract's description must not end the statement."""
    parsed = sqlglot.parse_one(f"SELECT {literal(text)}", read="snowflake").expressions[0]
    assert parsed.is_string
    assert parsed.this.replace("\\\\", "\\") == text.replace("\\\\", "\\") or parsed.this == text


@pytest.mark.parametrize("day", ["2026-1-1", "x' OR 1=1 --", "", "2026-01-01/../.."])
def test_what_is_no_day_is_refused(day: str) -> None:
    """Days become part of stage paths."""
    with pytest.raises(ValueError, match="ISO date"):
        day_label(day)
