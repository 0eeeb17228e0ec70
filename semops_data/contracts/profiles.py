"""What a table's data look like, column by column and day by day."""

from __future__ import annotations

from semops_data.contracts.types import Column, Table

PROFILES = Table(
    "profiling/profiles",
    "One row per profiled table, day and column: how full it is, how varied, how it is spread, and how far it moved.",
    (
        Column("day", "string", "Day of the profiled partition, as an ISO date.", is_key=True, term="day"),
        Column("table_key", "string", "Profiled table, as room and name.", is_key=True),
        Column("column_name", "string", "Profiled column.", is_key=True),
        Column("position", "int64", "Place of the column in the table, from 0.", minimum=0),
        Column("data_type", "string", "Type of the column as it was read."),
        Column("row_count", "int64", "Rows that were profiled.", unit="row", minimum=0),
        Column("null_count", "int64", "Rows without a value.", unit="row", minimum=0),
        Column("distinct_count", "int64", "Different values, approximately.", unit="value", minimum=0),
        Column("minimum", "string", "Smallest value, as text; null where there is none.", nullable=True),
        Column("maximum", "string", "Largest value, as text; null where there is none.", nullable=True),
        Column("mean", "float64", "Mean of a number; null for other types.", nullable=True),
        Column("standard_deviation", "float64", "Sample standard deviation of a number.", nullable=True, minimum=0),
        Column("quantile_25", "float64", "Value that a quarter of the numbers do not exceed.", nullable=True),
        Column("quantile_50", "float64", "Median of a number.", nullable=True),
        Column("quantile_75", "float64", "Value that three quarters of the numbers do not exceed.", nullable=True),
        Column(
            "mean_length_characters", "float64", "Mean length of a text.", unit="character", nullable=True, minimum=0
        ),
        Column("maximum_length_characters", "int64", "Longest text.", unit="character", nullable=True, minimum=0),
        Column("top_values", "list<string>", "Most frequent values as text, the most frequent first."),
        Column("top_shares", "list<float32>", "Share of the rows that hold each of the top values.", unit="ratio"),
        Column("bin_edges", "list<float32>", "Inner edges of the histogram of a number, ascending."),
        Column("bin_shares", "list<float32>", "Share of the values in each bin of the histogram.", unit="ratio"),
        Column("correlated_with", "list<string>", "The other columns of numbers of the table."),
        Column("correlations", "list<float32>", "Pearson's correlation with each of them."),
    ),
    partition_by="day",
)

DRIFT = Table(
    "profiling/drift",
    "One row per profiled table, day and column that could be compared with an earlier day: how far its distribution "
    "moved, by three measures, and from where on that is too far.",
    (
        Column("day", "string", "Day of the profiled partition, as an ISO date.", is_key=True, term="day"),
        Column("table_key", "string", "Profiled table, as room and name.", is_key=True),
        Column("column_name", "string", "Profiled column.", is_key=True),
        Column(
            "compared_day",
            "string",
            "The day compared with: the profiled day before, or the same weekday a week before, whichever is nearer.",
        ),
        Column("row_count", "int64", "Rows of the day.", unit="row", minimum=0),
        Column("compared_row_count", "int64", "Rows of the day compared with.", unit="row", minimum=0),
        Column("population_stability_index", "float64", "Population stability index, nulls being a bin.", minimum=0),
        Column(
            "population_stability_limit", "float64", "Where the index becomes too large for so many rows.", minimum=0
        ),
        Column(
            "kolmogorov_smirnov",
            "float64",
            "Largest difference of the cumulative shares at the edges of the bins; null for categories.",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("kolmogorov_smirnov_limit", "float64", "Where that becomes too large for so many rows.", minimum=0),
        Column(
            "jensen_shannon", "float64", "Jensen-Shannon divergence in bits, nulls being a bin.", minimum=0, maximum=1
        ),
        Column("jensen_shannon_limit", "float64", "Where that becomes too large for so many rows.", minimum=0),
        Column(
            "is_stable",
            "bool",
            "Whether no two of the measures, of numbers Kolmogorov-Smirnov among them, are above their limits.",
        ),
    ),
    partition_by="day",
)

TABLES: tuple[Table, ...] = (PROFILES, DRIFT)
