"""The rules of a contract that a landed row can break, by the name under which it is then quarantined.

A reason is the rule and the column, `out_of_range:quantity`; `not_json` stands alone.
"""

from __future__ import annotations

from enum import StrEnum


class Rule(StrEnum):
    """What is wrong with a landed row, in the order in which rules are tried."""

    NOT_JSON = "not_json"
    NULL = "null"
    UNREADABLE = "unreadable"
    OUT_OF_RANGE = "out_of_range"
    NOT_ALLOWED = "not_allowed"
    OUTSIDE_DAY = "outside_day"
    ORPHAN = "orphan"
    CONFLICTING = "conflicting"

    def on(self, column: str) -> str:
        """The reason for that column."""
        return f"{self.value}:{column}"


DUPLICATE = "duplicate"
"""Not a broken rule: a row that repeats a kept one in every value is counted and left out."""
