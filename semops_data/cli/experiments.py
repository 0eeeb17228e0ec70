"""`dst experiments`: compare the methods on this home's labelled pairs, and look at what was compared."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from semops_data.cli.console import Output, json_option
from semops_data.cli.errors import FAILED, ConfigurationError, WorkFailedError, nearest
from semops_data.settings import load_settings

if TYPE_CHECKING:
    import dagster as dg

    from semops_data.cli.execute import Outcome

NAMES = ("v1-embedding", "rules", "v2-nli", "v3-judge", "v4-hybrid", "v5-multi-judge")
KEY = "coherence/experiments"


@click.group("experiments", short_help="Compare methods on labelled pairs, language models among them.")
def command() -> None:
    """Ways to tell whether two texts contradict each other, on the same labelled pairs.

    The pairs: written ones that ship with semops-data, faults planted in your own definitions, and what people said
    with `dst label`.
    """


@command.command("run")
@click.option("--method", "methods", multiple=True, metavar="NAME", help=f"Of {', '.join(NAMES)}; may be repeated.")
@click.option("--per-kind", type=click.IntRange(0, 1_000), default=12, show_default=True, help="Planted cases a kind.")
@click.option("--force", is_flag=True, help="Do again what is held; verdicts of judges stay held.")
@json_option
def run(methods: tuple[str, ...], per_kind: int, *, force: bool, as_json: bool) -> int:
    """Run methods, by default all that need no judge and those whose judges are configured, and compare them.

    Each is an MLflow run. What was held already, of the same models and pairs, is not done again.
    """
    from semops_data.cli.home import instance
    from semops_data.cli.run import compute, follow_up

    for name in methods:
        if name not in NAMES:
            close = nearest(name, NAMES)
            raise ConfigurationError(f"no method {name!r}; " + (f"did you mean {close[0]}?" if close
                                     else f"there are {', '.join(NAMES)}"))  # fmt: skip
    out, settings = Output(as_json), load_settings()
    with instance(settings) as opened:
        before = compute(opened, settings, [], "registry/patterns", out.progress)
        if not before.is_ok:
            raise WorkFailedError("registry/patterns could not be made: see above")
        outcome = _execute(opened, {"methods": list(methods), "per_kind": per_kind, "force": force}, out)
        follow_up(opened, settings, out.progress)
    if not outcome.is_ok:
        out.result({"is_ok": False, "failures": [asdict(failure) for failure in outcome.failures]})
        return FAILED
    return _show(out, methods)


@command.command("compare")
@click.option("--all", "is_all", is_flag=True, help="Every experiment ever, not the newest of each method.")
@json_option
def compare(*, is_all: bool, as_json: bool) -> int:
    """The methods beside each other: how often each is right, how far it is behind the best, and what it costs."""
    return _show(Output(as_json), (), is_all=is_all)


def _execute(instance: dg.DagsterInstance, config: dict[str, Any], out: Output) -> Outcome:
    """Materialize the asset alone, in this process."""
    import uuid

    import dagster as dg

    from semops_data.cli.execute import QUIET, Outcome, Watcher
    from semops_data.definitions import defs

    outcome, run_id = Outcome(), str(uuid.uuid4())
    outcome.run_ids.append(run_id)
    logs = load_settings().home / "logs"
    instance.add_event_listener(run_id, Watcher(outcome, None, out.progress, logs / f"run-{run_id}.log"))
    defs.resolve_implicit_global_asset_job_def().execute_in_process(
        run_config=QUIET | {"ops": {KEY.replace("/", "__"): {"config": config}}},
        instance=instance,
        asset_selection=[dg.AssetKey(KEY.split("/"))],
        raise_on_error=False,
        run_id=run_id,
    )
    return outcome


def _show(out: Output, methods: tuple[str, ...], *, is_all: bool = False) -> int:
    from semops_data.cli.summary import lake_of
    from semops_data.coherence.experiments import compare as compared
    from semops_data.coherence.experiments.report import COST, RIGHT, cost_cells, right_cells

    lake = lake_of(load_settings())
    if not lake.exists(KEY):
        raise ConfigurationError("nothing was compared yet: `dst experiments run` does it")
    rows = compared.every(lake) if is_all else compared.newest(lake)
    others = lake.count(KEY) - len(rows)
    rows = [row for row in rows if not methods or row["method"] in methods]
    behind = {} if is_all else {row["experiment_id"]: row for row in compared.behind_the_best(lake, rows)}
    out.result([row | {"behind_the_best": behind.get(row["experiment_id"])} for row in rows])
    if others:
        out.progress(f"{others} older experiments or ones on other cases: `dst experiments compare --all`")
    out.table(RIGHT, [right_cells(row) for row in rows])
    out.heading("What it costs")
    out.table(COST, [cost_cells(row) for row in rows], right=(1, 2, 3, 4, 5))
    out.heading("Behind the best, on the same cases")
    out.table(
        ("method", "difference", "90% interval", "compared with"),
        [(found["method"], f"{found['value']:+.2f}", "–" if found["low"] is None else
          f"{found['low']:+.2f} to {found['high']:+.2f}", found["best"]) for found in behind.values()],
        right=(1,),
    )  # fmt: skip
    names = [row["method"] for row in rows if row["accuracy"] is not None] if not is_all else []
    if names:
        out.heading("Right, by source and kind of case")
        kinds = compared.by_kind(lake, rows).items()
        out.table(("source", "kind", *names), [(*kind, *(found.get(name) for name in names)) for kind, found in kinds])
    return 0
