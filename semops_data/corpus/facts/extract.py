"""`corpus_conflicts`: the facts of every current document, and where two places give one thing two values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.corpus.facts.data import data_facts
from semops_data.corpus.facts.model import conflicts
from semops_data.corpus.facts.prose import few, prose_facts
from semops_data.corpus.facts.python import python_facts
from semops_data.corpus.facts.sql import sql_facts
from semops_data.corpus.readers.kinds import read, suffix_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from semops_data.corpus.facts.model import Conflict, Fact
    from semops_data.corpus.model import Version

_OWN = {".py": python_facts, ".yaml": data_facts, ".yml": data_facts, ".json": data_facts, ".sql": sql_facts}


def corpus_conflicts(current: Iterable[Version]) -> list[Conflict]:
    """What the documents of a corpus say differently about the defaults and limits of one thing.

    A signature, a schema and a table's columns are held against what is written right beside them; what documents say
    of settings is held together across the corpus.

    Args:
        current: the documents as they read now.
    """
    found: list[Conflict] = []
    settings: list[Fact] = []
    for version in current:
        found += conflicts(own_facts(version.document_id, version.content))
        if suffix_of(version.document_id) not in _OWN:
            settings += prose_facts(version.document_id, read(version.document_id, version.content))
    found += conflicts(few(settings))
    return sorted(found, key=lambda conflict: (conflict.said.document_id, conflict.said.line, conflict.said.subject))


def own_facts(document_id: str, content: str) -> Iterator[Fact]:
    """The facts of a document that concern nothing outside of it."""
    extract = _OWN.get(suffix_of(document_id))
    return extract(document_id, content) if extract is not None else iter(())
