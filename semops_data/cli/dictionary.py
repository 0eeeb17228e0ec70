"""`dst dictionary`: the data dictionary, written from the contracts."""

from __future__ import annotations

from pathlib import Path

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import WorkFailedError
from semops_data.settings import REPOSITORY

FOLDER = REPOSITORY / "docs" / "dictionary"


@click.command("dictionary")
@click.option("--check", is_flag=True, help="Write nothing; end with 1 where a document is out of date.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, help="Folder to write to.")
@json_option
def command(out: Path, *, check: bool, as_json: bool) -> None:
    """Write docs/dictionary: every table and column with its meaning, from the contracts."""
    from semops_data.contracts.dictionary import documents, outdated, write

    output = Output(as_json)
    changed = outdated(out) if check else write(out)
    output.result({"folder": out, "documents": sorted(documents()), "changed": changed})
    if check and changed:
        raise WorkFailedError(f"{out}: out of date: {', '.join(changed)}; run `dst dictionary`")
    what = f"wrote {', '.join(changed)}" if changed else f"{len(documents())} documents are up to date"
    output.text(f"{out}: {what}")
