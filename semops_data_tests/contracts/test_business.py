"""The business's declarations agree with each other."""

import pytest

from semops_data.contracts import TABLES, business, table
from semops_data.contracts.business import DERIVED, SHOP_TABLES, raw_name
from semops_data.contracts.rules import Rule

OWN = business.TABLES


@pytest.mark.parametrize("declared", OWN, ids=lambda declared: declared.key)
def test_every_reference_leads_to_the_key_of_a_declared_table(declared):
    """A foreign key to nowhere would quarantine every row."""
    for column, target, target_column in declared.references:
        assert TABLES[target].keys == (target_column,)
        assert declared[column].type == TABLES[target][target_column].type


@pytest.mark.parametrize("declared", OWN, ids=lambda declared: declared.key)
def test_every_column_says_in_a_sentence_what_it_means(declared):
    """These texts are the data dictionary, which is scored like any other document."""
    assert declared.description.endswith(".")
    for column in declared.columns:
        assert column.description.endswith("."), column.name
        assert len(column.description.split()) >= 4, column.name


def test_money_is_whole_cents_and_says_so():
    """Floating point money does not add up to the cent."""
    money = [c for t in OWN for c in t.columns if c.name.endswith("_cents") and not c.name.startswith("average_")]
    assert money
    assert {(column.type, column.unit) for column in money} == {("int64", "EUR cent")}


def test_a_metric_means_the_same_in_lakehouse_and_warehouse():
    """Two definitions of one name are the fault that this project looks for in others."""
    for name in ("daily_revenue", "customer_value", "funnel"):
        assert table(f"lakehouse/{name}").columns == table(f"warehouse/{name}").columns


def test_a_term_belongs_to_one_unit():
    """A word that stands for euros here and for a share there would be two meanings."""
    units: dict[str, set[str | None]] = {}
    for column in (column for declared in OWN for column in declared.columns if column.term):
        units.setdefault(column.term, set()).add(column.unit if column.type != "string" else "identifier")
    measured = {term: {unit for unit in found if unit != "identifier"} for term, found in units.items()}
    assert {term: found for term, found in measured.items() if len(found - {"EUR"}) > 1} == {}


def test_the_landed_columns_are_the_typed_ones_without_the_day():
    """The partition tells the day; the export does not repeat it."""
    for name in SHOP_TABLES:
        typed = [raw_name(column) for column in table(f"lakehouse/{name}").columns if column.name not in DERIVED]
        assert [column.name for column in table(f"landing/{name}").columns] == typed


def test_a_reason_names_the_rule_and_the_column():
    """Manifest and quarantine spell reasons alike, because one function spells them."""
    assert Rule.OUT_OF_RANGE.on("quantity") == "out_of_range:quantity"
