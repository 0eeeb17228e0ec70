"""The asset graph, mirrored to OpenLineage: nothing lost, nothing doubled in effect, every edge meets.

Belongs here: what a Dagster run says (`records`), how that becomes events (`fold`, pure), where events wait
(`outbox`), how they leave (`relay`); and what is asked of the graph without a backend: its export, column lineage,
impact, origins, what changed between runs, and the working-backwards audit (`audit/`).
Does not belong here: reading Dagster's storage (`resources/event_log.py`) or work in the run's path: the mirror
follows the event log afterwards, so a backend that is down costs a run nothing.
"""
