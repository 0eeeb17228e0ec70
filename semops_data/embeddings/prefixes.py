"""Words that a model wants before a query and before a passage.

A prefix is part of what is embedded, and so of the model's name here: vectors with and without one never mix.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from semops_data.settings import Settings

PASSAGES = "Represent this sentence for searching relevant passages: "
QUESTION = "Given a question, retrieve the passages that answer it"
# By the model's name, the first that fits, as each model's card says.
KNOWN: tuple[tuple[str, str, str], ...] = (
    (r"e5.*instruct", f"Instruct: {QUESTION}\nQuery: ", ""),
    (r"(^|[-_/])e5[-_]", "query: ", "passage: "),
    (r"nomic-embed", "search_query: ", "search_document: "),
    (r"arctic-embed(2|.*v2)", "query: ", ""),
    (r"arctic-embed", PASSAGES, ""),
    (r"mxbai-embed-large", PASSAGES, ""),
    (r"bge-(small|base|large)-en", PASSAGES, ""),
    (r"embeddinggemma", "task: search result | query: ", "title: none | text: "),
    (r"qwen3-embedding", f"Instruct: {QUESTION}\nQuery:", ""),
)
OWN = "config_sentence_transformers.json"


@dataclass(frozen=True)
class Prefixes:
    """What stands before a text.

    Attributes:
        query: before a query.
        document: before anything else.
    """

    query: str = ""
    document: str = ""

    @property
    def mark(self) -> str:
        """What the model's name gets for them: empty without prefixes, else `+` and six hexadecimal characters."""
        if not self.query and not self.document:
            return ""
        return "+" + hashlib.sha256(f"{self.query}\x1f{self.document}".encode()).hexdigest()[:6]

    def applied(self, texts: Sequence[str], queries: Sequence[bool] | None) -> list[str]:
        """The texts as the model gets them.

        Args:
            texts: any texts.
            queries: which of them are queries; none by default.
        """
        if queries is None:
            return [self.document + text for text in texts] if self.document else list(texts)
        return [(self.query if is_query else self.document) + text
                for text, is_query in zip(texts, queries, strict=True)]  # fmt: skip


NONE = Prefixes()


def prefixes_for(settings: Settings, name: str, folder: Path | None = None) -> Prefixes:
    """The prefixes of a model: as configured, else as its own files say, else as is known of its name."""
    found = (_own(folder) if folder else None) or _known(name)
    query, document = settings.embedding_query_prefix, settings.embedding_document_prefix
    return Prefixes(found.query if query is None else query, found.document if document is None else document)


def _known(name: str) -> Prefixes:
    for pattern, query, document in KNOWN:
        if re.search(pattern, name.casefold()):
            return Prefixes(query, document)
    return NONE


def _own(folder: Path) -> Prefixes | None:
    try:
        prompts = json.loads((folder / OWN).read_text()).get("prompts") or {}
    except (OSError, ValueError, AttributeError):
        return None
    query, document = prompts.get("query"), prompts.get("document", prompts.get("passage"))
    if not any(isinstance(text, str) and text for text in (query, document)):
        return None
    return Prefixes(query or "", document or "")
