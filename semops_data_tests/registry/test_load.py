"""The registry file: what is read, and how every fault is named."""

from __future__ import annotations

from datetime import UTC, datetime
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.registry.load import load, parse
from semops_data.registry.model import RegistryError, UnknownPatternError

GOOD = dedent("""\
    version: 1
    patterns:
      - id: net-revenue
        label: Net revenue
        alternatives: [net sales]
        definition: >-
          Net revenue is gross merchandise value
          less discounts and refunds.
        visibility: 5
        decision_weight: 4
        source: docs/glossary.md#net-revenue
        baseline: 2026-01-31
        edges:
          - {predicate: requires, target: gross-merchandise-value, strength: 0.9}
      - id: gross-merchandise-value
        label: Gross merchandise value
        definition: List price times quantity over all orders.
    capabilities:
      - id: revenue-reporting
        label: Revenue reporting
        description: Publishes revenue.
        implements: [net-revenue]
    """)


def faults(text: str) -> list[tuple[int, str]]:
    with pytest.raises(RegistryError) as caught:
        parse(text, "r.yaml")
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_a_good_file_gives_everything_it_states(tmp_path):
    """Values, defaults, folded text, lines and the surface area."""
    path = tmp_path / "registry.yaml"
    path.write_text(GOOD)
    registry = load(path)
    first, second = registry.patterns
    assert first.definition == "Net revenue is gross merchandise value less discounts and refunds."
    assert (first.surface_area, first.source_path, first.source_anchor) == (20, "docs/glossary.md", "net-revenue")
    assert first.valid_from == datetime(2026, 1, 31, tzinfo=UTC)
    assert (first.line, second.line, first.file) == (3, 15, str(path))
    assert registry.edges[0].strength == 0.9
    assert registry.capabilities[0].implements == ("net-revenue",)


def test_every_fault_is_reported_at_once_with_its_line():
    """A person corrects a file once, not once per fault."""
    found = faults(
        GOOD.replace("visibility: 5", "visibility: 9")
        .replace("strength: 0.9", "strength: 2")
        .replace("    label: Gross", "    lable: Gross")
    )
    assert [line for line, _ in found] == [9, 14, 15, 16]
    assert "visibility '9' is not a whole number from 1 to 5" in found[0][1]
    assert "strength '2' is not a number from 0 to 1" in found[1][1]
    assert "label is missing" in found[2][1]
    assert "unknown key 'lable'" in found[3][1]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("id: net-revenue", "id: Net Revenue", 3, "not kebab-case"),
        ("id: net-revenue", "id: gross-merchandise-value", 15, "is taken by line 3"),
        ("alternatives: [net sales]", "alternatives: [GROSS merchandise VALUE]", 15, "may mean one pattern only"),
        ("List price times quantity over all orders.", "List price.", 15, "fewer than 5 words"),
        ("target: gross-merchandise-value", "target: gross-merchandise", 14, "did you mean gross-merchandise-value"),
        ("target: gross-merchandise-value", "target: net-revenue", 14, "not related to itself"),
        ("predicate: requires", "predicate: eats", 14, "'eats' is none of broader"),
        ("docs/glossary.md#net-revenue", "../secret.md", 3, "not a path below the corpus root"),
        ("baseline: 2026-01-31", "baseline: yesterday", 12, "is not a date"),
        ("version: 1", "version: 2", 1, "only 1 is known"),
        ("visibility: 5", "visibility: [5]", 9, "must be a text"),
        ("    label: Net revenue", "    label: Net revenue\n    label: Other", 5, "stands twice"),
        ("implements: [net-revenue]", "implements: net-revenue", 22, "must be a list"),
    ],
)
def test_a_fault_names_its_line_and_what_to_do(old, new, line, message):
    """Each rule, broken once."""
    found = faults(GOOD.replace(old, new, 1))
    assert any(at == line and message in text for at, text in found), found


def entry(name: str, predicate: str, target: str) -> str:
    return dedent(f"""\
          - id: p-{name}
            label: P {name}
            definition: This is the pattern named {name}.
            edges: [{{predicate: {predicate}, target: p-{target}}}]
        """)


def test_broader_and_narrower_form_no_circle():
    """Nothing is broader than itself, over however many steps, in whichever direction it is written."""
    tree = "patterns:\n" + entry("a", "broader", "b") + entry("b", "broader", "c") + entry("c", "related", "a")
    assert len(parse(tree).edges) == 3
    assert (13, "edge p-c broader p-a closes a circle of broader and narrower") in faults(
        tree.replace("predicate: related", "predicate: broader")
    )
    downwards = "patterns:\n" + entry("a", "narrower", "c") + entry("b", "narrower", "a") + entry("c", "broader", "b")
    assert len(parse(downwards).edges) == 3
    assert len(faults(downwards.replace("broader", "narrower"))) == 1


def test_a_missing_file_says_how_to_get_one(tmp_path):
    """The first thing that a new user meets."""
    with pytest.raises(RegistryError, match=r"nowhere\.yaml:1: error: the registry file does not exist: create it"):
        load(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"patterns: [", "not YAML"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"", "must be a mapping"),
        (b"- a\n- b", "must be a mapping"),
        (b"patterns: []", "no patterns"),
        (b"patterns: [a, {b: c}]", "a pattern must be a mapping"),
        (b"a: &a [*a]", "unknown key"),
    ],
)
def test_a_broken_file_is_an_error_not_a_crash(tmp_path, content, message):
    """Whatever the bytes."""
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    with pytest.raises(RegistryError, match=message):
        load(path)


@given(st.text(max_size=200))
def test_any_text_is_a_registry_or_a_registry_error(text):
    """No input ends in another exception."""
    try:
        parse(text)
    except RegistryError as error:
        assert error.problems  # noqa: PT017


def test_an_unknown_pattern_names_the_nearest():
    """A typing error costs one look."""
    with pytest.raises(UnknownPatternError, match="did you mean net-revenue"):
        parse(GOOD).pattern("net-revenu")


@pytest.mark.parametrize("text", ["[" * 5_000, "patterns:\n  - id: " + "{a: " * 3_000])
def test_a_file_that_is_nested_too_deep_is_a_registry_error(text):
    """The parser's own limit is an error of the file, told with the file's name."""
    with pytest.raises(RegistryError, match="nested too deep"):
        parse(text)


MEASURES = """
measures:
  - {id: order, label: Order, definition: "An order is one purchase by one customer.", source: docs/glossary.md#order}
"""


def test_a_measure_is_read_and_has_a_name_and_a_definition_of_its_own():
    """It is defined like a pattern, and scored like none."""
    held = parse(GOOD + MEASURES)
    assert [(each.measure_id, each.source_anchor) for each in held.measures] == [("order", "order")]
    assert held.patterns == parse(GOOD).patterns
    with pytest.raises(RegistryError, match="'net-revenue' is taken by line"):
        parse(GOOD + MEASURES.replace("id: order", "id: net-revenue"))
    with pytest.raises(RegistryError, match="definition of order has fewer than 5 words"):
        parse(GOOD + MEASURES.replace("is one purchase by one customer", "counts"))
