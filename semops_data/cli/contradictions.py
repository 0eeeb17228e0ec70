"""`dst contradictions`: values that two places of a corpus state differently; nothing is embedded, kept or run."""

from __future__ import annotations

from pathlib import Path

import click

from semops_data.cli.console import Output, json_option
from semops_data.settings import load_settings


@click.command("contradictions", short_help="Values that a corpus states twice and differently.")
@click.option("--corpus", help="Folder, git repository or git bundle; SEMOPS_CORPUS by default.")
@click.option("--most", type=click.IntRange(1), default=50, show_default=True, help="Show so many.")
@json_option
def command(corpus: str | None, most: int, *, as_json: bool) -> int:
    """Docstrings against signatures, descriptions against schemas and tests, defaults of one setting in two documents.

    Read from the current documents alone, in seconds. `dst score` finds contradictions in sentences as well.
    """
    from semops_data.corpus.facts.extract import corpus_conflicts
    from semops_data.corpus.source import open_source

    out, settings = Output(as_json), load_settings()
    place = {"corpus": str(Path(corpus).expanduser().absolute())} if corpus else {}
    reading = open_source(settings.model_copy(update=place)).read()
    found = corpus_conflicts(reading.current)
    out.heading(f"Contradicting statements ({min(len(found), most)} of {len(found)}), {len(reading.current)} documents")
    for conflict in found[:most]:
        out.text(f"the {conflict.said.aspect} of {conflict.said.subject}")
        for fact in (conflict.said, conflict.against):
            out.text(f'        {fact.place}  "{fact.quote}"')
    rows = [
        {
            "subject": conflict.said.subject,
            "aspect": conflict.said.aspect,
            "said": conflict.said.quote,
            "said_at": conflict.said.place,
            "against": conflict.against.quote,
            "against_at": conflict.against.place,
        }
        for conflict in found
    ]
    out.result({"documents": len(reading.current), "contradictions": rows})
    return 0
