"""The asset that trains, judges and describes the contradiction adapter."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from pydantic import Field

from semops_data import catalog
from semops_data.settings import load_settings


class ModelTraining(dg.Config):
    """How to train the contradiction model anew.

    Attributes:
        data: folder with train/ and test/ pairs; the setting `nli_data` by default.
        epochs: multiplies how often every pair is shown; the recipe of the shipped adapter by default.
        planted: pairs that the project makes itself, likewise.
        teacher: folder of all-mpnet-base-v2, which the shipped adapter was taught by; without it by labels alone.
        layers: layers of the base model that are used; all six by default.
    """

    data: str | None = None
    epochs: float | None = Field(None, gt=0)
    planted: int | None = Field(None, ge=0)
    teacher: str | None = None
    layers: int | None = Field(None, ge=1, le=6)


# An hour of work on a CPU: nobody wants it as a part of everything.
@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            key=["coherence", "contradiction_model"],
            kinds={"pytorch"},
            owners=catalog.MEANING_OWNERS,
            code_version="3",
            skippable=True,
            tags={catalog.ON_DEMAND: "true"},
            metadata={"semops/largest_bytes": 4_000_000},
            description="The adapter that makes a judge of contradictions of the bundled MiniLM: trained on labelled "
            "and planted pairs, judged on sets it never saw. On demand: made only by a run that selects it alone.",
        )
    ],
    pool="gpu",
)
def contradiction_model(
    context: dg.AssetExecutionContext, config: ModelTraining
) -> Iterator[dg.MaterializeResult[None]]:
    """Train, judge, describe; a run that was stopped goes on where it was."""
    if len({*context.job_def.asset_layer.executable_asset_keys}) != 1:
        context.log.info("coherence/contradiction_model is made on demand: select it alone")
        return
    from semops_data.coherence.contradiction import release
    from semops_data.coherence.contradiction.training import training_device

    settings = load_settings()
    made = release.make(
        release.data_folder(config.data, settings),
        settings.home / "coherence" / "contradiction_model",
        release.recipe_of(config.model_dump(exclude={"data", "teacher"})),
        teacher=config.teacher,
        device=training_device(settings.device),
        log=context.log.info,
    )
    values: dict[str, Any] = {
        f"{f.name}_{n}": v for f in made.figures for n, v in (("accuracy", f.accuracy), ("auc", f.auc))
    }
    page = dg.MetadataValue.md(release.figure_table(made.figures))
    yield dg.MaterializeResult(
        asset_key=["coherence", "contradiction_model"],
        metadata=catalog.run_metadata(uri=made.folder.as_uri(), bytes=made.size, figures=page, **values),
        data_version=dg.DataVersion(made.digest),
    )
