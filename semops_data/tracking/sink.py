"""From tracked runs to MLflow, each exactly once in effect.

Belongs here: every call of MLflow's client, with our own timeout and without its telemetry. Each run carries its
key as the tag `semops.key`; a run whose delivery was begun before is looked up by it before it is made.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from semops_data.lineage.outbox import DeliveryError
from semops_data.lineage.secrets import scrub
from semops_data.tracking.artifacts import Shelf, upload
from semops_data.tracking.fold import TrackedRun
from semops_data.tracking.links import remember_experiment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from semops_data.lineage.outbox import Item, Outbox
    from semops_data.settings import Settings
    from semops_data.tracking.datasets import TrackedDataset

KEY_TAG, PARENT_TAG = "semops.key", "mlflow.parentRunId"
BATCH = 200
PRAGMAS = ("synchronous = NORMAL", "foreign_keys = ON", "busy_timeout = 20000", "case_sensitive_like = true")
_REFUSED = frozenset({"INVALID_PARAMETER_VALUE", "MALFORMED_REQUEST"})


class TrackingError(DeliveryError):
    """The tracking server did not take a run now; it stays in the ledger."""


class Sink:
    """The experiment that runs are delivered to.

    Raises:
        TrackingError: where the server cannot be reached, or the experiment was deleted.
    """

    def __init__(self, settings: Settings) -> None:
        self.client = client(settings)
        self.experiment = _experiment(self.client, settings)
        self.home = settings.home
        # The address of the artifacts of the run that was made last, which has none yet.
        self._fresh: dict[str, str] = {}
        remember_experiment(settings, self.experiment)

    def deliver(self, outbox: Outbox, *, until: float) -> int:
        """Deliver what waits, in order; how many.

        A run that the server refuses for good (an invalid value) is dead, and the next one goes on.

        Raises:
            TrackingError: at the first run that the server does not take now.
        """
        delivered = 0
        while time.monotonic() <= until and (batch := outbox.pending(BATCH)):
            for item in batch:
                if time.monotonic() > until:
                    return delivered
                delivered += self._deliver(outbox, item)
        return delivered

    def _deliver(self, outbox: Outbox, item: Item) -> int:
        from mlflow.exceptions import MlflowException

        run = TrackedRun.from_json(item.body)
        # Written down first: after a crash between here and `sent`, the run is looked up by its key.
        outbox.begin([item])
        parent = outbox.receipt(run.parent_key) if run.parent_key else None
        try:
            made = (self._find(run.key) if item.attempts else None) or self._create(run, parent)
            self._fill(made, run)
        except _errors() as error:
            is_dead = isinstance(error, MlflowException) and error.error_code in _REFUSED
            outbox.failed(item, _short(error), is_dead=is_dead)
            if is_dead:
                return 0
            raise TrackingError(_short(error)) from error
        outbox.sent([item], [made])
        return 1

    def _find(self, key: str) -> str | None:
        quoted = key.replace("'", "")
        found = self.client.search_runs([self.experiment], f"tags.`{KEY_TAG}` = '{quoted}'", max_results=1)
        return found[0].info.run_id if found else None

    def _create(self, run: TrackedRun, parent: str | None) -> str:
        tags = dict(run.tags) | {KEY_TAG: run.key} | ({PARENT_TAG: parent} if parent else {})
        made = self.client.create_run(self.experiment, start_time=run.start_ms, tags=tags, run_name=run.name)
        self._fresh = {str(made.info.run_id): str(made.info.artifact_uri)}
        return str(made.info.run_id)

    def _fill(self, made: str, run: TrackedRun) -> None:
        from mlflow.entities import Metric, Param

        metrics = [Metric(name, value, run.end_ms, 0) for name, value in run.metrics.items()]
        params = [Param(name, value) for name, value in run.params.items()]
        if metrics or params:
            self.client.log_batch(made, metrics=metrics, params=params)
        if run.datasets:
            self.client.log_inputs(made, _inputs(run.datasets))
        if run.artifacts or run.pages:
            upload(Shelf(self.client, made, self._fresh.pop(made, None)), run.artifacts, self.home, run.pages)
        self.client.set_terminated(made, run.status, run.end_ms)


def _inputs(datasets: Sequence[TrackedDataset]) -> list[Any]:
    """MLflow calls everything that a run touched an input; the context says which one the run made."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    return [
        DatasetInput(
            Dataset(used.name, used.digest, used.source_type, used.source, used.schema),
            [InputTag("mlflow.data.context", used.context), InputTag("data_version", used.version)],
        )
        for used in datasets
    ]


def _errors() -> tuple[type[Exception], ...]:
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, SQLAlchemyError, sqlite3.Error, OSError


def client(settings: Settings) -> Any:
    """MLflow's client for these settings: short timeout, one retry, no telemetry, quiet.

    Raises:
        TrackingError: where the default store cannot be opened, or the URI names no kind of store.
    """
    for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        os.environ[name] = "true"
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
    os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(settings.mlflow_timeout_seconds)
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    from mlflow.tracking import MlflowClient

    # It would warn of the one retry; a server that is away is our own warning, said once.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    # Importing it sets the level again.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    try:
        if settings.mlflow_tracking_uri is None:
            _make_file(settings.home / "mlflow" / "mlflow.db")
        made = MlflowClient(tracking_uri=settings.tracking_uri)
        if settings.mlflow_tracking_uri is None:
            _commit_quickly(made)
    except _errors() as error:
        raise TrackingError(_short(error)) from error
    return made


def _commit_quickly(connected: Any) -> None:
    """Let commits of the default store wait for no disk: MLflow makes six of them for each run.

    A crash of the process loses nothing; a power cut may take the last seconds back. What MLflow tells SQLite at the
    beginning of each of its sessions, sixteen for a run, is told once per connection.
    """
    from mlflow.store.db import utils
    from sqlalchemy import event
    from sqlalchemy.orm import sessionmaker

    store = getattr(getattr(connected, "_tracking_client", None), "store", None)
    engine, maker = getattr(store, "engine", None), getattr(utils, "_get_managed_session_maker", None)
    if store is None or engine is None or getattr(store, "_semops_is_quick", False):
        return

    def quicken(connection: Any, _: Any) -> None:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", quicken)
    engine.dispose()
    if maker is not None and hasattr(store, "ManagedSessionMaker"):
        store.ManagedSessionMaker = maker(sessionmaker(bind=engine), "sqlite, told on connecting")
    store._semops_is_quick = True  # noqa: SLF001


def _make_file(path: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # The file remembers its journal; with this one, MLflow's many small commits take a third of the time.
    with contextlib.closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode = WAL")


def _experiment(connected: Any, settings: Settings) -> str:
    name = settings.mlflow_experiment
    try:
        found = connected.get_experiment_by_name(name)
        if found is None:
            own = None if settings.mlflow_tracking_uri else (settings.home / "mlflow" / "mlruns").as_uri()
            return str(connected.create_experiment(name, artifact_location=own))
    except _errors() as error:
        raise TrackingError(_short(error)) from error
    if found.lifecycle_stage != "active":
        raise TrackingError(f"experiment {name!r} was deleted: restore it, or set SEMOPS_MLFLOW_EXPERIMENT to another")
    return str(found.experiment_id)


def _short(error: Exception) -> str:
    return scrub(f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:300]}")


def prepare(settings: Settings) -> None:
    """Make the default store's schema and the experiment, which costs seconds the first time.

    Raises:
        TrackingError: where the server cannot be reached.
    """
    Sink(settings)


def prepare_in_background(settings: Settings) -> subprocess.Popen[bytes] | None:
    """Start `prepare` in a process of its own while other work runs; None where there is nothing to prepare.

    The caller waits for it before it delivers: `sync` finds the schema made, or makes it.
    """
    if settings.mlflow_tracking_uri or (settings.home / "mlflow" / "mlflow.db").exists():
        return None
    code = (
        "from semops_data.settings import load_settings; from semops_data.tracking.sink import prepare; "
        "prepare(load_settings())"
    )
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
        [sys.executable, "-c", code],
        env=os.environ | {"SEMOPS_HOME": str(settings.home), "SEMOPS_MLFLOW_EXPERIMENT": settings.mlflow_experiment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
