"""Documents of every kind become blocks under headings at the lines of their source; nothing of them is ever run."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.corpus import tables
from semops_data.corpus.chunks import chunks_of
from semops_data.corpus.docling import ConversionError, Docling
from semops_data.corpus.findings import document_findings
from semops_data.corpus.language import is_foreign, language
from semops_data.corpus.markdown import split_lines
from semops_data.corpus.model import Reading, Version
from semops_data.corpus.readers.kinds import DEFAULT_INCLUDE, encoding, is_data, read, suffix_of
from semops_data.corpus.sentences import claims
from semops_data.corpus.source import open_source
from semops_data.settings import Settings

SUFFIXES = (".md", ".txt", ".rst", ".html", ".ipynb", ".py", ".sql", ".yaml", ".json", ".csv", ".tsv", "")
HTML = """<!DOCTYPE html><html lang="en"><head><title>Manual</title><script>alert(1)</script></head><body>
<nav class="toc"><a href="x.html">Home</a></nav>
<div class="wy-grid-for-nav"><h1 id="drift">Drift</h1>
<p>Drift is a change of <em>meaning</em>
that <code>nobody</code> decided.</p>
<ul><li>It is measured <a href="b.html">per version</a>.</li></ul>
<table><tr><th>Name</th><th>Meaning</th></tr><tr><td>State</td><td>A number that states the drift.</td></tr></table>
<pre>x = 1</pre><p>&lt;script&gt;alert(2)&lt;/script&gt; is text.</p>
</div></body></html>
"""
PYTHON = '''"""Reads orders.

An order is a promise to pay for goods.
"""
# Orders are never changed after they were booked.
LIMIT = 3
# x = 1


class Order:
    """One order of one customer.

    Args:
        number: of the order.
    """

    def total(self):
        """The total is the sum of all items."""
        raise SystemExit("this must never run")


raise SystemExit("nor this")
'''
SQL = """-- Net revenue is gross revenue less refunds.
CREATE VIEW net_revenue AS
SELECT gross - refunds AS net -- what is left
FROM sales WHERE note = '-- no comment';
CREATE TABLE t (a INT COMMENT 'The number of sold units.');
COMMENT ON COLUMN t.a IS 'Units are counted once.';
"""
DBT = """version: 2
models:
  - name: orders
    description: One row is one order that was booked.
    columns:
      - name: order_id
        description: >
          The key of the order,
          which never changes.
metrics:
  - name: revenue
    label: Revenue
    description: Revenue is the sum of all payments.
"""
RST = """=====
Drift
=====

Drift is a change of meaning::

    code here

.. note:: Read on
   A rewording is no drift.

State
-----
- It is ``measured`` since the :term:`baseline`.

.. glossary::

   baseline
      The version at which the pattern became active.
"""


def said(document_id, content):
    """(heading path, claim, line) of a document, as the corpus would see it."""
    found = []
    for chunk in chunks_of(read(document_id, content)):
        if chunk.kind != "code":
            own = claims(chunk.markdown, first_line=chunk.start_line)
            found += [(chunk.heading_path, c.text, min(c.start_line, chunk.end_line)) for c in own]
    return found


def test_html_is_read_at_its_lines_without_navigation_and_scripts():
    found = said("manual.html", HTML)
    assert ("Drift", "Drift is a change of meaning that nobody decided.", 4) in found
    assert ("Drift", "It is measured per version.", 6) in found
    assert any("State is a number that states the drift." in claim for _, claim, _ in found)
    text = "\n".join(chunk.text for chunk in chunks_of(read("manual.html", HTML)))
    assert "alert(1)" not in text
    assert "Home" not in text
    assert "<script>alert(2)</script> is text." in text
    assert read("manual.html", HTML).title == "Drift"
    assert read("manual.html", HTML).front_matter["language"] == "en"


def test_python_gives_docstrings_and_comments_and_is_never_run():
    found = said("orders.py", PYTHON)
    assert ("", "An order is a promise to pay for goods.", 3) in found
    assert any(claim == "Orders are never changed after they were booked." for _, claim, _ in found)
    assert ("Order > Order.total", "The total is the sum of all items.", 18) in found
    assert not any("x = 1" in claim or "number" in claim for _, claim, _ in found)
    broken = read("broken.py", "def f(:\n# What follows is a whole comment of its own.\n")
    assert "no Python" in broken.problem


def test_sql_gives_comments_views_and_columns():
    found = said("m.sql", SQL)
    assert ("", "Net revenue is gross revenue less refunds.", 1) in found
    assert [h.text for h in read("m.sql", SQL).headings] == ["net_revenue", "t"]
    text = " ".join(chunk.body for chunk in chunks_of(read("m.sql", SQL)) if chunk.kind != "code")
    assert "The number of sold units." in text
    assert "Units are counted once." in text
    assert "no comment" not in text


def test_dbt_descriptions_stand_under_the_names_they_describe():
    found = said("schema.yml", DBT)
    assert ("orders", "One row is one order that was booked.", 4) in found
    assert ("orders > order_id", "The key of the order, which never changes.", 8) in found
    assert any(path == "revenue" and "sum of all payments" in claim for path, claim, _ in found)


def test_a_glossary_may_be_yaml_csv_or_a_mapping_of_terms():
    listed = "terms:\n  - term: Drift\n    definition: Drift is a change of meaning.\n    aliases: [shift]\n"
    assert ("Drift (shift)", "Drift is a change of meaning.", 3) in said("g.yaml", listed)
    mapped = "glossary:\n  Drift: Drift is a change of meaning.\n"
    assert said("g.yaml", mapped)[0][1] == "Drift is a change of meaning."
    rows = "term;definition\nDrift;Drift is a change of meaning.\n"
    assert said("g.csv", rows) == [("Drift", "Drift is a change of meaning.", 2)]


def test_an_interface_description_is_read_by_what_it_describes():
    api = {"openapi": "3.1.0", "info": {"title": "Orders", "description": "Orders are booked and paid here."},
           "components": {"schemas": {"Order": {"description": "An order is a promise to pay."}}}}  # fmt: skip
    found = said("openapi.json", json.dumps(api, indent=1))
    assert {(path, claim) for path, claim, _ in found} >= {
        ("Orders", "Orders are booked and paid here."), ("Order", "An order is a promise to pay."),
    }  # fmt: skip


def test_restructured_text_keeps_headings_terms_and_notes():
    found = said("d.rst", RST)
    assert ("Drift", "A rewording is no drift.", 10) in found
    assert ("Drift > State", "It is measured since the baseline.", 14) in found
    assert read("d.rst", RST).headings[-1].text == "baseline"
    assert suffix_of("x/index.rst.txt") == ".rst"
    plain = said("d.txt", "ABOUT DRIFT\n\nDrift is a change of meaning.\n\nState\n=====\nIt is measured daily.\n")
    assert [path for path, _, _ in plain] == ["ABOUT DRIFT", "ABOUT DRIFT > State"]


def test_notebooks_give_their_markdown_cells_at_the_lines_of_the_file():
    cells = [{"cell_type": "markdown", "source": ["# Drift\n", "\n", "Drift is a change of meaning."]},
             {"cell_type": "code", "source": ["print('```')\n"], "outputs": [{"text": "secret output"}]}]  # fmt: skip
    content = json.dumps({"cells": cells}, indent=1)
    (path, claim, line), = said("n.ipynb", content)  # fmt: skip
    assert (path, claim) == ("Drift", "Drift is a change of meaning.")
    assert "Drift is a change" in split_lines(content)[line - 1]
    assert "secret" not in " ".join(chunk.text for chunk in chunks_of(read("n.ipynb", content)))
    assert "no notebook" in read("n.ipynb", "{").problem


def test_what_cannot_be_understood_is_a_finding():
    day = datetime(2026, 1, 1, tzinfo=UTC)
    documents = {"a.ipynb": "[]", "b.py": "def (", "c.yaml": "a: [", "d.md": "# D\n\nText is here.\n"}
    reading = Reading(tuple(Version(name, day, text) for name, text in documents.items()))
    found = {(f.document_id, f.kind) for f in document_findings(reading)}
    assert found == {("a.ipynb", "malformed"), ("b.py", "malformed"), ("c.yaml", "malformed")}


def test_data_is_no_document_and_says_so(tmp_path):
    """A table of figures or a configuration describes nothing; it is listed, not scored."""
    for name, text in {"a.md": "# A\n\nAll is well here.\n", "ci.yml": "on: push\njobs: {}\n", "n.csv": "a,b\n1,2\n",
                       "empty.py": "x = 1\n", "requirements.txt": "torch\n"}.items():  # fmt: skip
        (tmp_path / name).write_text(text)
    reading = open_source(Settings(home=tmp_path / "home", corpus=str(tmp_path))).read()
    assert [v.document_id for v in reading.current] == ["a.md"]
    assert {(f.document_id, f.kind, f.severity) for f in reading.findings} == {
        (name, "not_read", "info") for name in ("ci.yml", "n.csv", "empty.py", "requirements.txt")
    }
    assert is_data("x.yaml", "a: 1")
    assert not is_data("x.md", "")


@pytest.mark.parametrize(
    ("raw", "name"),
    [(b'<meta charset="iso-8859-1"><p>\xe9', "iso8859-1"), (b'<meta charset="zip">', "utf-8"), (b"<p>", "utf-8"),
     (b'<meta charset="none-such">', "utf-8")],
)  # fmt: skip
def test_a_page_says_its_encoding_and_only_encodings_of_text_are_believed(raw, name):
    assert encoding("a.html", raw).removesuffix("-sig") == name


BOMB = "a: &a [x, x]\n" + "".join(
    f"{c}: &{c} [*{p}, *{p}, *{p}, *{p}, *{p}]\n" for p, c in zip("abcdefghi", "bcdefghij", strict=True)
)
HOSTILE = {
    "bomb.yaml": BOMB,
    "deep.yaml": "[" * 3_000,
    "deep.json": '{"a":' * 2_000,
    "deep.html": "<div>" * 5_000 + "text",
    "broken.html": "<p>open <b>bold <table><tr><td>cell<p>more </i></table <![x",
    "line.txt": "word " * 100_000,
    "line.html": "<p>" + "word " * 100_000,
    "line.md": "word " * 100_000,
    "line.py": "# " + "word " * 50_000,
    "line.csv": "term,definition\nx," + "word " * 40_000,
    "quotes.sql": "'" * 9_999 + "/*" * 5_000,
    "nested.rst": "\n".join(" " * n + "* item" for n in range(300)),
    "null.ipynb": '{"cells": [null, 3, {"cell_type": "markdown", "source": {"a": 1}}]}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_cost_little_and_break_nothing(name):
    """A definition of 100,000 tokens, a bomb, one endless line: read, or refused with a reason."""
    document = read(name, HOSTILE[name])
    last = len(split_lines(HOSTILE[name]))
    for chunk in chunks_of(document):
        assert 1 <= chunk.start_line <= chunk.end_line <= last
        claims(chunk.markdown)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(text=st.text(alphabet=st.sampled_from("ab# \n*-_`<>/p=\"'{}[]:,;|.\\\té中\r&"), max_size=300))
@settings(max_examples=25, deadline=None)
def test_any_text_is_read_and_its_lines_exist(suffix, text):
    """No content may stop a corpus, and evidence is quoted by line."""
    last = len(split_lines(text))
    for chunk in chunks_of(read(f"x{suffix}", text)):
        assert 1 <= chunk.start_line <= chunk.end_line <= last


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("The order is kept for thirty days and then it is removed from the archive.", "en"),
        ("Die Bestellung wird dreißig Tage lang aufbewahrt und dann aus dem Archiv entfernt.", "de"),
        ("La commande est conservée pendant trente jours et elle est ensuite supprimée.", "fr"),
        ("Заказ хранится тридцать дней и удаляется из архива.", "und-Cyrl"),
        ("注文は三十日間保存され、その後アーカイブから削除されます。", "ja"),
        ("订单保存三十天然后从档案中删除。", "zh"),
        ("SELECT a FROM b", None),
        ("", None),
    ],
)
def test_the_language_of_a_passage_is_marked(text, tag):
    """A model that knows English alone must not be asked about the others, and its silence is no agreement."""
    assert language(text) == tag
    assert is_foreign(text) is (tag not in {None, "en"})


def test_chunks_carry_their_language():
    day = datetime(2026, 1, 1, tzinfo=UTC)
    text = "# T\n\nDie Bestellung wird dreißig Tage lang aufbewahrt und dann aus dem Archiv entfernt.\n"
    assert tables.chunks_table([Version("a.md", day, text)])["language"].to_pylist() == ["de"]


class Service(BaseHTTPRequestHandler):
    """A conversion service that answers as docling-serve does."""

    answers: ClassVar[list] = []
    seen: ClassVar[list] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).seen.append((self.path, self.headers.get("X-Api-Key"), body))
        status, answer = type(self).answers.pop(0)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode() if not isinstance(answer, bytes) else answer)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def service():
    Service.answers, Service.seen = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def converted(text):
    return 200, {"document": {"md_content": text}, "status": "success", "errors": []}


def test_office_files_become_markdown_through_the_service_once_per_content(tmp_path, service):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "report.pdf").write_bytes(b"%PDF-1.7 \x00 binary")
    Service.answers = [converted("# Report\n\nRevenue is the sum of all payments.\n")]
    configured = Settings(home=tmp_path / "home", corpus=str(tmp_path / "corpus"), docling_url=service,
                          docling_api_key="k")  # fmt: skip
    for _ in range(2):
        (version,) = open_source(configured).read().current
        assert version.document_id == "report.pdf"
        assert read(version.document_id, version.content).title == "Report"
    assert len(Service.seen) == 1
    path, key, body = Service.seen[0]
    assert (path, key) == ("/v1/convert/file", "k")
    assert b"%PDF-1.7" in body


def test_without_a_service_such_files_are_listed_with_the_reason(tmp_path):
    """Never silently dropped."""
    (tmp_path / "slides.pptx").write_bytes(b"PK\x03\x04")
    (tmp_path / "a.md").write_text("# A\n\nAll is well here.\n")
    (finding,) = open_source(Settings(home=tmp_path / "home", corpus=str(tmp_path))).read().findings
    assert (finding.document_id, finding.kind, finding.severity) == ("slides.pptx", "not_read", "error")
    assert "SEMOPS_DOCLING_URL" in finding.detail


@pytest.mark.parametrize(
    ("answer", "told"),
    [((500, {}), "answered 500"), ((200, b"nonsense"), "no Markdown"), ((200, {"document": {}}), "no Markdown"),
     ((200, {"document": {"md_content": None}, "status": "failure"}), "status failure")],
)  # fmt: skip
def test_a_service_that_fails_or_answers_nonsense_costs_one_document(tmp_path, service, answer, told):
    Service.answers = [answer]
    with pytest.raises(ConversionError, match=told):
        Docling(service, tmp_path).convert("a.pdf", b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_is_away_is_asked_once_a_reading(tmp_path):
    """A folder of a thousand files must not wait a thousand times."""
    away = Docling("http://127.0.0.1:9", tmp_path)
    for _ in range(2):
        with pytest.raises(ConversionError, match="cannot be reached"):
            away.convert("a.pdf", b"x")


def test_the_kinds_that_are_read_by_default_are_documented():
    text = (Path(__file__).parents[2] / "docs" / "corpora.md").read_text(encoding="utf-8")
    assert [glob for glob in DEFAULT_INCLUDE if f"`{suffix_of(glob)}`" not in text] == []


def test_a_footnote_mark_of_restructuredtext_is_no_part_of_the_sentence():
    """`[1]_` is neither a number nor an end of a sentence."""
    said = "The implementation is by Maslov (2002) [1]_. It swaps the edges [#note]_, and keeps degrees [2]_."
    text = f"Title\n=====\n\n{said}\n"
    told = [block.text for block in read("a.rst", text).blocks if block.kind == "prose"]
    assert told == ["The implementation is by Maslov (2002). It swaps the edges, and keeps degrees."]
