"""Which changes of a definition somebody decided: a decision record of the corpus, or an approved episode.

A decision record is a document below one of the configured globs that names the pattern and came with the new wording:
in the same commit, or else after the former wording, or up to a day after the last one. One that says of itself that
it is proposed, rejected or superseded decides nothing. An episode counts that declares the pattern, in the same time,
and whose metadata name who approved it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from semops_data.coherence.text import mention_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from semops_data.coherence.stability import Version

AFTERWARDS = timedelta(days=1)
STATUS = re.compile(r"^(?:#+\s*)?\W*status\W*(?::|\n)\W*(\w+)", re.IGNORECASE | re.MULTILINE)
OPEN = frozenset({"proposed", "draft", "rejected", "deprecated", "superseded", "withdrawn"})


@dataclass(frozen=True)
class Decision:
    """Something that decided a change: where it stands, when, and which commit brought it.

    Attributes:
        place: path of the record, or `episode <id>`.
        at: when it came to be.
        commit: None outside version control.
        text: what a record says; empty for an episode.
        pattern_id: the pattern of an episode; None for a record, which names its patterns in its text.
    """

    place: str
    at: datetime
    commit: str | None = None
    text: str = ""
    pattern_id: str | None = None

    def is_about(self, pattern_id: str, labels: tuple[str, ...]) -> bool:
        """Whether it names the pattern."""
        if self.pattern_id is not None:
            return self.pattern_id == pattern_id
        mention = mention_pattern(labels)
        return pattern_id in self.text or bool(mention and mention.search(self.text))


def records(documents: Iterable[Mapping[str, Any]], globs: str) -> list[Decision]:
    """Every version of a decision record that decides something.

    Args:
        documents: rows of `corpus/documents`.
        globs: comma-separated, `**` for any number of folders.
    """
    chosen = re.compile("|".join(_expression(glob.strip()) for glob in globs.split(",") if glob.strip()) or "(?!)")
    return [
        Decision(row["document_id"], row["valid_from"], row["commit"], row["content"])
        for row in documents
        if chosen.fullmatch(row["document_id"]) and _decides(row["content"])
    ]


def approvals(episodes: Iterable[Mapping[str, Any]]) -> list[Decision]:
    """Episodes that declared a pattern and were approved by somebody; rows of `episodes/episodes`."""
    found = []
    for row in episodes:
        if (row["operation"], row["target_type"]) != ("declare_pattern", "pattern"):
            continue
        try:
            who = json.loads(row["metadata"] or "{}").get("approved_by")
        except (ValueError, AttributeError):
            continue
        if who:
            place = f"episode {row['id']}, approved by {who}"
            found.append(Decision(place, row["created_at"], pattern_id=row["target_id"]))
    return found


def decided(
    pattern_id: str, labels: tuple[str, ...], versions: Sequence[Version], decisions: Sequence[Decision]
) -> dict[int, str]:
    """Of the versions, by position, those that a decision brought, and which one.

    Args:
        pattern_id: the pattern.
        labels: its names.
        versions: its wordings, oldest first; the first one changed nothing.
        decisions: records and approvals of all patterns.
    """
    if len(versions) == 1 or not decisions:
        return {}
    found: dict[int, str] = {}
    for decision in decisions:
        if decision.is_about(pattern_id, labels):
            place = _brought(decision, versions)
            if place is not None:
                found.setdefault(place, decision.place)
    return found


def _brought(decision: Decision, versions: Sequence[Version]) -> int | None:
    """The one change that a decision is about: of its own commit, else the next one, else that of the day before."""
    changes = range(1, len(versions))
    if decision.commit is not None:
        same = next((place for place in changes if versions[place].commit == decision.commit), None)
        if same is not None:
            return same
    after = next((p for p in changes if versions[p - 1].valid_from < decision.at <= versions[p].valid_from), None)
    if after is not None:
        return after
    before = versions[-1].valid_from
    return len(versions) - 1 if before < decision.at <= before + AFTERWARDS else None


def _decides(text: str) -> bool:
    status = STATUS.search(text)
    return status is None or status[1].casefold() not in OPEN


def _expression(glob: str) -> str:
    parts = {"**/": r"(?:.*/)?", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    tokens: list[str] = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", glob)
    return "".join(parts.get(token, re.escape(token)) for token in tokens)
