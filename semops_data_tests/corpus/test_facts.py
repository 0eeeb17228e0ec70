"""Two places give one thing two values: what is seen, and above all what is left alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from semops_data.cli.contradictions import command
from semops_data.corpus.facts.extract import corpus_conflicts
from semops_data.corpus.facts.stated import constraints_of, default_of
from semops_data.corpus.facts.values import differs, value_of
from semops_data.corpus.findings import contradicting_statements
from semops_data.corpus.model import Reading, Version

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def conflicts(**documents: str) -> list[str]:
    """`line: subject, what is said, what stands against it` of each conflict; `a_py` is the document `a.py`."""
    versions = [Version(name.replace("_", "."), DAY, text) for name, text in documents.items()]
    return [
        f"{c.said.line}: {c.said.aspect} of {c.said.subject}: {c.said.quote} | {c.against.line}: {c.against.quote}"
        for c in corpus_conflicts(versions)
    ]


NUMPY = '''"""A module."""


def bdate_range(start=None, *, normalize: bool = True, limit=10_000, axis=0, weights="auto", tol=1e-3, der=0):
    """Return a range.

    Parameters
    ----------
    start : str, default 1970
        None means "look elsewhere" in a signature.
    normalize : bool, default False
        Normalize the dates.
    limit : int, default 10,000
    axis : {0, 1, None}, default None
    weights : str, default 'uniform'
    tol : float, default=1.e-3
    der : int, default 1 if the axis is given else 0

    Returns
    -------
    normalize : bool, default None
    """
'''


def test_a_docstring_that_disagrees_with_its_signature_is_found():
    """Equal numbers in another form agree; conditional defaults, placeholders and None are nobody's fault."""
    assert conflicts(a_py=NUMPY) == [
        "11: default of `normalize` of `bdate_range`: normalize : bool, default False | 4: normalize: bool = True",
        "14: default of `axis` of `bdate_range`: axis : {0, 1, None}, default None | 4: axis=0",
    ]


GOOGLE = '''class Trainer:
    """Trains.

    Args:
        trials (`int`, *optional*, defaults to 100):
            How many.
        kind: What it is. One of a, b. Defaults to 'slow'.
        port: The port of the proxy, which reads PORT (defaults to 3000). Default: ``False``
        mode: As it is. Default is "fastest".
    """

    def __init__(self, trials: int = 20, kind="fast", port=False, mode="fast"):
        """Set up.

        :param trials: how many there are. Defaults to 20.
        """
'''


def test_the_styles_of_google_sphinx_and_transformers_are_read():
    """A class speaks of its `__init__`; an abbreviation of a word is the word, and an aside is no default."""
    assert conflicts(a_py=GOOGLE) == [
        "5: default of `trials` of `Trainer`: trials (`int`, *optional*, defaults to 100): | 12: trials: int = 20",
        "7: default of `kind` of `Trainer`: Defaults to 'slow'. | 12: kind=\"fast\"",
    ]


def test_a_choice_that_the_annotation_does_not_leave_is_found():
    """NumPy's braces against `Literal`."""
    text = 'def f(trend: Literal["n", "c"] = "n"):\n    """Fit by default.\n\n    trend : {"n", "c", "t"}\n    """\n'
    assert conflicts(a_py=text) == [
        '4: allowed values of `trend` of `f`: trend : {"n", "c", "t"} | 1: trend: Literal["n", "c"] = "n"'
    ]


OPENAPI = """
paths:
  /orders:
    get:
      parameters:
        - name: limit
          description: How many orders a page has, between 1 and 100. Defaults to 20.
          schema: {type: integer, default: 50, minimum: 1, maximum: 500}
        - name: sort
          description: One of `asc`, `desc`.
          schema: {enum: [asc, desc]}
"""
DBT = """
models:
  - name: orders
    columns:
      - name: status
        description: "One of placed, shipped, returned."
        data_tests:
          - accepted_values:
              values: [placed, shipped, completed]
      - name: shipped_at
        description: When it was shipped; null until then.
        tests: [not_null]
  - name: items
    columns:
      - name: status
        description: "One of open, closed."
"""


def test_a_description_that_its_schema_refutes_is_found():
    """OpenAPI's defaults and bounds, dbt's tests; what agrees and what is another table's is left alone."""
    schema = "schema: {type: integer, default: 50, minimum: 1, maximum: 500}"
    assert conflicts(openapi_yaml=OPENAPI) == [
        f"7: default of `limit` of `GET /orders`: Defaults to 20. | 8: {schema}",
        f"7: maximum of `limit` of `GET /orders`: How many orders a page has, between 1 and 100. | 8: {schema}",
    ]
    said = "allowed values of `status` of `orders`: One of placed, shipped, returned."
    assert conflicts(schema_yml=DBT) == [
        f"6: {said} | 9: values: [placed, shipped, completed]",
        "11: nullability of `shipped_at` of `orders`: When it was shipped; null until then. | 12: tests: [not_null]",
    ]


def test_a_column_comment_that_the_table_refutes_is_found():
    """Defaults, NOT NULL and CHECK ... IN against COMMENT."""
    text = (
        "CREATE TABLE orders (\n  status VARCHAR DEFAULT 'new' COMMENT 'State of the order. Default: open',\n"
        "  tries INT NOT NULL DEFAULT 3 COMMENT 'How often. Default is 3. Null until tried',\n"
        "  kind VARCHAR CHECK (kind IN ('a1', 'b1')) COMMENT 'One of a1, c1.'\n);\n"
    )
    assert [told.split(":")[1].strip() for told in conflicts(a_sql=text)] == [
        "nullability of `tries` of `orders`",
        "allowed values of `kind` of `orders`",
    ]


def test_documents_that_give_one_setting_two_defaults_are_found():
    """A table, a labelled item, a heading, a sentence; a name that many describe is many things."""
    table = "# Settings\n\n| name | default |\n|---|---|\n| `max_retries` | 3 |\n| `http.timeout` | 30 |\n"
    prose = "# Guide\n\n`max_retries` defaults to 5. The default of `http.timeout` is 30.\n\n- `work_mem`: Default: 4\n"
    headed = "# work_mem (integer)\n\nMemory of a sort. The default is 8.\n"
    assert conflicts(a_md=table, b_md=prose, c_md=headed) == [
        "5: default of `max_retries`: max_retries | 3 | 3: max_retries defaults to 5",
        "5: default of `work_mem`: Default: 4 | 3: The default is 8.",
    ]
    many = {f"f{n}_md": f"# F{n}\n\n- `max_iter`: How many. Default: {n}\n" for n in range(6)}
    assert conflicts(**many) == []


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("10,000", "1e4", False),
        ("True", "1", False),
        ("'low'", "lowpass", False),
        ("0.95", "95%", None),
        ("None", "'none'", False),
        ("2", "3", True),
        ("'row'", "'data'", True),
        ("None", "5", True),
        ("five", "5", False),
    ],
)
def test_values_differ_only_where_both_cannot_hold(one, other, apart):
    """An abbreviation, a percentage or a word for a number may be the same value."""
    left, right = value_of(one), value_of(other)
    assert (left is None or right is None) if apart is None else differs(left, right) is apart


def test_a_conflict_is_a_finding_with_both_quotes():
    """At the line of the words, as these are what a person corrects."""
    found = contradicting_statements(Reading((Version("a.py", DAY, NUMPY),)))
    assert [(f.document_id, f.kind, f.line, f.severity) for f in found] == [
        ("a.py", "contradicting_statements", line, "warning") for line in (11, 14)
    ]
    assert "“normalize : bool, default False” against “normalize: bool = True” (a.py:4)" in found[0].detail


@given(st.text(max_size=300), st.sampled_from(["", "default ", "One of `a`, ", "between 1 and "]))
def test_no_text_makes_the_readers_of_facts_raise(text, before):
    """Documents are untrusted."""
    default_of(before + text, before + text)
    constraints_of(before + text)
    for name in ("a_py", "a_yaml", "a_md", "a_sql"):
        conflicts(**{name: before + text})


def test_the_command_lists_both_quotes_with_file_and_line(tmp_path, monkeypatch):
    """What a person reads; the corpus is neither scored nor kept."""
    monkeypatch.setenv("SEMOPS_HOME", str(tmp_path / "home"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.py").write_text(NUMPY)
    done = CliRunner().invoke(command, ["--corpus", str(tmp_path / "docs"), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["documents"] == 1
    assert [(row["said_at"], row["against_at"]) for row in told["contradictions"]] == [
        ("a.py:11", "a.py:4"),
        ("a.py:14", "a.py:4"),
    ]
    assert not (tmp_path / "home").exists()
