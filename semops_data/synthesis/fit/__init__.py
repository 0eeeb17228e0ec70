"""Rows like a user's own: fit a model on tables, sample it, and judge what it gives and gives away.

Belongs here: reading the user's tables, metadata, limits, stored models, and the report on quality and privacy.
Does not belong here: the invented business, or anything that needs SDV at import time: it is an extra, under the
Business Source License, and only `extra.py` names it.
"""
