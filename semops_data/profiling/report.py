"""The long report of a file as one HTML page, by ydata-profiling, an extra."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semops_data.profiling.source import VIEW, connect, open_file
from semops_data.synthesis.fit.extra import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS = 200_000


def html_report(path: Path, out: Path, *, minimal: bool = True) -> Path:
    """Write the HTML report of a CSV, Parquet or JSON Lines file or a Delta folder.

    Args:
        path: the file or folder; of more than 200,000 rows a sample is reported, which the title says.
        out: the HTML file.
        minimal: without correlations and interactions, which take three times as long.

    Returns:
        The HTML file.

    Raises:
        UnreadableError: where it cannot be read as a table.
        ValueError: where it has no rows or no columns.
        MissingExtraError: where ydata-profiling is not installed; says what to install.
    """
    with connect(threads=2) as connection:
        open_file(connection, path)
        total = int(connection.execute(f"SELECT COUNT(*) FROM {VIEW}").fetchone()[0])  # noqa: S608 - constant
        sample = f" USING SAMPLE reservoir({MAX_ROWS} ROWS) REPEATABLE (7)" if total > MAX_ROWS else ""
        frame = connection.execute(f"SELECT * FROM {VIEW}{sample}").df()  # noqa: S608 - constants
    title = f"{path.name}: {len(frame):,} of {total:,} rows" if sample else path.name
    return write_page(render_html(frame, title, minimal=minimal), out)


def write_page(html: str, out: Path) -> Path:
    """Write a page, whole or not at all; returns its path."""
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.with_name(f".{out.name}.{os.getpid()}")
    scratch.write_text(html, encoding="utf-8")
    return scratch.replace(out)


def render_html(frame: pd.DataFrame, title: str, *, minimal: bool = True) -> str:
    """The HTML page of a frame.

    Args:
        frame: at least one row and one column.
        title: heading of the page; untrusted text is escaped.
        minimal: without correlations and interactions.

    Raises:
        ValueError: where the frame is empty.
        MissingExtraError: where ydata-profiling is not installed.
    """
    if frame.empty:
        raise ValueError(f"{title} has {len(frame)} rows and {len(frame.columns)} columns: there is nothing to report")
    import html

    # It counts its users over the network unless told not to.
    os.environ["YDATA_PROFILING_NO_ANALYTICS"] = "True"
    report = _profile_report()(
        _plain(frame), title=html.escape(title), minimal=minimal, progress_bar=False, explorative=False
    )
    return str(report.to_html())


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Lists and structs as text: ydata-profiling cannot hash them."""
    nested = [name for name in frame.columns if frame[name].map(lambda cell: isinstance(cell, (list, dict))).any()]
    return frame.assign(**{name: frame[name].astype(str) for name in nested})


def _profile_report() -> Any:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from ydata_profiling import ProfileReport
    except ImportError as error:
        raise MissingExtraError(
            "the HTML report needs ydata-profiling: pip install 'semops-data[profile]' (it needs setuptools below 81). "
            "`dst profile FILE` without --html works without it"
        ) from error
    return ProfileReport
