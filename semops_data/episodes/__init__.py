"""Agentic lineage: one record per operation on the domain model, with the context that the agent had.

Belongs here: recording runs and episodes (`record.py`), the spool that survives a kill, its fold into Delta tables.
Does not belong here: what the operations do. Telemetry never decides: an unwritable spool warns once and work goes on.
"""
