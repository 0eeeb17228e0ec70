"""`dst score`: semantic coherence of another corpus, in a home of its own."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import FAILED
from semops_data.settings import load_settings

MEANING = "group:registry or group:corpus or group:embeddings or group:coherence"


@click.command("score")
@click.option("--corpus", help="Folder, git repository or git bundle; SEMOPS_CORPUS by default.")
@click.option("--registry", type=click.Path(path_type=Path), help="Registry file; SEMOPS_REGISTRY by default.")
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="Where to keep it.")
@click.option("--pattern", help="Show this pattern alone.")
@json_option
def command(corpus: str | None, registry: Path | None, home: Path | None, pattern: str | None, *, as_json: bool) -> int:
    """Score a corpus against a registry, without touching the platform's own scores.

    Each pair of corpus and registry gets its own home below <home>/scores, so a second call computes what changed.
    """
    from semops_data.cli import report
    from semops_data.cli.home import instance, settings_with
    from semops_data.cli.run import compute
    from semops_data.cli.summary import coherence, lake_of
    from semops_data.corpus.source import open_source
    from semops_data.registry.load import load
    from semops_data.registry.source import registry_path

    out, base = Output(as_json), load_settings()
    places = {
        "SEMOPS_CORPUS": str(Path(corpus).expanduser().absolute()) if corpus else base.corpus or "",
        "SEMOPS_REGISTRY": str((registry or registry_path(base)).expanduser().absolute()),
    }
    digest = hashlib.sha256("|".join(places.values()).encode()).hexdigest()[:12]
    place = (home or base.home / "scores" / digest).expanduser().absolute()
    # Its own Dagster home as well: the platform's knows another corpus.
    kept = {"SEMOPS_HOME": str(place), "DAGSTER_HOME": str(place / "dagster")}
    settings = settings_with({name: value for name, value in (places | kept).items() if value})

    known = load(registry_path(settings))
    if pattern is not None:
        known.pattern(pattern)
    open_source(settings)
    out.progress(f"corpus {settings.corpus or 'of this repository'}, {len(known.patterns)} patterns, kept in {place}")
    with instance(settings) as opened:
        outcome = compute(opened, settings, [], MEANING, out.progress)
    found = coherence(lake_of(settings))
    if pattern is not None:
        found["findings"] = [row for row in found["findings"] if row["pattern_id"] == pattern]
        found["scores"] = [row for row in found["scores"] if row["pattern_id"] == pattern]
    report.coherence(out, found, pattern=pattern)
    failures = [asdict(failure) for failure in outcome.failures]
    out.result({"home": place, "is_ok": outcome.is_ok, "failures": failures, **found})
    return 0 if outcome.is_ok else FAILED
