"""Typed, unique Delta tables, and everything that was kept out of them, with the reason.

Belongs here: the lake itself (every room's Delta tables), typing and judging landed rows, merging them, and the
first aggregates.
Does not belong here: repairing a value. A row is kept as it came or quarantined; none is dropped without a count.
"""
