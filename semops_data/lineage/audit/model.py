"""What an audit says: layers, the tests of each, and where the meaning breaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from semops_data.lineage.columns import Place

LAYERS = ("mart", "aggregation", "transform", "schema", "source")
"""From the published number back; an audit stops at the first that breaks."""
HOLDS, BREAKS, MOVED, NEW, UNMEASURED = "holds", "breaks", "moved", "new", "unmeasured"


@dataclass(frozen=True)
class Test:
    """One comparison of what is said with what is there.

    Attributes:
        claim: what was compared, in words.
        says: the side that defines: a definition, a formula, a contract; quoted.
        shows: the other side: the SQL, the data; quoted, with numbers.
        verdict: `holds`, `breaks`, `moved` (it means the same and is distributed differently), `new` (nobody has said
            what it means) or `unmeasured`.
        place: the column that it is about.
    """

    # pytest looks for classes of this name.
    __test__ = False

    claim: str
    says: str
    shows: str
    verdict: str
    place: Place | None = None


@dataclass(frozen=True)
class Layer:
    """One layer of the way back, with its columns and the tests made there."""

    name: str
    places: tuple[Place, ...] = ()
    tests: tuple[Test, ...] = ()

    @property
    def verdict(self) -> str:
        """The first of `breaks`, `moved`, `new` and `holds` that a test has; `unmeasured` where none has any."""
        verdicts = {test.verdict for test in self.tests}
        return next((verdict for verdict in (BREAKS, MOVED, NEW, HOLDS) if verdict in verdicts), UNMEASURED)

    def having(self, verdict: str) -> list[Test]:
        """The tests with that verdict."""
        return [test for test in self.tests if test.verdict == verdict]


@dataclass(frozen=True, kw_only=True)
class Audit:
    """One metric, audited.

    Attributes:
        place: the audited column.
        day: the day whose data were read; None where the table has no days.
        definition: the registry's words, or the contract's where no pattern is registered for the column's term.
        defined_in: where these words stand.
        published: what the mart shows, as text; None where it shows nothing.
        known: the known answer, where there is one.
        layers: as far as the audit went.
    """

    place: Place
    day: str | None
    definition: str
    defined_in: str
    published: str | None = None
    known: str | None = None
    layers: tuple[Layer, ...] = field(default=())

    @property
    def broken(self) -> Layer | None:
        """The layer where the meaning breaks; None where it does not."""
        return next((layer for layer in self.layers if layer.verdict == BREAKS), None)

    @property
    def conclusion(self) -> str:
        """One sentence: where the meaning breaks and at which columns, or that it holds, or what is unknown."""
        name = f"{self.place[0]}.{self.place[1]}"
        if self.broken:
            where = self._columns(BREAKS)
            return f"the meaning of {name} breaks at the layer {self.broken.name}: {where or name}"
        unmeasured = ", ".join(layer.name for layer in self.layers if layer.verdict == UNMEASURED)
        more = (
            ("its data moved", self._columns(MOVED)),
            ("without a declared meaning", self._columns(NEW)),
            ("unmeasured", unmeasured),
        )
        # What was not measured everywhere is not asserted.
        said = f"nothing contradicts the definition of {name}" if unmeasured else f"{name} means what is defined"
        return "; ".join([said, *(f"{what}: {columns}" for what, columns in more if columns)])

    def _columns(self, verdict: str) -> str:
        tests = (test for layer in self.layers for test in layer.having(verdict))
        return ", ".join(sorted({f"{test.place[0]}.{test.place[1]}" for test in tests if test.place}))

    def as_dict(self) -> dict[str, Any]:
        """The audit for programs."""
        return {
            "metric": f"{self.place[0]}.{self.place[1]}",
            "day": self.day,
            "definition": self.definition,
            "defined_in": self.defined_in,
            "published": self.published,
            "known_answer": self.known,
            "breaks_at": self.broken.name if self.broken else None,
            "conclusion": self.conclusion,
            "layers": [
                {
                    "layer": layer.name,
                    "verdict": layer.verdict,
                    "columns": [f"{key}.{column}" for key, column in layer.places],
                    "tests": [
                        {
                            "claim": test.claim,
                            "says": test.says,
                            "shows": test.shows,
                            "verdict": test.verdict,
                            "column": f"{test.place[0]}.{test.place[1]}" if test.place else None,
                        }
                        for test in layer.tests
                    ],
                }
                for layer in self.layers
            ],
        }
