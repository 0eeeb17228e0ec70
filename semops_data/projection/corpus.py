"""A corpus of another size: the configured one, repeated with texts that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semops_data.corpus.source import open_source

if TYPE_CHECKING:
    from pathlib import Path

    from semops_data.settings import Settings


def write_scaled_corpus(settings: Settings, factor: float, folder: Path) -> int:
    """Write the current documents `factor` times below the folder; its history is not repeated.

    Every copy after the first names its edition in each heading, so that no chunk below a heading equals another's:
    embeddings are computed once per text, and equal copies would cost nothing. The registry keeps its size.

    Args:
        settings: whose corpus is repeated.
        factor: above 0; a fraction takes the first documents of the last edition.
        folder: must not exist.

    Returns:
        How many documents were written, at least one.

    Raises:
        CorpusError: where the corpus cannot be read.
    """
    documents = open_source(settings).read().current
    count = max(1, round(len(documents) * factor)) if documents else 0
    for number in range(count):
        edition, document = number // len(documents), documents[number % len(documents)]
        path = folder / (f"edition-{edition:04d}/{document.document_id}" if edition else document.document_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_edition(document.content, edition), encoding="utf-8")
    return count


def _edition(content: str, edition: int) -> str:
    if edition == 0:
        return content
    lines = content.split("\n")
    return "\n".join(f"{line} (edition {edition})" if line.startswith("#") else line for line in lines)
