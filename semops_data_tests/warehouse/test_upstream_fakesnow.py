"""What the emulator cannot do, each item of the list in docs/INFRASTRUCTURE.md probed: one that works fails here.

A gap that closes is good news: take the item off the list, and use what the emulator can do now.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from semops_data.warehouse.session import StatementError
from semops_data.warehouse.warehouse import Warehouse

DOCUMENT = Path(__file__).parents[2] / "docs" / "INFRASTRUCTURE.md"
VOLUME = (
    "CREATE EXTERNAL VOLUME V STORAGE_LOCATIONS = ((NAME = 'a' STORAGE_PROVIDER = 'S3' STORAGE_BASE_URL = 's3://b/' "
    "STORAGE_AWS_ROLE_ARN = 'x'))"
)


@dataclass(frozen=True)
class Gap:
    """One thing that an account does and the emulator does not.

    Attributes:
        item: as the list in the document says it.
        sql: the statement that an account runs.
        right: what an account answers; None where the emulator refuses the statement altogether.
    """

    item: str
    sql: str
    right: tuple[object, ...] | None = None


GAPS = (
    Gap("`CREATE ROLE`", "CREATE ROLE R"),
    Gap("`GRANT`", "GRANT USAGE ON DATABASE SEMOPS TO ROLE SYSADMIN"),
    Gap("`SHOW GRANTS`", "SHOW GRANTS TO ROLE SYSADMIN"),
    Gap("`CREATE WAREHOUSE`", "CREATE WAREHOUSE W WAREHOUSE_SIZE = 'XSMALL'"),
    Gap("tags on columns", "CREATE TABLE TAGGED (A INT WITH TAG (T = 'x'))"),
    Gap("comments on columns", "SELECT comment FROM information_schema.columns WHERE table_name = 'PROBE' AND "
        "column_name = 'D'", ("hello",)),
    Gap("time travel", "SELECT * FROM PROBE AT(OFFSET => -1)"),
    Gap("`UNDROP`", "UNDROP TABLE PROBE"),
    Gap("`ALTER TABLE ... SWAP WITH`", "ALTER TABLE PROBE SWAP WITH OTHER"),
    Gap("unloading with `COPY INTO @stage`", "COPY INTO @PROBES/x FROM PROBE FILE_FORMAT = (TYPE = PARQUET)"),
    Gap("lengths of `VARCHAR(n)`", "INSERT INTO SHORT VALUES ('abcdef')", ("refused",)),
    Gap("unenforced primary keys", "INSERT INTO KEYED VALUES (1), (1)"),
    Gap("formats of `TO_CHAR` for timestamps", "SELECT TO_CHAR(A, 'YYYY-MM-DD') FROM PROBE", ("2026-01-01",)),
    Gap("`CREATE STREAM`", "CREATE STREAM S ON TABLE PROBE"),
    Gap("`CREATE TASK`", "CREATE TASK K SCHEDULE = '1 minute' AS SELECT 1"),
    Gap("`CREATE PIPE`", "CREATE PIPE P AS COPY INTO PROBE FROM @PROBES"),
    Gap("`CREATE PROCEDURE`", "CREATE PROCEDURE X() RETURNS INT LANGUAGE SQL AS 'BEGIN RETURN 1; END'"),
    Gap("masking policies", "CREATE MASKING POLICY M AS (v STRING) RETURNS STRING -> v"),
    Gap("`ALTER SESSION`", "ALTER SESSION SET QUERY_TAG = 'x'"),
    Gap("`GET`", "GET @PROBES file:///tmp/"),
    Gap("`REMOVE`", "REMOVE @PROBES"),
    Gap("`PATTERN` of a COPY", "COPY INTO PROBE FROM @PROBES PATTERN = '.*' FILE_FORMAT = (TYPE = CSV)"),
    Gap("`ON_ERROR = CONTINUE`", "COPY INTO PROBE FROM @PROBES FILE_FORMAT = (TYPE = CSV) ON_ERROR = CONTINUE"),
    Gap("`INFER_SCHEMA`", "SELECT * FROM TABLE(INFER_SCHEMA(LOCATION => '@PROBES', FILE_FORMAT => 'F'))"),
    Gap("several statements in one call", "SELECT 1; SELECT 2"),
    Gap("query history", "SELECT query_tag FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY())"),
    Gap("`CREATE EXTERNAL VOLUME`", VOLUME),
    Gap("`CREATE CATALOG INTEGRATION`", "CREATE CATALOG INTEGRATION C CATALOG_SOURCE = OBJECT_STORE TABLE_FORMAT = "
        "DELTA ENABLED = TRUE"),
    Gap("`CREATE ICEBERG TABLE`", "CREATE ICEBERG TABLE I EXTERNAL_VOLUME = 'V' CATALOG = 'C' BASE_LOCATION = 'x'"),
)  # fmt: skip


@pytest.fixture(scope="module")
def prepared(shared_settings) -> Warehouse:  # type: ignore[no-untyped-def]
    warehouse = Warehouse(shared_settings, schema="PUBLIC")
    with warehouse.session() as session:
        for sql in (
            "CREATE OR REPLACE TABLE PROBE (A TIMESTAMP_NTZ(6), D VARCHAR COMMENT 'hello')",
            "CREATE OR REPLACE TABLE OTHER (A TIMESTAMP_NTZ(6), D VARCHAR)",
            "CREATE OR REPLACE TABLE SHORT (A VARCHAR(2))",
            "CREATE OR REPLACE TABLE KEYED (A INT PRIMARY KEY)",
            "CREATE STAGE IF NOT EXISTS PROBES",
            "INSERT INTO PROBE VALUES ('2026-01-01 21:22:01.774442', 'x')",
        ):
            session.execute(sql)
    return warehouse


@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: gap.item)
def test_the_emulator_still_cannot(gap: Gap, prepared: Warehouse) -> None:
    """What works now is to be taken off the list."""
    with prepared.session() as session:
        if gap.right is None:
            with pytest.raises(StatementError):
                session.execute(gap.sql)
        else:
            assert session.execute(gap.sql)[0] != gap.right


def test_the_document_lists_what_is_probed_and_nothing_else() -> None:
    """A list that nobody checks is a list of yesterday."""
    text = DOCUMENT.read_text(encoding="utf-8")
    section = text.split("## What the Snowflake emulator cannot do", 1)[1].split("\n## ", 1)[0]
    listed = [line.removeprefix("- ").split(": ")[0] for line in section.splitlines() if line.startswith("- ")]
    assert listed == [gap.item for gap in GAPS]
