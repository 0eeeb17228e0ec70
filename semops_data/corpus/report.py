"""What a person reads about a corpus: sums and a table of findings, as Markdown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from semops_data.markdown import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semops_data.corpus.model import Finding, Reading

SHOWN = 50
_SEVERITIES = ("error", "warning", "info")


def summary(reading: Reading) -> dict[str, Any]:
    """Sums of a reading: documents, versions, and the span of its history as ISO instants."""
    starts = [version.valid_from for version in reading.versions]
    span = f"{min(starts):%Y-%m-%d} to {max(starts):%Y-%m-%d}" if starts else "empty"
    return {
        "documents": len(reading.current),
        "versions": len(reading.versions),
        "commits": reading.commits,
        "history": span,
        "origin": reading.origin,
        "is_shallow": reading.is_shallow,
    }


def findings_markdown(findings: Sequence[Finding]) -> str:
    """The gravest findings as a Markdown table, with the number of those that are not shown."""
    if not findings:
        return "Nothing was found wrong."
    ordered = sorted(findings, key=lambda f: (_SEVERITIES.index(f.severity), f))
    rows = [(f.severity, f"{f.document_id}:{f.line}", f.kind, f.detail) for f in ordered[:SHOWN]]
    more = f"\n\n{len(ordered) - SHOWN} more are in `corpus/findings`." if len(ordered) > SHOWN else ""
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(f.kind for f in findings).most_common())
    return f"{kinds}\n\n{table(('severity', 'where', 'kind', 'what'), rows)}{more}"
