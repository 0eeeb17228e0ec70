"""Each materialization as an MLflow run, nested under one run per Dagster run.

Belongs here: what a run log says about parameters, metrics and tags (`fold`, pure), and how that reaches MLflow
exactly once (`sink`), from a ledger that keeps what the server does not take.
Does not belong here: MLflow calls in an asset's body; tracking that is down never touches a pipeline.
"""
