"""The assets of the room: each exported table's object, day by day.

They depend on `synthesis/truth`: the answers of a day are written before anything that must reproduce them.
"""

from datetime import date

import dagster as dg

from semops_data import catalog
from semops_data.contracts import table
from semops_data.contracts.business import SHOP_TABLES
from semops_data.landing.store import ObjectStore
from semops_data.partitions import calendar
from semops_data.settings import load_settings
from semops_data.synthesis.parameters import Business

BUSINESS = Business.from_settings(load_settings())


def landing_asset(name: str, business: Business = BUSINESS) -> dg.AssetsDefinition:
    """The asset that lands one exported table of that business."""
    contract = table(f"landing/{name}")

    @dg.asset(
        key=["landing", name],
        kinds={"s3", "json" if name == "events" else "parquet"},
        owners=catalog.OWNERS,
        deps=[["synthesis", "truth"]],
        partitions_def=calendar,
        code_version=f"1-{business.digest}",
        metadata=catalog.definition_metadata(contract, storage_kind="s3"),
        description=contract.description,
    )
    def landed(
        context: dg.AssetExecutionContext, landing_store: dg.ResourceParam[ObjectStore]
    ) -> dg.MaterializeResult[None]:
        from semops_data.landing.objects import land
        from semops_data.synthesis.business import business_day

        day = business_day(business, date.fromisoformat(context.partition_key))
        rows = day.tables[name]
        stored = land(landing_store, name, context.partition_key, rows, day.cut_rows(name))
        return dg.MaterializeResult(
            metadata=catalog.run_metadata(
                uri=stored.uri,
                partition_rows=rows.num_rows,
                size_bytes=stored.size_bytes,
                sha256=stored.sha256,
                is_changed=stored.changed,
            ),
            data_version=dg.DataVersion(stored.sha256),
        )

    return landed


def texts_asset(business: Business = BUSINESS) -> dg.AssetsDefinition:
    """The asset that lands the free texts of that business."""
    contract = table("landing/texts")

    @dg.asset(
        key=["landing", "texts"],
        kinds={"s3", "parquet"},
        owners=catalog.OWNERS,
        deps=[["synthesis", "truth"]],
        partitions_def=calendar,
        code_version=f"1-{business.digest}",
        metadata=catalog.definition_metadata(contract, storage_kind="s3"),
        description=contract.description,
    )
    def texts(
        context: dg.AssetExecutionContext, landing_store: dg.ResourceParam[ObjectStore]
    ) -> dg.MaterializeResult[None]:
        from semops_data.landing.objects import land
        from semops_data.synthesis.texts import all_texts

        rows = all_texts(business, date.fromisoformat(context.partition_key))
        stored = land(landing_store, "texts", context.partition_key, rows)
        return dg.MaterializeResult(
            metadata=catalog.run_metadata(
                uri=stored.uri, partition_rows=rows.num_rows, size_bytes=stored.size_bytes, sha256=stored.sha256
            ),
            data_version=dg.DataVersion(stored.sha256),
        )

    return texts


TEXTS = [texts_asset()]
LANDING = [landing_asset(name) for name in SHOP_TABLES]
