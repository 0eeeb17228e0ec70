"""What a registry that loads should do better."""

from __future__ import annotations

from semops_data.registry.load import parse
from semops_data.registry.rules import audit
from semops_data_tests.registry.test_load import GOOD


def test_a_capability_without_a_registered_pattern_is_critical():
    """What implements nothing registered has no meaning to be measured against."""
    for implements in ("implements: [no-such-pattern]", "implements: []"):
        found = audit(parse(GOOD.replace("implements: [net-revenue]", implements), "r.yaml"))
        assert found[0].severity == "critical"
        assert "revenue-reporting" in found[0].message
        assert (found[0].file, found[0].line) == ("r.yaml", 19)


def test_one_unknown_pattern_among_known_ones_is_critical_too():
    """A capability that claims what nobody registered misleads."""
    found = audit(parse(GOOD.replace("[net-revenue]", "[net-revenue, net-revenu]"), "r.yaml"))
    assert [p.message for p in found if p.severity == "critical"] == [
        "revenue-reporting implements 'net-revenu': did you mean net-revenue?"
    ]


def test_missing_owners_are_warnings():
    """They cost attention, not the run."""
    found = audit(parse(GOOD, "r.yaml"))
    assert {problem.severity for problem in found} == {"warning"}
    assert sum(problem.rule == "owner" for problem in found) == 2
