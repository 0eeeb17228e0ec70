"""Assets of the room: pairs, thresholds, usages, the three dimensions, scores, findings, hotspots, and the model."""

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from semops_data import catalog
from semops_data.coherence.contradiction.assets import contradiction_model  # noqa: F401  # the loader takes it from here
from semops_data.coherence.experiments.assets import experiments, labels  # noqa: F401  # the loader takes them from here
from semops_data.coherence.planted.assets import benchmark  # noqa: F401  # the loader takes it from here
from semops_data.contracts import table
from semops_data.embeddings.store import VectorStore
from semops_data.episodes.record import EpisodeLog
from semops_data.lakehouse.lake import Lake
from semops_data.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from semops_data.lakehouse.carried import Carried
    from semops_data.lakehouse.lake import Commit

# Another judge gives other verdicts: what stands on them is then stale. The rules alone are the default.
_METHOD = (load_settings().contradiction_method, load_settings().contradiction_model or "")
JUDGED = "" if _METHOD == ("embedding", "") else f"+{'+'.join(_METHOD)}"
# Other levels or bands place the same scores elsewhere.
LEVELS, BANDS = load_settings().level_limits, load_settings().band_limits
CORPUS = ("corpus/chunks", "embeddings/chunks", "embeddings/sentences", "embeddings/patterns", "registry/patterns")


def _options(name: str, deps: "Sequence[str]", description: str, version: str = "4") -> dict[str, Any]:
    """What every asset of the room has in common."""
    return {
        "key": ["coherence", name],
        "deps": [dep.split("/") for dep in deps],
        "kinds": {"deltalake", "python"},
        "owners": catalog.MEANING_OWNERS,
        "code_version": version,
        "metadata": catalog.definition_metadata(table(f"coherence/{name}"), storage_kind="deltalake"),
        "description": description,
    }


def _carried(lake: Lake) -> "Carried":
    from semops_data.lakehouse.carried import carried_of

    return carried_of(load_settings().home, lake.root)


def _result(lake: Lake, commit: "Commit", **more: Any) -> dg.MaterializeResult:
    return dg.MaterializeResult(
        metadata=catalog.run_metadata(
            uri=lake.uri(commit.key),
            rows=commit.rows,
            size_bytes=lake.size_bytes(commit.key),
            delta_version=commit.version,
            **more,
        ),
        data_version=dg.DataVersion(commit.digest),
    )


@dg.asset(
    **_options(
        "pairs",
        CORPUS,
        "Every claim of a definition against the comparable sentences of other documents, judged by rules or model.",
        f"4{JUDGED}",
    ),
    pool="gpu",
)
def pairs(
    context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], episodes: dg.ResourceParam[EpisodeLog]
) -> dg.MaterializeResult:
    """Find the candidates and judge them."""
    from semops_data.coherence.assess import pair_rows
    from semops_data.coherence.contradiction.judge import open_judge

    with episodes.episode(
        operation="classify", target_type="corpus", target_id="coherence/pairs", agent_name="coherence/pairs",
        asset_key="coherence/pairs", dagster_run_id=context.run.run_id,
    ) as episode:  # fmt: skip
        rows = pair_rows(lake, load_settings().device, open_judge(load_settings()), _carried(lake))
        commit = lake.replace("coherence/pairs", rows)
        fired = rows.num_rows - rows["rule"].null_count
        episode.metadata = {"pairs": rows.num_rows, "rules_fired": fired}
    return _result(lake, commit, rules_fired=fired)


@dg.asset(
    **_options(
        "thresholds",
        ("coherence/pairs", "coherence/labels", *CORPUS),
        "Contradiction scores as probabilities, and the thresholds of findings and usages, fitted on this corpus "
        "against faults planted in its own definitions and what people say of its pairs.",
        f"5{JUDGED}",
    ),
    pool="gpu",
)
def thresholds(lake: dg.ResourceParam[Lake], vectors: dg.ResourceParam[VectorStore]) -> dg.MaterializeResult:
    """Plant, score and fit."""
    from semops_data import markdown
    from semops_data.coherence.assess import threshold_rows
    from semops_data.coherence.contradiction.judge import open_judge
    from semops_data.coherence.reliability import reliability_plot
    from semops_data.coherence.report import inline_image, number

    rows, found = threshold_rows(lake, vectors, open_judge(load_settings()), _carried(lake))
    shown = [
        (
            row["name"],
            number(row["value"], digits=3),
            row["positives"],
            row["negatives"],
            row["reason"] or row["method"],
        )
        for row in rows.to_pylist()
    ]
    header = ("name", "value", "planted or named", "natural", "how")
    report = dg.MetadataValue.md(markdown.table(header, shown))
    plot = {"reliability": dg.MetadataValue.md(inline_image(reliability_plot(found), "told and true"))}
    commit = lake.replace("coherence/thresholds", rows)
    return _result(lake, commit, thresholds=report, **(plot if found.bins else {}))


@dg.asset(
    **_options(
        "usages", ("coherence/thresholds", *CORPUS), "Where each pattern is used, and what made the place a usage."
    )
)
def usages(lake: dg.ResourceParam[Lake]) -> dg.MaterializeResult:
    """Look for mentions, links and meanings."""
    from semops_data.coherence.assess import usage_rows

    return _result(lake, lake.replace("coherence/usages", usage_rows(lake, _carried(lake))))


def dimension(
    name: str, deps: "Sequence[str]", question: str, verb: "Callable[..., pa.Table]", *, is_judged: bool = False
) -> dg.AssetsDefinition:
    """The asset of one dimension: its table and the values on the page."""

    @dg.asset(**_options(name, deps, question, f"4{JUDGED}" if is_judged else "4"), pool="gpu" if is_judged else None)
    def asset(lake: dg.ResourceParam[Lake], vectors: dg.ResourceParam[VectorStore]) -> dg.MaterializeResult:
        from semops_data.coherence.report import factor_rows

        rows = verb(lake, vectors)
        commit = lake.replace(f"coherence/{name}", rows)
        measured = rows.num_rows - rows["value"].null_count
        page = dg.MetadataValue.md(factor_rows(rows.to_pylist()))
        return _result(lake, commit, measured=measured, unmeasured=rows["value"].null_count, values=page)

    built: dg.AssetsDefinition = asset
    return built


def _availability(lake: Lake, vectors: VectorStore) -> "pa.Table":  # noqa: ARG001
    from semops_data.coherence.assess import availability_rows

    return availability_rows(lake, _carried(lake))


def _consistency(lake: Lake, vectors: VectorStore) -> "pa.Table":  # noqa: ARG001
    from semops_data.coherence.assess import consistency_rows

    return consistency_rows(lake, _carried(lake))


def _stability(lake: Lake, vectors: VectorStore) -> "pa.Table":
    from semops_data.coherence.assess import stability_rows
    from semops_data.coherence.contradiction.judge import open_judge

    settings = load_settings()
    return stability_rows(lake, vectors, open_judge(settings), settings.decision_records, _carried(lake))


availability = dimension(
    "availability",
    ("coherence/usages", *CORPUS),
    "Can the pattern's meaning be found where it is needed? The rank of the definition for its name and its uses.",
    _availability,
)
consistency = dimension(
    "consistency",
    ("coherence/pairs", "coherence/thresholds", *CORPUS),
    "Does anything in the corpus contradict the definition? The product over comparable sentences of (1 - q).",
    _consistency,
)
stability = dimension(
    "stability",
    ("corpus/definitions", "corpus/documents", *CORPUS),
    "Has the definition's meaning been preserved since its baseline? Sentence by sentence, over its history.",
    _stability,
    is_judged=True,
)
DIMENSIONS = ("coherence/availability", "coherence/consistency", "coherence/stability")


@dg.asset(
    **_options(
        "findings",
        ("coherence/pairs", "coherence/thresholds", *DIMENSIONS, *CORPUS),
        "Every fault found in the knowledge, gravest first, with both quotes and where they stand.",
        "4",
    )
)
def findings(lake: dg.ResourceParam[Lake]) -> dg.MaterializeResult:
    """Gather the evidence."""
    from semops_data.coherence.assess import finding_rows
    from semops_data.coherence.report import finding_table

    rows = finding_rows(lake, _carried(lake))
    page = dg.MetadataValue.md(finding_table(rows.to_pylist()))
    kinds = {f"count_{kind}": count for kind, count in Counter(rows["kind"].to_pylist()).items()}
    return _result(lake, lake.replace("coherence/findings", rows), findings=page, **kinds)


@dg.asset(
    **_options(
        "scores",
        (
            *DIMENSIONS,
            "coherence/findings",
            "coherence/usages",
            "corpus/documents",
            "registry/edges",
            "registry/capabilities",
            *CORPUS,
        ),
        "Semantic coherence of every pattern, SC = (availability x consistency x stability)^(1/3), with its "
        "interval; unmeasured with the reason where a dimension could not be computed.",
        "4" if LEVELS == (0.8, 0.6, 0.4) else f"4+{LEVELS}",
    )
)
def scores(
    context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], episodes: dg.ResourceParam[EpisodeLog]
) -> dg.MaterializeResult:
    """Put the dimensions together."""
    from semops_data.coherence.history import newest, remember
    from semops_data.coherence.report import beside, inline_image, score_plot, score_table
    from semops_data.coherence.summing import score_rows

    with episodes.episode(
        operation="measure", target_type="corpus", target_id="coherence/scores", agent_name="coherence/scores",
        asset_key="coherence/scores", dagster_run_id=context.run.run_id,
    ) as episode:  # fmt: skip
        rows, whole = score_rows(lake, LEVELS, _carried(lake))
        commit = lake.replace("coherence/scores", rows)
        lake.replace("coherence/organisation", whole)
        remember(lake, rows, as_of=newest(lake), known_from=datetime.now(UTC))
        listed, summary = rows.to_pylist(), whole.to_pylist()[0]
        episode.coherence_score = summary["sc"]
        episode.context_pattern_ids = [row["pattern_id"] for row in listed]
    return _result(
        lake,
        commit,
        semantic_coherence=summary["sc"],
        scored=summary["scored_count"],
        unmeasured=summary["unmeasured_count"],
        scored_surface_share=summary["scored_surface_share"],
        **beside(summary),
        scores=dg.MetadataValue.md(score_table(listed)),
        plot=dg.MetadataValue.md(inline_image(score_plot(listed), "semantic coherence by pattern")),
    )


@dg.asset(
    **_options(
        "hotspots",
        ("coherence/scores", "coherence/findings"),
        "Where to look next: surface area times (1 - lower bound of SC), with the gravest finding.",
        "3" if BANDS == (12.0, 6.0) else f"3+{BANDS}",
    )
)
def hotspots(lake: dg.ResourceParam[Lake]) -> dg.MaterializeResult:
    """Rank the patterns."""
    from semops_data.coherence.report import hotspot_table
    from semops_data.coherence.summing import hotspot_rows

    rows = hotspot_rows(lake, BANDS)
    page = hotspot_table(rows.to_pylist())
    return _result(lake, lake.replace("coherence/hotspots", rows), hotspots=dg.MetadataValue.md(page))
