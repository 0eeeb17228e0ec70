"""`dst lineage export`: the asset graph as JSON, Mermaid or DOT."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from semops_data.cli.errors import ConfigurationError
from semops_data.cli.lineage_audit import audit
from semops_data.cli.lineage_queries import diff, graphs, impact, upstream
from semops_data.cli.outbox import relay, replay, status


@click.group("lineage", short_help="Ask the asset graph; audit a metric; look after the mirror.")
def command() -> None:
    """What comes from what, what hangs on it, what changed; and the mirror to OpenLineage. No backend is asked."""


@command.command("export")
@click.option("--format", "form", type=click.Choice(["json", "mermaid", "dot"]), default="json", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Same as --format json.")
@click.option("--select", "selection", default="*", show_default=True, help="Asset selection, such as group:coherence.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; else standard output.")
@click.option("--columns/--no-columns", "with_columns", default=None, help="Column lineage; by default in JSON alone.")
def export(form: str, selection: str, out: Path | None, *, as_json: bool, with_columns: bool | None) -> None:
    """Write the asset graph: nodes with room, kinds and columns, edges from input to output, column by column."""
    from semops_data.cli.selection import resolve
    from semops_data.definitions import defs
    from semops_data.lineage.export import export as write
    from semops_data.lineage.naming import Places
    from semops_data.resources.event_log import asset_graph
    from semops_data.settings import load_settings

    chosen = {key.to_user_string() for key in resolve(selection, defs.resolve_asset_graph(), external=True)}
    form = "json" if as_json else form
    is_wanted = with_columns or (with_columns is None and form == "json")
    graph, columns = graphs() if is_wanted else (asset_graph(defs), None)
    nodes = {
        key: replace(node, parents=tuple(parent for parent in node.parents if parent in chosen))
        for key, node in graph.nodes.items()
        if key in chosen
    }
    text = write(replace(graph, nodes=nodes), form, places=Places.of(load_settings()), columns=columns)
    if out is None:
        click.echo(text.rstrip("\n"))
        return
    try:
        out.write_text(text.rstrip("\n") + "\n")
    except OSError as error:
        raise ConfigurationError(f"{out}: {error.strerror}") from error
    click.echo(f"wrote {out}: {len(nodes)} assets", err=True)


@command.command("schemas")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def schemas(folder: Path) -> None:
    """Write the JSON schemas of semops_coherence and semops_episode, to be published at SEMOPS_FACET_SCHEMA_URL."""
    from semops_data.lineage.custom import published
    from semops_data.settings import load_settings

    address = load_settings().facet_schema_url
    files = published(address)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
    except OSError as error:
        raise ConfigurationError(f"{folder}: {error.strerror}") from error
    where = f"to be published below {address}" if address else "under their URN; SEMOPS_FACET_SCHEMA_URL is not set"
    click.echo(f"wrote {', '.join(files)} to {folder}, {where}", err=True)


for verb in (impact, upstream, diff, audit, status, replay, relay):
    command.add_command(verb)
