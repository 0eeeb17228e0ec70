"""What each column is: detected, written down for the user to correct, and read back.

The format is SDV's own (`tables`, `relationships`), as YAML or JSON.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semops_data.synthesis.fit.extra import FitError, sdv

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

Metadata = dict[str, Any]

PLACES = frozenset({"city", "state", "country", "country_code", "administrative_unit", "state_abbr"})
"""What SDV takes for personal data and replaces by invented values, though it is an attribute to be modelled."""
MODELLED = frozenset({"numerical", "datetime", "categorical", "boolean"})
"""The kinds of columns that are modelled; the others are invented anew: keys, and personal data."""
MOST_CATEGORIES = 0.5


def detect(tables: Mapping[str, pd.DataFrame]) -> Metadata:
    """Detect what each column is, the keys, and the relationships.

    Keys are found by their uniqueness, relationships by a column that bears the name of another table's key. A place
    whose values repeat (a column `city`) is categorical and not personal data.

    Raises:
        MissingExtraError: where SDV is not installed.
        FitError: where it cannot tell.
    """
    detector = sdv("sdv.metadata", "Metadata")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = detector.detect_from_dataframes(dict(tables)).to_dict()
    except ValueError as error:
        raise FitError(
            f"the columns cannot be told: {error}. Write the metadata by hand and pass --metadata"
        ) from error
    for name, part in found["tables"].items():
        for column, facts in part["columns"].items():
            values = tables[name][column]
            if facts["sdtype"] in PLACES and values.nunique() <= MOST_CATEGORIES * len(values):
                part["columns"][column] = {"sdtype": "categorical"}
            else:
                # What the values range over is learnt from the data again; here it would leak them into the file.
                part["columns"][column] = {key: facts[key] for key in facts if not _is_observed(key)}
    plain: Metadata = json.loads(json.dumps(found, default=str))
    return plain


def _is_observed(key: str) -> bool:
    return key.startswith("range_") or key in ("high_cardinality", "decimal_places")


def kinds(metadata: Metadata, table: str) -> dict[str, str]:
    """The kind of each column of a table, as its `sdtype`."""
    return {name: str(facts.get("sdtype", "unknown")) for name, facts in metadata["tables"][table]["columns"].items()}


def invented(metadata: Metadata) -> list[str]:
    """The columns whose values are made up anew, as `table.column: kind`, keys left out."""
    return [
        f"{table}.{column}: {kind}"
        for table in metadata["tables"]
        for column, kind in kinds(metadata, table).items()
        if kind not in MODELLED | {"id"}
    ]


def load(path: Path) -> Metadata:
    """Read metadata that a user edited.

    Raises:
        FitError: where the file is missing, no YAML or JSON, or not of the shape; names the place.
    """
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FitError(f"{path} cannot be read as YAML or JSON: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("tables"), dict) or not found["tables"]:
        raise FitError(f"{path} has no `tables`: let `dst synth detect` write a file and edit that")
    for name, part in found["tables"].items():
        columns = part.get("columns") if isinstance(part, dict) else None
        if not isinstance(columns, dict):
            raise FitError(f"{path}: table {name!r} has no `columns`")
        for column, facts in columns.items():
            if not isinstance(facts, dict) or not isinstance(facts.get("sdtype"), str):
                raise FitError(f"{path}: column {name}.{column} has no `sdtype`")
    relations = found.setdefault("relationships", [])
    wanted = {"parent_table_name", "child_table_name", "parent_primary_key", "child_foreign_key"}
    for relation in relations:
        if not isinstance(relation, dict) or not wanted <= set(relation):
            raise FitError(f"{path}: a relationship needs {', '.join(sorted(wanted))}; there is {relation}")
    return found


def save(metadata: Metadata, path: Path) -> Path:
    """Write metadata as YAML, or as JSON where the name ends in `.json`."""
    import yaml

    is_json = path.suffix == ".json"
    text = json.dumps(metadata, indent=2) if is_json else yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n" * is_json, encoding="utf-8")
    return path


def only(metadata: Metadata, names: Collection[str]) -> Metadata:
    """The metadata of some of its tables, with the relationships between them.

    Names that the metadata do not have are left to `refuse_misfit`.
    """
    ends = ("parent_table_name", "child_table_name")
    return metadata | {
        "tables": {name: table for name, table in metadata["tables"].items() if name in names},
        "relationships": [
            relation for relation in metadata.get("relationships", []) if all(relation[end] in names for end in ends)
        ],
    }


def refuse_misfit(metadata: Metadata, tables: Mapping[str, pd.DataFrame]) -> None:
    """Check that metadata name the tables and columns that are there.

    Raises:
        FitError: naming what is missing or unknown.
    """
    strange = sorted(set(metadata["tables"]) ^ set(tables))
    if strange:
        raise FitError(
            f"metadata and data differ in the tables {', '.join(strange)}: metadata name "
            f"{', '.join(metadata['tables'])}, the data are {', '.join(tables)}"
        )
    for name, frame in tables.items():
        named, there = set(metadata["tables"][name]["columns"]), set(map(str, frame.columns))
        if named != there:
            raise FitError(
                f"table {name}: the metadata lack {sorted(there - named)} and name {sorted(named - there)}, "
                "which the data do not have: edit the metadata file"
            )
