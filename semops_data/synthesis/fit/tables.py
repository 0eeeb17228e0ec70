"""The user's tables: CSV and Parquet files of a folder, by name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from semops_data.synthesis.fit.extra import FitError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

SUFFIXES = (".parquet", ".csv")


def read_tables(folder: Path, names: Sequence[str] = ()) -> dict[str, pd.DataFrame]:
    """Read tables of a folder, or one file.

    Args:
        folder: holds `<name>.csv` or `<name>.parquet`; or one such file.
        names: which tables; all by default.

    Returns:
        Frames by name, in the order asked for, else by name.

    Raises:
        FitError: where a table is missing, there twice, empty, or cannot be read.
    """
    if folder.is_file() and folder.suffix.lower() in SUFFIXES:
        return {folder.stem: _read(folder)}
    if not folder.is_dir():
        raise FitError(f"{folder} is no folder: name one that holds <table>.csv or <table>.parquet files")
    found: dict[str, Path] = {}
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES):
        if path.stem in found and (not names or path.stem in names):
            raise FitError(f"table {path.stem!r} is there twice, {found[path.stem].name} and {path.name}: remove one")
        found[path.stem] = path
    missing = [name for name in names if name not in found]
    if missing or not found:
        there = ", ".join(found) or "none"
        raise FitError(f"{folder} holds no table {', '.join(missing) or '(.csv or .parquet)'}; there are: {there}")
    return {name: _read(found[name]) for name in (names or found)}


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_parquet(path) if path.suffix.lower() == ".parquet" else pd.read_csv(path)
    except (ValueError, OSError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise FitError(f"{path} cannot be read as {path.suffix[1:]}: {first}") from error
    if frame.empty:
        raise FitError(f"{path} has {len(frame)} rows and {len(frame.columns)} columns: there is nothing to learn from")
    return frame


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path, suffix: str) -> list[Path]:
    """Write each table as one file of the folder, whole or not at all.

    Args:
        tables: frames by name.
        folder: made where it is missing.
        suffix: `.csv` or `.parquet`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in tables.items():
        path = folder / f"{name}{suffix}"
        scratch = folder / f".{name}.{os.getpid()}"
        if suffix == ".parquet":
            frame.to_parquet(scratch, index=False)
        else:
            frame.to_csv(scratch, index=False)
        written.append(scratch.replace(path))
    return written
