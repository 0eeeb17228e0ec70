"""Markdown to blocks and chunks: nothing lost, lines exact."""

from __future__ import annotations

from collections import Counter
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.corpus.chunks import MAX_WORDS, chunk
from semops_data.corpus.inline import flat, plain, slug
from semops_data.corpus.markdown import parse, split_lines

DOCUMENT = dedent("""\
    ---
    title: Stated
    language: en
    ---
    # Semantic *drift*

    > Drift is a change of meaning.

    Some prose that
    is wrapped.

    Setext heading
    --------------

    - one
      more of one
      1. nested

    - two

    | a | b |
    |---|---|
    | 1 | 2 |

    ```python
    # not a heading
    ```

    <!-- a comment
    # still a comment -->

    ## Drift
    ## Drift

        indented code

    [ref]: https://example.com
    """)

# Marks that a parser may trip over, in any order.
SOUP = st.lists(
    st.sampled_from(
        ["# H", "## H ##", "```", "~~~", "- a", "  - b", "1. c", "> q", "|a|b|", "|-|-|", "---", "===", "<!--", "-->",
         "", "    x", "\t", "[a]: b", "text.", "*e*", "**", "`c", "[l](u)", "\r", "\u2028", "\x0b", "é", "***", "\x00"]
    ),
    max_size=30,
).map("\n".join)  # fmt: skip


def test_blocks_have_their_kind_lines_and_headings():
    """Each construct once."""
    found = [(b.kind, b.start, b.end, b.path[-1].anchor if b.path else "") for b in parse(DOCUMENT).blocks]
    assert found == [
        ("front_matter", 1, 4, ""),
        ("heading", 5, 5, "semantic-drift"),
        ("quote", 7, 7, "semantic-drift"),
        ("prose", 9, 10, "semantic-drift"),
        ("heading", 12, 13, "setext-heading"),
        ("list", 15, 19, "setext-heading"),
        ("table", 21, 23, "setext-heading"),
        ("code", 25, 27, "setext-heading"),
        ("comment", 29, 30, "setext-heading"),
        ("heading", 32, 32, "drift"),
        ("heading", 33, 33, "drift-1"),
        ("code", 35, 35, "drift-1"),
        ("reference", 37, 37, "drift-1"),
    ]


def test_titles_and_front_matter_are_read():
    """The first heading of level one wins over what the front matter states."""
    assert parse(DOCUMENT).title == "Semantic drift"
    assert parse("---\ntitle: Stated\n---\ntext").title == "Stated"
    assert parse("no heading").title is None
    assert parse("---\n: [broken\n---\ntext").front_matter == {}


@given(st.one_of(SOUP, st.text(max_size=300)))
def test_every_line_that_is_not_blank_is_in_exactly_one_block(text):
    """Nothing is lost and nothing is read twice, whatever the text."""
    lines = split_lines(text)
    covered = Counter(n for block in parse(text).blocks for n in range(block.start, block.end + 1))
    assert all(covered[n] == 1 for n, line in enumerate(lines, start=1) if line.strip())
    assert max(covered, default=0) <= len(lines)
    assert max(covered.values(), default=0) <= 1


@given(st.one_of(SOUP, st.text(max_size=300)))
def test_chunks_quote_the_lines_that_they_name(text):
    """Evidence is shown by line: every word of a chunk stands between its lines."""
    lines = split_lines(text)
    for number, found in enumerate(chunk(text, max_words=3)):
        assert found.ordinal == number
        assert 1 <= found.start_line <= found.end_line <= len(lines)
        quoted = " ".join(lines[found.start_line - 1 : found.end_line]).split()
        assert not Counter(found.markdown.split()) - Counter(quoted)


@given(SOUP)
def test_no_prose_is_lost_between_blocks_and_chunks(text):
    """What is embedded is all that was said."""
    kinds = {"prose", "list", "table", "code", "quote"}
    said = Counter(w for block in parse(text).blocks if block.kind in kinds for w in block.text.split())
    kept = Counter(w for found in chunk(text, max_words=3) if found.kind != "heading" for w in found.markdown.split())
    missing = said - kept
    assert all(flat(word) == "" or set(word) <= set("|:- \x00*`#>[](") for word in missing), missing


def test_chunks_stay_below_what_the_model_reads():
    """MiniLM drops what is over 256 word pieces; a long line is cut at its sentences."""
    sentence = "A sentence of exactly eight words stands here. "
    for text in (sentence * 100, "\n\n".join([sentence] * 100), "- " + "\n- ".join([sentence] * 100), "word " * 1000):
        found = chunk(f"# T\n\n{text}")
        assert max(c.word_count for c in found) <= MAX_WORDS + 2
        assert sum(c.markdown.count("sentence") for c in found) == text.count("sentence")


def test_a_chunk_never_crosses_a_heading_and_carries_its_path():
    """A passage means something under its headings."""
    found = chunk("before\n# A\none\n## B\ntwo\n# C\n")
    assert [(c.heading_path, c.body, c.kind) for c in found] == [
        ("", "before", "prose"),
        ("A", "one", "prose"),
        ("A > B", "two", "prose"),
        ("C", "", "heading"),
    ]
    assert found[2].text == "A > B\n\ntwo"


def test_the_chunk_id_depends_on_document_place_and_text_only():
    """Stable, so that evidence can be joined between runs."""
    one, two = (chunk("# A\n\ntext")[0] for _ in range(2))
    assert one.chunk_id("a.md") == two.chunk_id("a.md")
    assert one.chunk_id("a.md") != one.chunk_id("b.md")
    assert one.chunk_id("a.md") != chunk("# A\n\ntexts")[0].chunk_id("a.md")


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("**bold** and _it_ and ~~gone~~", "bold and it and gone"),
        ("[text](url (with) brackets) ![alt](i.png)", "text alt"),
        ("`code *kept*` and snake_case_name", "code *kept* and snake_case_name"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("***both*** **a *nested* b**", "both a nested b"),
        ("<b>x</b> &amp; <https://a.b/c> <!-- c -->y", "x & https://a.b/c y"),
        (r"\*kept\* [^1]", "*kept*"),
        ("[ref][1] and [ref][]", "ref and ref"),
    ],
)
def test_marks_are_removed_and_words_are_kept(marked, expected):
    """What a reader would read aloud."""
    assert flat(marked) == expected


@given(st.text(max_size=200))
def test_plain_text_keeps_its_line_count(text):
    """A position in the result still counts its line."""
    assert plain(text).count("\n") >= text.count("\n")


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("What is DDD?", "what-is-ddd"),
        ("A / B — C", "a--b--c"),
        ("`code` & **bold**", "code--bold"),
        ("1. Step_one", "1-step_one"),
        ("Schön", "schön"),
    ],
)
def test_anchors_are_those_of_github(heading, anchor):
    """Links in the documents lead to them."""
    assert slug(heading) == anchor


@pytest.mark.parametrize("mark", ["*a ", "[", "`a ", "<!-- ", "<a ", "_a ", "| ", "> ", "- ", "#", "**a** "])
def test_a_hostile_document_costs_no_more_than_its_length(mark):
    """An unclosed mark repeated 20,000 times must not stop the run."""
    for text in (mark * 20_000, (mark + "\n") * 5_000):
        assert all(1 <= piece.start_line <= piece.end_line <= text.count("\n") + 1 for piece in chunk(text))


def test_front_matter_of_nested_aliases_costs_no_more_than_its_length():
    """Ten lines of YAML aliases stand for a hundred million texts: only plain texts are read."""
    bomb = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    lines = ["---", *bomb, "title: *a11", "language: no", "---", "Text."]
    document = parse("\n".join(lines))
    assert document.front_matter == {"language": "no"}
    assert document.title is None


@pytest.mark.parametrize("value", ["0x" + "f" * 5_000, "[" * 3_000, "2026-99-99", "null", "1e999"])
def test_a_title_of_any_kind_is_a_title_or_none(value):
    """A value that YAML would turn into a number or date that Python refuses must not stop the run."""
    title = parse(f"---\ntitle: {value}\n---\nText.\n").title
    assert title is None or title == value
