"""`dst score`: semantic coherence of another corpus, in a home of its own; or of another time."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import FAILED, ConfigurationError
from semops_data.settings import load_settings

if TYPE_CHECKING:
    from semops_data.lakehouse.lake import Lake
    from semops_data.settings import Settings

MEANING = "group:registry or group:corpus or group:embeddings or group:coherence"


@click.command("score")
@click.option("--corpus", help="Folder, git repository or git bundle; SEMOPS_CORPUS by default.")
@click.option("--registry", type=click.Path(path_type=Path), help="Registry file; SEMOPS_REGISTRY by default.")
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="Where to keep it.")
@click.option("--pattern", help="Show this pattern alone.")
@click.option("--as-of", help="Of the corpus as it read at this date (valid time); nothing is run.")
@click.option("--known-at", help="As it was believed at this date (transaction time); nothing is run.")
@json_option
def command(
    corpus: str | None,
    registry: Path | None,
    home: Path | None,
    pattern: str | None,
    as_of: str | None,
    known_at: str | None,
    *,
    as_json: bool,
) -> int:
    """Score a corpus against a registry, without touching the platform's own scores.

    Each pair of corpus and registry gets its own home below <home>/scores, so a second call computes what changed.
    With --known-at, the scores that were believed then are read from those ever given. With --as-of alone, the corpus
    as it read then is scored with what is known now. A date means its end, UTC. Where this corpus was never scored in
    a home of its own, the platform's scores are asked.
    """
    from semops_data.registry.load import load
    from semops_data.registry.source import registry_path

    out = Output(as_json)
    is_elsewhen = bool(as_of or known_at)
    settings = _settings(corpus, registry, home, is_platform_asked=is_elsewhen)
    if is_elsewhen:
        return _of_another_time(out, settings, pattern, as_of=as_of, known_at=known_at)
    known = load(registry_path(settings))
    if pattern is not None:
        known.pattern(pattern)
    return _scored(out, settings, pattern, len(known.patterns))


def _settings(corpus: str | None, registry: Path | None, home: Path | None, *, is_platform_asked: bool) -> Settings:
    """The settings of the home that belongs to this corpus and registry; the platform's own where that has none."""
    from semops_data.cli.home import settings_with
    from semops_data.registry.source import registry_path

    base = load_settings()
    places = {
        "SEMOPS_CORPUS": str(Path(corpus).expanduser().absolute()) if corpus else base.corpus or "",
        "SEMOPS_REGISTRY": str((registry or registry_path(base)).expanduser().absolute()),
    }
    digest = hashlib.sha256("|".join(places.values()).encode()).hexdigest()[:12]
    place = (home or base.home / "scores" / digest).expanduser().absolute()
    if is_platform_asked and not place.exists() and not (corpus or registry or home):
        place = base.home
    # Its own Dagster home as well: the platform's knows another corpus.
    kept = {"SEMOPS_HOME": str(place), "DAGSTER_HOME": str(place / "dagster")}
    return settings_with({name: value for name, value in (places | kept).items() if value})


def _scored(out: Output, settings: Settings, pattern: str | None, patterns: int) -> int:
    """Compute what is stale in the home, and show it."""
    from semops_data.cli.home import instance
    from semops_data.cli.run import compute
    from semops_data.cli.summary import coherence, lake_of
    from semops_data.corpus.source import open_source

    open_source(settings)
    out.progress(f"corpus {settings.corpus or 'of this repository'}, {patterns} patterns, kept in {settings.home}")
    with instance(settings) as opened:
        outcome = compute(opened, settings, [], MEANING, out.progress)
    failures = [asdict(failure) for failure in outcome.failures]
    about = {"home": settings.home, "is_ok": outcome.is_ok, "failures": failures}
    _show(out, coherence(lake_of(settings)), pattern, about)
    return 0 if outcome.is_ok else FAILED


def _of_another_time(
    out: Output, settings: Settings, pattern: str | None, *, as_of: str | None, known_at: str | None
) -> int:
    """Show the scores of another valid or transaction time."""
    from semops_data.cli.summary import lake_of
    from semops_data.coherence.history import believed, moment
    from semops_data.coherence.summing import summary_row

    lake, now = lake_of(settings), datetime.now(UTC)
    try:
        valid, known = moment(as_of) if as_of else now, min(moment(known_at), now) if known_at else now
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    about = {"as_of": valid.isoformat(), "known_at": known.isoformat(), "home": settings.home}
    if known_at is None:
        _show(out, _computed(lake, settings, valid), pattern, about)
        return 0
    out.progress(f"as of {valid.isoformat(timespec='seconds')}, as known at {known.isoformat(timespec='seconds')}")
    rows = believed(lake, as_of=valid, known_at=known)
    found = {"organisation": summary_row(rows), "scores": rows, "findings": [], "finding_count": None}
    _show(out, found, pattern, about)
    return 0


def _computed(lake: Lake, settings: Settings, valid: datetime) -> dict[str, Any]:
    """Score the corpus as it read at a moment, in a lake that is thrown away; the history keeps the scores."""
    from semops_data.cli.summary import coherence
    from semops_data.coherence.asof import score_as_of
    from semops_data.coherence.contradiction.judge import open_judge
    from semops_data.coherence.history import remember
    from semops_data.embeddings.encoder import open_encoder
    from semops_data.embeddings.store import VectorStore
    from semops_data.lakehouse.lake import Lake

    with TemporaryDirectory(prefix="semops-as-of-") as folder:
        scratch, vectors = Lake(folder), VectorStore(lake, open_encoder(settings))
        scores = score_as_of(lake, scratch, vectors, valid, settings, open_judge(settings))
        if not scores.num_rows:
            raise ConfigurationError(f"no definition had been written by {valid.isoformat(timespec='seconds')}")
        remember(lake, scores, as_of=valid, known_from=datetime.now(UTC))
        return coherence(scratch)


def _show(out: Output, found: dict[str, Any], pattern: str | None, about: dict[str, Any]) -> None:
    from semops_data.cli import report

    if pattern is not None:
        found["findings"] = [row for row in found["findings"] if row["pattern_id"] == pattern]
        found["scores"] = [row for row in found["scores"] if row["pattern_id"] == pattern]
    report.coherence(out, found, pattern=pattern)
    out.result(about | found)
