"""What a model cannot do, said before it is fitted."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from semops_data.synthesis.fit.extra import MODELS, FitError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.synthesis.fit.metadata import Metadata

MOST_TABLES = 5
"""HMA's limit, as SDV's community edition has it."""
LONGEST_CHAIN = 2
"""Tables on a way from parent to child to grandchild that HMA models."""
FEWEST_ROWS = 10


def refuse_beyond_limits(model: str, metadata: Metadata, rows: Mapping[str, int]) -> None:
    """Check that a model can be fitted on these tables.

    Args:
        model: one of `MODELS`.
        metadata: with the relationships.
        rows: number of rows by table.

    Raises:
        FitError: naming the tables, the limit, and what to do.
    """
    if model not in MODELS:
        raise FitError(f"model {model!r} is none of {', '.join(MODELS)}")
    for name, count in rows.items():
        if count < FEWEST_ROWS:
            raise FitError(f"table {name} has {count} rows: a model needs at least {FEWEST_ROWS}")
    tables = list(metadata["tables"])
    if model != "hma":
        if len(tables) > 1:
            raise FitError(
                f"model {model} learns one table, and there are {len(tables)} ({', '.join(tables)}): "
                "choose one by --tables, or --model hma for related tables"
            )
        return
    if len(tables) > MOST_TABLES:
        raise FitError(
            f"model hma learns at most {MOST_TABLES} tables, and there are {len(tables)} ({', '.join(tables)}): "
            "choose fewer by --tables"
        )
    _refuse_shape(tables, metadata)


def _refuse_shape(tables: list[str], metadata: Metadata) -> None:
    edges = [(r["parent_table_name"], r["child_table_name"]) for r in metadata.get("relationships", [])]
    unknown = sorted({name for edge in edges for name in edge} - set(tables))
    if unknown:
        raise FitError(f"a relationship names {', '.join(unknown)}, which is no table of the metadata")
    related = {name for edge in edges for name in edge}
    alone = [name for name in tables if name not in related]
    if alone:
        raise FitError(
            f"model hma learns related tables, and {', '.join(alone)} has no relationship: declare it under "
            "`relationships` in the metadata file, or fit that table by itself with --model gaussian_copula"
        )
    chain = longest_chain(edges)
    if len(chain) > LONGEST_CHAIN:
        pairs = [f"--tables {','.join(pair)}" for pair in itertools.pairwise(chain)]
        raise FitError(
            f"model hma learns parents and their children, and {' -> '.join(chain)} is a chain of {len(chain)} tables: "
            f"fit them apart ({' or '.join(pairs)}), or join {chain[-1]} to {chain[-2]} into one table first"
        )


def longest_chain(edges: list[tuple[str, str]]) -> list[str]:
    """The longest way from parent to child, as names of tables.

    Raises:
        FitError: where a table is its own ancestor.
    """

    def ways(path: list[str]) -> list[str]:
        best = path
        for parent, child in edges:
            if parent != path[-1]:
                continue
            if child in path:
                raise FitError(f"the relationships are circular: {' -> '.join([*path, child])}; remove one of them")
            way = ways([*path, child])
            best = way if len(way) > len(best) else best
        return best

    return max((ways([parent]) for parent, _ in edges), key=len, default=[])


def root_tables(metadata: Metadata) -> list[str]:
    """The tables that are nobody's child."""
    children = {relation["child_table_name"] for relation in metadata.get("relationships", [])}
    return [name for name in metadata["tables"] if name not in children]
