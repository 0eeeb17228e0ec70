"""Pairs of texts whose label is known: written by hand, planted by the project, and said by people."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from semops_data.coherence import labels
from semops_data.coherence.planted.handwritten import handwritten
from semops_data.coherence.planting import FAULTS, NULLS
from semops_data.embeddings.texts import definition_claims

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from semops_data.lakehouse.lake import Lake

AGREES, CONTRADICTS, CANNOT_TELL = "agrees", "contradicts", "cannot_tell"
LABELS = (CONTRADICTS, AGREES, CANNOT_TELL)
WRITTEN = "cases.yaml"
REGISTRY = "registry/patterns"
# An edit changes a meaning without having to contradict it: edits are cases of drift.
BY_HAND = {"contradiction": CONTRADICTS, "contradiction of a paraphrase": CONTRADICTS, "paraphrase": AGREES}


@dataclass(frozen=True)
class Case:
    """Two texts and what is right to say of them.

    Attributes:
        left_text: the first.
        right_text: the second.
        label: `agrees`, `contradicts` or `cannot_tell`.
        source: `planted`, `written` or `human`.
        kind: of the fault or null that was planted; the label for others.
        family: cases of one family share their first text, and are never split or resampled apart.
    """

    left_text: str
    right_text: str
    label: str
    source: str
    kind: str

    @property
    def case_id(self) -> str:
        """Identity of the two texts."""
        return labels.pair_id(self.left_text, self.right_text)

    @property
    def family(self) -> str:
        """What cases with the same first text share."""
        return hashlib.sha256(self.left_text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def gather(lake: Lake, *, per_kind: int) -> list[Case]:
    """Every case that this home has: the written ones, planted ones from its registry, and those of its people.

    Args:
        lake: with the registry and the labels; either may be missing.
        per_kind: planted cases of each kind.

    Returns:
        Each pair once, in the order of their ids; what people say goes before what was planted or written.
    """
    definitions = {}
    if lake.exists(REGISTRY):
        rows = lake.read(REGISTRY, columns=["pattern_id", "definition"]).to_pylist()
        definitions = {row["pattern_id"]: definition_claims(row["definition"]) for row in rows}
    found = [*written(), *planted(definitions, per_kind=per_kind), *human(labels.read(lake))]
    return [case for _, case in sorted({case.case_id: case for case in found}.items())]


def written() -> list[Case]:
    """The cases that ship with semops-data: pairs about a shop's data, and hand-written ones of planted faults.

    Those that were kept aside while rules and models were made count here too: nothing is fitted to them but cuts, and
    these on other cases.
    """
    import yaml

    by_hand = [Case(pair.claim, pair.text, BY_HAND[pair.kind], "written", pair.kind) for pair in handwritten()
               if pair.kind in BY_HAND]  # fmt: skip
    listed = yaml.safe_load((files(__package__) / WRITTEN).read_text(encoding="utf-8"))
    return by_hand + [Case(left, right, group["label"], "written", group["label"]) for group in listed
                      for left, right in group["pairs"]]  # fmt: skip


def human(said: Sequence[labels.Label]) -> list[Case]:
    """What most of the people who labelled a pair say of it."""
    return [Case(left, right, label, "human", label) for (left, right), label in labels.settled(said).items()]


def planted(claims: Mapping[str, Sequence[str]], *, per_kind: int) -> list[Case]:
    """Claims of definitions against themselves with a fault or a null planted, and against claims of other patterns.

    Args:
        claims: by pattern.
        per_kind: most cases of one kind; the same claims give the same cases.
    """
    sentences = sorted({claim for own in claims.values() for claim in own}, key=_order)
    found: list[Case] = []
    for mutations, label in ((FAULTS, CONTRADICTS), (NULLS, AGREES)):
        for kind, mutate in mutations.items():
            turned = ((claim, mutate(claim)) for claim in sentences)
            found += _first((Case(claim, other, label, "planted", kind) for claim, other in turned
                             if other is not None and other != claim), per_kind)  # fmt: skip
    return found + _first(_unrelated(claims), per_kind)


def _unrelated(claims: Mapping[str, Sequence[str]]) -> Iterable[Case]:
    """The first claim of each pattern beside that of another one: two subjects, and nothing to tell."""
    firsts = sorted((own[0] for own in claims.values() if own), key=_order)
    for left, right in zip(firsts, firsts[1:] + firsts[:1], strict=True):
        if left != right:
            yield Case(left, right, CANNOT_TELL, "planted", "unrelated")


def _first(cases: Iterable[Case], most: int) -> list[Case]:
    return [case for case, _ in zip(cases, range(most), strict=False)]


def _order(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest(cases: Sequence[Case]) -> str:
    """What tells two sets of cases apart: texts and labels, 16 hexadecimal characters."""
    told = sorted((case.case_id, case.label) for case in cases)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
