"""The assets of the room: the known answers and the planted defects of each day."""

from datetime import date

import dagster as dg

from semops_data import catalog
from semops_data.contracts import table
from semops_data.lakehouse.lake import Lake
from semops_data.partitions import calendar
from semops_data.settings import load_settings
from semops_data.synthesis.parameters import Business

BUSINESS = Business.from_settings(load_settings())


def synthesis_asset(name: str, business: Business = BUSINESS) -> dg.AssetsDefinition:
    """The asset for `truth` or `defects` of that business."""
    contract = table(f"synthesis/{name}")

    @dg.asset(
        key=["synthesis", name],
        kinds={"deltalake", "numpy"},
        owners=catalog.OWNERS,
        partitions_def=calendar,
        # Another seed, volume or rate makes what was written stale.
        code_version=f"1-{business.digest}",
        metadata=catalog.definition_metadata(contract, storage_kind="deltalake"),
        description=contract.description,
    )
    def synthesised(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> dg.MaterializeResult[None]:
        from semops_data.synthesis.business import business_day

        key = context.partition_key
        made = business_day(business, date.fromisoformat(key))
        rows = made.truth if name == "truth" else made.defects
        commit = lake.replace(contract.key, rows, where={"day": key})
        return dg.MaterializeResult(
            metadata=catalog.run_metadata(
                uri=lake.uri(contract.key),
                partition_rows=commit.rows,
                size_bytes=lake.size_bytes(contract.key, {"day": key}),
                delta_version=commit.version,
            ),
            data_version=dg.DataVersion(commit.digest),
        )

    return synthesised


SYNTHESIS = [synthesis_asset(name) for name in ("truth", "defects")]
