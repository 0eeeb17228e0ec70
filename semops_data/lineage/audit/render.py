"""Audits as Markdown, for a person who looks at a check on the asset's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.lineage.audit.model import BREAKS, HOLDS, LAYERS, MOVED, NEW, UNMEASURED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from semops_data.lineage.audit.model import Audit, Layer, Test

MOST_TESTS = 12
LONGEST = 600


def evidence(audits: Sequence[Audit]) -> str:
    """Which layers hold for which metric, then both sides of what breaks or moved."""
    lines = [f"| metric | {' | '.join(LAYERS)} |", f"| --- |{' --- |' * len(LAYERS)}"]
    lines += [f"| {cell(one.place[1])} | {' | '.join(_verdicts(one))} |" for one in audits]
    told = {verdict: _told(audits, verdict) for verdict in (BREAKS, MOVED, NEW)}
    rows = [row for verdict in told for row in told[verdict]]
    if rows:
        lines += ["", "| | column | says | shows |", "| --- | --- | --- | --- |", *rows[:MOST_TESTS]]
    if len(rows) > MOST_TESTS:
        lines += ["", f"and {len(rows) - MOST_TESTS} more: `dst lineage audit`"]
    return "\n".join(lines)


def _verdicts(one: Audit) -> Iterable[str]:
    found = {layer.name: layer for layer in one.layers}
    return [_shown(found.get(name)) for name in LAYERS]


def _shown(layer: Layer | None) -> str:
    if layer is None:
        return "not reached"
    return {HOLDS: "holds", BREAKS: "**breaks**", MOVED: "moved", NEW: "new column", UNMEASURED: "-"}[layer.verdict]


def _told(audits: Sequence[Audit], verdict: str) -> list[str]:
    """One row for each different test of that verdict."""
    tests: dict[Test, None] = {}
    for one in audits:
        for layer in one.layers:
            tests |= dict.fromkeys(layer.having(verdict))
    return [
        f"| {verdict} | {cell('.'.join(test.place) if test.place else '')} | {cell(test.says)} | {cell(test.shows)} |"
        for test in tests
    ]


def cell(text: str) -> str:
    """Text inside a cell of a table: neither a bar, a tag nor a line can end it."""
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    escaped = short.replace("\\", "\\\\").replace("|", "\\|").replace("&", "&amp;").replace("<", "&lt;")
    return " ".join(escaped.split())
