"""The long reports of lakehouse tables, minimal and full, as HTML files of the platform's home."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from semops_data.profiling.report import render_html, write_page
from semops_data.profiling.source import VIEW, connect_partition

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from semops_data.lakehouse.lake import Lake

SAMPLE_ROWS = 2_000
KINDS = ("minimal", "full")
SAMPLE_SEED = 7


@dataclass(frozen=True)
class Page:
    """One report.

    Attributes:
        table: name of the lakehouse table.
        kind: minimal, or full with correlations and interactions.
        path: the HTML file.
        rows: rows of the sample.
        total_rows: rows of the table or the partition.
        digest: sha256 of the sample.
    """

    table: str
    kind: str
    path: Path
    rows: int
    total_rows: int
    digest: str

    @property
    def name(self) -> str:
        """What the report is called among the artifacts of a run."""
        return f"{self.table}-{self.kind}.html"


def write_pages(
    lake: Lake, names: Sequence[str], folder: Path, *, rows: int = SAMPLE_ROWS, kinds: Sequence[str] = KINDS
) -> list[Page]:
    """Write the reports of tables; a table that is not there or has no rows has none.

    Args:
        lake: where the tables are.
        names: names of lakehouse tables.
        folder: of the HTML files.
        rows: rows of the sample that a report is made of; its title says how many of how many.
        kinds: which reports.

    Raises:
        MissingExtraError: where ydata-profiling is not installed.
    """
    pages = []
    for name in names:
        if not lake.exists(f"lakehouse/{name}"):
            continue
        frame, total = _sample(lake, f"lakehouse/{name}", rows)
        if frame.empty:
            continue
        content = hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()
        for kind in kinds:
            title = f"lakehouse/{name}: {len(frame):,} of {total:,} rows"
            page = write_page(render_html(frame, title, minimal=kind == "minimal"), folder / f"{name}-{kind}.html")
            pages.append(Page(name, kind, page, len(frame), total, content))
    return pages


def _sample(lake: Lake, key: str, rows: int) -> tuple[pd.DataFrame, int]:
    with connect_partition(lake, key, {}) as connection:
        total = int(connection.execute(f"SELECT COUNT(*) FROM {VIEW}").fetchone()[0])  # noqa: S608 - constant
        chosen = f" USING SAMPLE reservoir({rows} ROWS) REPEATABLE ({SAMPLE_SEED})" if total > rows else ""
        return connection.execute(f"SELECT * FROM {VIEW}{chosen}").df(), total  # noqa: S608 - constants
