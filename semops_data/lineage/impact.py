"""What hangs on an asset or a column: everything downstream, who owns it, and the meaning that it carries."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from semops_data.contracts import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from semops_data.lakehouse.lake import Lake
    from semops_data.lineage.columns import ColumnGraph, Place
    from semops_data.lineage.lookup import Target
    from semops_data.lineage.records import Graph
    from semops_data.registry.model import Registry

SCORES = "coherence/scores"


@dataclass(frozen=True, kw_only=True)
class Affected:
    """One asset downstream.

    Attributes:
        key: the asset.
        steps: how many assets away it is.
        owners: who to tell.
        columns: its columns that come from the target; empty where only the asset as a whole is known to.
        patterns: the registered patterns that those columns carry.
        checks: its checks, which may see what changes.
    """

    key: str
    steps: int
    owners: tuple[str, ...]
    columns: tuple[str, ...]
    patterns: tuple[str, ...]
    checks: tuple[str, ...]


@dataclass(frozen=True)
class Impact:
    """What a change of the target reaches.

    Attributes:
        target: the asset or column.
        affected: the assets, nearest first.
        scores: the rows of `coherence/scores` of the patterns that are carried downstream, and of the target's own;
            a pattern that was not scored has nulls and the reason. Where the scoring itself lies downstream, as of
            a corpus, every score hangs on the target, the lowest first.
    """

    target: Target
    affected: tuple[Affected, ...]
    scores: tuple[Mapping[str, Any], ...]

    @property
    def owners(self) -> list[str]:
        """Everyone who owns something downstream."""
        return sorted({owner for found in self.affected for owner in found.owners})

    def as_dict(self) -> dict[str, Any]:
        """The impact for programs."""
        return {
            "target": str(self.target),
            "owners": self.owners,
            "affected": [vars(found) for found in self.affected],
            "scores": [dict(score) for score in self.scores],
        }


def impact(target: Target, graph: Graph, columns: ColumnGraph, scores: Mapping[str, Mapping[str, Any]]) -> Impact:
    """Everything downstream of an asset, or of one column of it.

    From a column the walk goes along column lineage; where an asset downstream tells nothing of its columns (a
    profile, a document) it goes on asset by asset, as nobody knows that it is not concerned.

    Args:
        target: where to start.
        graph: the assets.
        columns: the column lineage.
        scores: the rows of `coherence/scores` by pattern, see `read_scores`.
    """
    known = {place for edge in columns.edges for place in edge}
    start = [(target.key, target.column)] if target.column else [p for p in known if p[0] == target.key]
    reached = set(columns.downstream(*start)) - set(start)
    steps = _steps(target, graph, columns, reached)
    affected = tuple(
        _affected(key, steps[key], graph, sorted(column for found, column in reached if found == key))
        for key in sorted(steps, key=lambda key: (steps[key], key))
    )
    own = _patterns(target.key, [target.column] if target.column else [column for _, column in start])
    patterns = dict.fromkeys([*own, *(pattern for found in affected for pattern in found.patterns)])
    if SCORES in {target.key, *steps}:
        patterns |= dict.fromkeys(sorted(scores, key=lambda name: _rank(scores[name]["sc"], name)))
    return Impact(
        target, affected, tuple(scores.get(p) or _unscored(p, scores) for p in patterns if _is_scored(p, scores))
    )


def _steps(target: Target, graph: Graph, columns: ColumnGraph, reached: set[Place]) -> dict[str, int]:
    """The assets downstream with their distance; of a column's only those that it reaches, or may reach."""
    followers: dict[str, list[str]] = {}
    for parent, child in graph.edges():
        followers.setdefault(parent, []).append(child)
    told = {key for (key, _), sources in columns.sources.items() if sources}
    touched = {key for key, _ in reached}
    found = {target.key: 0}
    waiting = deque(found)
    while waiting:
        key = waiting.popleft()
        for child in followers.get(key, ()):
            is_concerned = target.column is None or child in touched or child not in told
            if is_concerned and child not in found:
                found[child] = found[key] + 1
                waiting.append(child)
    for key in sorted(touched - found.keys()):
        found[key] = 1
    return {key: distance for key, distance in found.items() if key != target.key}


def _affected(key: str, steps: int, graph: Graph, columns: Sequence[str]) -> Affected:
    node = graph.node(key)
    return Affected(
        key=key,
        steps=steps,
        owners=node.owners,
        columns=tuple(columns),
        patterns=tuple(_patterns(key, columns)),
        checks=node.checks,
    )


def _patterns(key: str, columns: Iterable[str | None]) -> list[str]:
    """The glossary terms of columns, by the contract."""
    contract = TABLES.get(key)
    terms = {column.name: column.term for column in contract.columns} if contract else {}
    return list(dict.fromkeys(term for column in columns if (term := terms.get(column or ""))))


def _rank(sc: float | None, name: str) -> tuple[bool, float, str]:
    return sc is None, sc or 0.0, name


def _is_scored(pattern: str, scores: Mapping[str, Mapping[str, Any]]) -> bool:
    # A term of the glossary that is no registered pattern has no score to hang anything on.
    return pattern in scores or not scores


def _unscored(pattern: str, scores: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    reason = "not scored" if scores else f"{SCORES} is not there yet: dst score"
    return {"pattern_id": pattern, "owner": None, "sc": None, "level": None, "reason": reason}


def read_scores(lake: Lake, registry: Registry) -> dict[str, dict[str, Any]]:
    """The latest scores by pattern, each with the owner of its definition; empty where nothing was scored yet."""
    if not lake.exists(SCORES):
        return {}
    names = ["pattern_id", "sc", "sc_low", "sc_high", "level", "status", "reason", "surface_area", "finding_count"]
    owners = {pattern.pattern_id: pattern.owner for pattern in registry.patterns}
    rows = lake.read(SCORES, columns=names).to_pylist()
    return {str(row["pattern_id"]): row | {"owner": owners.get(row["pattern_id"])} for row in rows}
