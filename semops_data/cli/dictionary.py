"""`dst dictionary`: the data dictionary, written from the contracts."""

from __future__ import annotations

from pathlib import Path

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import WorkFailedError
from semops_data.settings import REPOSITORY


@click.command("dictionary")
@click.option("--check", is_flag=True, help="Write nothing; end with 1 where a document is out of date.")
@click.option("--root", type=click.Path(path_type=Path, file_okay=False), default=REPOSITORY, help="Repository's root.")
@json_option
def command(root: Path, *, check: bool, as_json: bool) -> None:
    """Write docs/dictionary: every table and column with its meaning, from the contracts."""
    from semops_data.contracts import TABLES
    from semops_data.corpus.dictionary import render, write

    output = Output(as_json)
    wanted = render(TABLES.values())
    if check:
        held = {path: (root / path).read_text(encoding="utf-8") for path in wanted if (root / path).exists()}
        changed = sorted(path for path, text in wanted.items() if held.get(path) != text)
    else:
        changed = sorted(str(path.relative_to(root)) for path in write(root))
    output.result({"root": root, "documents": sorted(wanted), "changed": changed})
    if check and changed:
        raise WorkFailedError(f"{root}: out of date: {', '.join(changed)}; run `dst dictionary`")
    output.text(f"wrote {', '.join(changed)}" if changed else f"{len(wanted)} documents are up to date")
