"""The fitness functions: each claim about the registry's tables, broken once."""

from __future__ import annotations

import dagster as dg
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from semops_data.lakehouse.lake import Lake
from semops_data.registry import checks
from semops_data.registry.fitness import FITNESS, broken, registry_of
from semops_data.registry.load import parse
from semops_data.registry.model import Edge, Pattern, Registry
from semops_data.registry.rules import audit, problems_of
from semops_data.registry.tables import capabilities_table, edges_table, patterns_table
from semops_data_tests.registry.test_load import GOOD

BASE = GOOD.replace("label: Net revenue", "label: Net revenue\n    owner: finance").replace(
    "label: Gross merchandise value", "label: Gross merchandise value\n    owner: finance"
)


def written(root, **changes):
    """A lake with the good registry, in which other writers put something else."""
    lake, registry = Lake(str(root)), parse(BASE)
    tables = {"patterns": patterns_table, "edges": edges_table, "capabilities": capabilities_table}
    for name, table in tables.items():
        rows = changes.get(name, lambda rows: rows)(table(registry).to_pylist())
        write_deltalake(lake.uri(f"registry/{name}"), pa.Table.from_pylist(rows, schema=table(registry).schema))
    return lake


def changed(number, **values):
    def change(rows):
        return [row | values if place == number else row for place, row in enumerate(rows)]

    return change


def edge(source, predicate, target):
    return {"source_id": source, "predicate": predicate, "target_id": target, "strength": 1.0, "rationale": None}


NET, GROSS = "net-revenue", "gross-merchandise-value"
BROKEN = {
    "every_capability_traces_to_a_pattern": {"capabilities": changed(0, implements=["no-such-pattern"])},
    "labels_are_unique": {"patterns": changed(1, alternative_labels=["NET revenue"])},
    "definitions_are_present": {"patterns": changed(1, definition="")},
    "broader_and_narrower_form_no_circle": {
        "edges": lambda rows: [*rows, edge(NET, "broader", GROSS), edge(GROSS, "broader", NET)]
    },
    "every_edge_leads_to_a_pattern_with_a_strength_in_range": {"edges": changed(0, strength=1.5)},
    "every_pattern_has_an_owner_and_a_relation": {"patterns": changed(0, owner=None)},
    "no_two_patterns_say_the_same": {"patterns": changed(1, label="Net revenues", alternative_labels=[])},
    "adoption_fits_provenance": {
        "patterns": changed(0, provenance="3P"),
        "edges": lambda rows: [*rows, edge(NET, "adopts", GROSS)],
    },
}


def judged(lake, table=None):
    """What the step says, of the claims about one table where one is given."""
    chosen = [key for key in checks.registry_checks.check_keys if table in (None, key.asset_key.path[-1])]
    selection = dg.AssetSelection.checks(*chosen)
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize(
            [checks.registry_checks], resources={"lake": lake}, selection=selection, instance=instance,
            raise_on_error=False,
        )  # fmt: skip
    return {result.check_name: result for result in done.get_asset_check_evaluations()}


def test_the_claims_of_one_table_are_judged_alone(tmp_path):
    """The page launches an asset with its own checks; a registry that is half written yet is no error."""
    assert set(judged(written(tmp_path), "edges")) == {claim.name for claim in FITNESS if claim.table == "edges"}
    found = judged(Lake(str(tmp_path / "empty")), "patterns")
    assert {(check.passed, check.severity) for check in found.values()} == {(False, dg.AssetCheckSeverity.WARN)}
    assert all("registry/patterns" in check.metadata["unmeasured"].value for check in found.values())


def test_every_claim_holds_of_a_good_registry(tmp_path):
    """The checks are silent where there is nothing to say."""
    assert set(BROKEN) == {claim.name for claim in FITNESS}
    assert {name: check.passed for name, check in judged(written(tmp_path)).items()} == dict.fromkeys(BROKEN, True)


@pytest.mark.parametrize("name", BROKEN)
def test_a_claim_that_is_broken_in_the_tables_fails_with_its_severity(tmp_path, name):
    """Whoever wrote the tables, the loader or another tool; one step judges all claims."""
    found = judged(written(tmp_path, **BROKEN[name]))
    (claim,) = [claim for claim in FITNESS if claim.name == name]
    assert [check for check, judgement in found.items() if not judgement.passed] == [name]
    expected = dg.AssetCheckSeverity.WARN if claim.severity == "warning" else dg.AssetCheckSeverity.ERROR
    assert found[name].severity == expected
    assert found[name].metadata["severity"].value == claim.severity
    assert found[name].metadata["problems"].value


def test_orphans_and_duplicates_are_listed_by_name(tmp_path):
    """A person must see which ones, and what to do with them."""
    lonely = {"pattern_id": "lonely-thing", "label": "Lonely thing", "alternative_labels": [], "owner": "x",
              "definition": "Gross merchandise value is list price times quantity over all orders."}  # fmt: skip
    lake = written(tmp_path, patterns=lambda rows: [*rows, rows[1] | lonely | {"registered_line": 30}])
    problems = broken(registry_of(lake))
    (orphan,) = problems["every_pattern_has_an_owner_and_a_relation"]
    assert "lonely-thing is neither implemented nor linked: add an edge" in orphan.message
    same = lonely | {"definition": "Lonely thing: list price times quantity, over all orders."}
    twice = written(tmp_path / "twice", patterns=lambda rows: [*rows, rows[1] | same | {"registered_line": 30}])
    (duplicate,) = broken(registry_of(twice))["no_two_patterns_say_the_same"]
    assert f"definition of lonely-thing has the words of {GROSS} (line 16): keep one entry" in duplicate.message


def test_what_the_tables_hold_is_what_the_file_states(tmp_path):
    """The registry comes back from its tables whole: provenance, lifecycle, baseline and edges."""
    registry = registry_of(written(tmp_path))
    first = registry.pattern(NET)
    assert (first.provenance, first.lifecycle, first.surface_area) == ("1P", "active", 20)
    assert first.valid_from == parse(BASE).pattern(NET).valid_from
    assert registry.edges == (Edge(NET, "requires", GROSS, 0.9),)


def many(count, target):
    patterns = tuple(
        Pattern(f"p-{n:05}", f"Thing {n}", f"Thing number {n} is what the team of house h{n} looks after.", owner="x")
        for n in range(count)
    )
    return Registry(
        patterns, (), tuple(Edge(f"p-{n:05}", "broader", f"p-{target(n):05}", line=n) for n in range(count))
    )


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_fifty_thousand_patterns_in_one_chain_or_one_circle_are_judged_in_one_look():
    """A walk from every pattern would be a billion steps, and one that calls itself would end at a thousand."""
    count = 50_000
    chain, circle = many(count, lambda n: min(n + 1, count - 1)), many(count, lambda n: (n + 1) % count)
    assert [problem.rule for problem in problems_of(chain)] == ["edge"]
    assert [(problem.rule, problem.line) for problem in problems_of(circle)] == [("cycle", count - 1)]
    assert audit(circle) == []
