"""One declaration per table: columns, types, units, keys, meaning, glossary term.

Belongs here: what a table *means*, and its translation to Arrow, Delta, Snowflake and Markdown.
Does not belong here: how rows get there, or anything that opens a file or a connection.
From one declaration come the Delta schema and constraints, the Snowflake DDL and comments, Dagster's column
schema, the OpenLineage schema facet, and the data dictionary that enters the corpus.
"""

from semops_data.contracts.tables import TABLES, table
from semops_data.contracts.types import Column, Table

__all__ = ["TABLES", "Column", "Table", "table"]
