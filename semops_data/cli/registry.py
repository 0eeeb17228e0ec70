"""`dst registry`: propose a registry from a corpus, and check one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import FAILED, ConfigurationError
from semops_data.settings import load_settings


@click.group("registry", short_help="Propose or check a registry of patterns.")
def command() -> None:
    """The registry: patterns and capabilities, the reference that coherence is measured against."""


@command.command("derive")
@click.option("--corpus", help="Folder, git repository or git bundle; SEMOPS_CORPUS by default.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Registry file to write.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@json_option
def derive(corpus: str | None, out: Path, *, force: bool, as_json: bool) -> None:
    """Propose patterns from the headings and lead paragraphs of a corpus, for a person to review."""
    from semops_data.corpus.derive import propose
    from semops_data.corpus.source import open_source

    output, settings = Output(as_json), load_settings()
    if out.exists() and not force:
        raise ConfigurationError(f"{out} is there already: it may hold decisions of yours; choose another, or --force")
    chosen = settings.model_copy(update={"corpus": str(Path(corpus).expanduser().absolute())}) if corpus else settings
    proposal = propose(open_source(chosen))
    try:
        out.write_text(proposal, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{out}: {error.strerror}") from error
    from semops_data.registry.load import load

    count = len(load(out).patterns)
    output.result({"out": out, "patterns": count})
    output.text(f"wrote {count} proposed patterns to {out}: read them, then `dst score --corpus ... --registry {out}`")


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def check(file: Path, *, as_json: bool) -> int:
    """Say what is wrong with a registry file, each with file and line.

    Ends with 2 where it cannot be used, with 1 where a critical rule is broken.
    """
    from semops_data.registry.load import load
    from semops_data.registry.model import RegistryError
    from semops_data.registry.rules import audit

    out = Output(as_json)
    try:
        registry = load(file)
    except RegistryError as error:
        # A machine asked for the faults: those that make the file unusable are faults as well.
        out.result({"problems": [asdict(problem) for problem in error.problems]})
        raise
    problems = audit(registry)
    critical = [problem for problem in problems if problem.severity == "critical"]
    out.result(
        {
            "patterns": len(registry.patterns),
            "capabilities": len(registry.capabilities),
            "edges": len(registry.edges),
            "problems": [asdict(problem) for problem in problems],
        }
    )
    for problem in problems:
        out.text(str(problem))
    out.text(
        f"{file}: {len(registry.patterns)} patterns, {len(registry.capabilities)} capabilities, "
        f"{len(registry.edges)} edges; {len(critical)} critical, {len(problems) - len(critical)} warnings"
    )
    return FAILED if critical else 0
