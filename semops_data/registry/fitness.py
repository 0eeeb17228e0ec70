"""The fitness functions: what must hold of the registry's tables, each rule with its severity, as claims to check.

The loader refuses a file that breaks the hard rules; the tables are what everything downstream reads, whoever wrote
them, so the claims are checked of the tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from semops_data.registry.model import Capability, Edge, Pattern, Registry
from semops_data.registry.rules import audit, problems_of

if TYPE_CHECKING:
    from semops_data.lakehouse.lake import Lake
    from semops_data.registry.model import Problem


@dataclass(frozen=True)
class Fitness:
    """One claim about a table of the registry.

    Attributes:
        table: name of the table below `registry/`.
        name: the claim.
        description: why it matters.
        rules: names of the rules that break it.
        severity: `critical` and `error` stop what comes after, `warning` does not.
    """

    table: str
    name: str
    description: str
    rules: tuple[str, ...]
    severity: str

    @property
    def is_blocking(self) -> bool:
        """Whether a broken claim stops what comes after."""
        return self.severity != "warning"


FITNESS = (
    Fitness(
        "capabilities", "every_capability_traces_to_a_pattern",
        "A capability that implements no registered pattern has no meaning to be measured against.",
        ("traces-to-pattern",), "critical",
    ),
    Fitness(
        "patterns", "labels_are_unique", "A name that means two patterns attributes the usages of one to the other.",
        ("label", "identifier"), "error",
    ),
    Fitness(
        "patterns", "definitions_are_present", "What is not defined cannot be found, contradicted or kept.",
        ("definition", "source"), "error",
    ),
    Fitness(
        "edges", "broader_and_narrower_form_no_circle", "Nothing is broader than itself.", ("cycle",), "error",
    ),
    Fitness(
        "edges", "every_edge_leads_to_a_pattern_with_a_strength_in_range",
        "An edge to nothing, or a confidence outside 0 to 1, is a typing error that spreads.",
        ("edge", "strength"), "error",
    ),
    Fitness(
        "patterns", "every_pattern_has_an_owner_and_a_relation",
        "A pattern without an owner has nobody to ask; one without a relation awaits its place.",
        ("orphan", "owner", "concept-is-lineage"), "warning",
    ),
    Fitness(
        "patterns", "no_two_patterns_say_the_same", "Two entries for one meaning drift apart.",
        ("duplicate",), "warning",
    ),
    Fitness(
        "edges", "adoption_fits_provenance",
        "A 3P pattern is adopted as it is: it adopts, extends and modifies nothing of ours.",
        ("adoption",), "warning",
    ),
)  # fmt: skip


def registry_of(lake: Lake) -> Registry:
    """The registry as its tables hold it."""
    patterns = [
        Pattern(
            **{
                name: row[name] for name in row if name in Pattern.__dataclass_fields__ and name != "alternative_labels"
            },
            alternative_labels=tuple(row["alternative_labels"]),
            file=row["registered_file"],
            line=row["registered_line"],
        )
        for row in lake.read("registry/patterns").to_pylist()
    ]
    edges = [Edge(**row) for row in lake.read("registry/edges").to_pylist()]
    capabilities = [
        Capability(**row | {"implements": tuple(row["implements"]), "delivered_by": tuple(row["delivered_by"])})
        for row in lake.read("registry/capabilities").to_pylist()
    ]
    file = patterns[0].file if patterns else "registry"
    return Registry(tuple(patterns), tuple(capabilities), tuple(edges), file)


def broken(registry: Registry) -> dict[str, list[Problem]]:
    """The problems of each claim, by its name; an empty list where it holds."""
    found = [*problems_of(registry), *audit(registry)]
    return {claim.name: [problem for problem in found if problem.rule in claim.rules] for claim in FITNESS}
