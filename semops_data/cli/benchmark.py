"""`dst benchmark`: how much the scores can see in a corpus, measured on faults planted into it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import FAILED, ConfigurationError
from semops_data.settings import load_settings

if TYPE_CHECKING:
    import dagster as dg

    from semops_data.settings import Settings

KNOWLEDGE = "group:registry or group:corpus or group:embeddings"
FAMILIES = ("clean", "contradiction", "null", "drift", "structure", "handwritten")


@click.command("benchmark", short_help="Plant faults into a corpus; say how much the scores see.")
@click.option("--corpus", help="Folder, git repository or git bundle; SEMOPS_CORPUS by default.")
@click.option("--registry", type=click.Path(path_type=Path), help="Registry file; derived from the corpus without.")
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="Where to keep it.")
@click.option("--concepts", type=click.IntRange(2, 5_000), default=120, show_default=True, help="Concepts at most.")
@click.option("--model/--no-model", default=True, show_default=True, help="Also judge by the contradiction model.")
@click.option("--natural", type=click.IntRange(0, 25), default=0, help="Show so many natural contradictions a method.")
@json_option
def command(
    corpus: str | None, registry: Path | None, home: Path | None, concepts: int, natural: int, *, model: bool,
    as_json: bool,
) -> int:  # fmt: skip
    """Plant contradictions, drift, copies and nulls into a corpus, and measure what is found of them.

    Nothing of the corpus is changed: what is planted lives in memory. The corpus gets a home of its own below
    <home>/scores, which `dst score` uses as well.
    """
    from semops_data.cli.home import instance
    from semops_data.cli.run import compute
    from semops_data.cli.summary import lake_of

    out = Output(as_json)
    settings = _settings(corpus, registry, home, out)
    with instance(settings) as opened:
        outcome = compute(opened, settings, [], KNOWLEDGE, out.progress)
        if not outcome.is_ok:
            out.result({"home": settings.home, "failures": [asdict(failure) for failure in outcome.failures]})
            return FAILED
        out.progress("planting and judging")
        is_ok = _planted(opened, concepts, with_model=model)
    lake = lake_of(settings)
    if not is_ok:
        raise ConfigurationError(f"the benchmark failed: see its run in {settings.home}")
    rows = lake.read("coherence/benchmark").to_pylist()
    pairs = [row for row in lake.read("coherence/benchmark_pairs").to_pylist() if row["rank"] <= natural]
    _show(out, rows, pairs)
    out.result({"home": settings.home, "results": rows, "natural": pairs})
    return 0


def _settings(corpus: str | None, registry: Path | None, home: Path | None, out: Output) -> Settings:
    """Settings of the corpus's own home; a registry that nobody gave is derived into it."""
    from semops_data.cli.home import settings_with
    from semops_data.corpus.derive import propose
    from semops_data.corpus.source import open_source
    from semops_data.registry.source import registry_path

    base = load_settings()
    place = str(Path(corpus).expanduser().absolute()) if corpus else base.corpus or ""
    given = (registry or registry_path(base)).expanduser().absolute() if registry or not place else base.registry
    digest = hashlib.sha256(f"{place}|{given or 'derived'}".encode()).hexdigest()[:12]
    own = (home or base.home / "scores" / digest).expanduser().absolute()
    if given is None:
        given = own / "registry.yaml"
        if not given.exists():
            own.mkdir(parents=True, exist_ok=True)
            chosen = base.model_copy(update={"corpus": place, "home": own})
            given.write_text(propose(open_source(chosen)), encoding="utf-8")
            out.progress(f"derived a registry from the corpus: {given}")
    values = {"SEMOPS_CORPUS": place, "SEMOPS_REGISTRY": str(given), "SEMOPS_HOME": str(own),
              "DAGSTER_HOME": str(own / "dagster")}  # fmt: skip
    return settings_with({name: value for name, value in values.items() if value})


def _planted(opened: dg.DagsterInstance, concepts: int, *, with_model: bool) -> bool:
    import dagster as dg

    from semops_data.cli.execute import QUIET
    from semops_data.definitions import defs

    config: dict[str, Any] = QUIET | {
        "ops": {"benchmark": {"config": {"concepts": concepts, "with_model": with_model}}}
    }
    done = defs.resolve_implicit_global_asset_job_def().execute_in_process(
        run_config=config, instance=opened, asset_selection=[dg.AssetKey(["coherence", "benchmark"])],
        raise_on_error=True,
    )  # fmt: skip
    return bool(done.success)


def _show(out: Output, rows: list[dict[str, Any]], pairs: list[dict[str, Any]]) -> None:
    from semops_data.coherence.planted.report import shown

    for family in FAMILIES:
        own = [row for row in rows if row["family"] == family]
        if not own:
            continue
        methods = list(dict.fromkeys(row["method"] for row in own))
        held = {(row["kind"], row["method"]): shown(row) for row in own}
        kinds = dict.fromkeys(row["kind"] for row in own)
        out.heading(family)
        out.table((family, *methods), [(kind, *(held.get((kind, method)) for method in methods)) for kind in kinds])
    for row in pairs:
        more = f" (and {row['others']} pairs more)" if row["others"] else ""
        out.text(f"\n{row['rank']}. {row['method']} {row['score']:.2f} {row['why'] or ''}{more}")
        out.text(f"   {row['claim_place']}: {row['claim']}")
        out.text(f"   {row['evidence_place']}: {row['evidence']}")
