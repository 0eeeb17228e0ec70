"""What is wrong with documents that can be read."""

from __future__ import annotations

from datetime import UTC, datetime

from semops_data.corpus.findings import document_findings
from semops_data.corpus.model import Finding, Reading, Version
from semops_data.corpus.report import SHOWN, findings_markdown


def found(**documents: str):
    day = datetime(2026, 1, 1, tzinfo=UTC)
    reading = Reading(tuple(Version(name, day, text) for name, text in documents.items()))
    return [(f.document_id, f.kind, f.line) for f in document_findings(reading, lambda path: path != "code/x.md")]


def test_a_document_without_text_or_headings_is_a_finding():
    """It takes part in the scores, with less context than it could have."""
    assert found(**{"a.md": "<!-- nothing -->\n", "b.md": "Some text.\n", "c.md": "# C\n"}) == [
        ("a.md", "empty_document", 0),
        ("b.md", "no_headings", 1),
    ]


def test_references_that_lead_nowhere_are_findings_at_their_line():
    """Within the corpus only: other files and the web are not ours to judge."""
    text = (
        "# A\n\n[good](../b.md#b-1) [gone](gone.md) [self](#a)\n[anchor](../b.md#nope)\n\n"
        "`[code](gone.md)` [web](https://x.y/gone.md) [code](/code/x.md) [out](../../out.md) [picture](x.png)\n\n"
        "```\n[fenced](gone.md)\n```\n[root](/b.md) [enc](../b%20c.md 'title')\n"
    )
    assert found(**{"docs/a.md": text, "b.md": "# B\n# B\n", "b c.md": "# C\n"}) == [
        ("docs/a.md", "broken_reference", 3),
        ("docs/a.md", "broken_reference", 4),
    ]


def test_the_table_of_findings_shows_the_gravest_first_and_escapes_what_it_quotes():
    """Names and texts of documents are untrusted; the page that shows them renders Markdown."""
    many = [Finding("a|<script>.md", "no_headings", n, "x", "info") for n in range(SHOWN)]
    text = findings_markdown([*many, Finding("z.md", "undecodable", 0, "bad `byte`", "error")])
    rows = text.splitlines()
    assert rows[4].startswith("| error | z.md:0 |")
    assert "<script>" not in text
    assert "1 more are in" in text
    assert findings_markdown([]) == "Nothing was found wrong."
