"""The process that `dst project run` starts for each measurement: it materializes assets and says what that cost.

`python -m semops_data.cli.probe plan ...` lays out the order, `... run ...` materializes. Both answer with one JSON
object in the file `--out`, as standard output belongs to whatever the assets print.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dagster as dg

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 unless the assets fail to materialize."""
    parser = argparse.ArgumentParser(prog="python -m semops_data.cli.probe")
    parser.add_argument("command", choices=("plan", "run"))
    parser.add_argument("--definitions", default="semops_data.definitions", help="module whose `defs` is used")
    parser.add_argument("--select", action="append", default=[], help="asset selection, may be repeated")
    parser.add_argument("--day", help="partition of the assets that have days")
    parser.add_argument("--out", required=True, type=Path, help="file of the answer")
    given = parser.parse_args(arguments)
    defs: dg.Definitions = import_module(given.definitions).defs
    answer = plan(defs, given.select) if given.command == "plan" else run(defs, given.select, given.day)
    given.out.write_text(json.dumps(answer))
    return 1 if answer.get("error") else 0


def plan(defs: dg.Definitions, select: Sequence[str]) -> dict[str, Any]:
    """The selected assets and everything upstream of them that can be materialized, in order.

    Returns:
        `{"steps": [{"keys": ["room/name", ...], "is_selected": bool}, ...]}`; assets that one step writes together
        are one entry.
    """
    graph = defs.resolve_asset_graph()
    chosen = _selection(select).resolve(graph)
    needed = _selection(select).upstream().resolve(graph) & set(graph.materializable_asset_keys)
    steps: list[dict[str, Any]] = []
    seen: set[Any] = set()
    for key in graph.toposorted_asset_keys:
        together = {key, *graph.get(key).execution_set_asset_keys} & set(graph.materializable_asset_keys)
        if key in needed and key not in seen:
            keys = sorted(each.to_user_string() for each in together)
            steps.append({"keys": keys, "is_selected": bool(together & chosen)})
        seen |= together
    return {"steps": steps}


def run(defs: dg.Definitions, select: Sequence[str], day: str | None) -> dict[str, Any]:
    """Materialize the selected assets, one step after the other and without their checks, and measure that.

    Returns:
        wall_seconds, cpu_seconds (with ended child processes), baseline_memory_bytes, peak_memory_bytes, row_count
        (the sum of what the assets reported, or null), error.
    """
    import dagster as dg

    assets: list[Any] = list(defs.assets or [])
    resources = dict(defs.resources or {})
    graph = defs.resolve_asset_graph()
    rows: list[int] = []
    error: str | None = None
    with dg.DagsterInstance.ephemeral() as instance:
        baseline, cpu, began = _peak_memory_bytes(), _cpu_seconds(), time.perf_counter()
        for text in select:
            has_days = graph.get(dg.AssetKey(text.split("+")[0].split("/"))).partitions_def is not None
            result = dg.materialize(
                assets,
                selection=_selection(text.split("+")).without_checks(),
                resources=resources,
                instance=instance,
                partition_key=day if has_days else None,
                run_config=QUIET,
                raise_on_error=False,
            )
            rows += _row_counts(result)
            if not result.success:
                error = error or f"{text}: {_why(result)}"
        wall, cpu = time.perf_counter() - began, _cpu_seconds() - cpu
    return {
        "wall_seconds": wall,
        "cpu_seconds": cpu,
        "baseline_memory_bytes": baseline,
        "peak_memory_bytes": max(baseline, _peak_memory_bytes()),
        "row_count": sum(rows) if rows else None,
        "error": error,
    }


def _selection(texts: Sequence[str]) -> dg.AssetSelection:
    import dagster as dg

    selection = dg.AssetSelection.from_string(texts[0])
    for text in texts[1:]:
        selection = selection | dg.AssetSelection.from_string(text)
    return selection


def _row_counts(result: dg.ExecuteInProcessResult) -> list[int]:
    counts = []
    for event in result.get_asset_materialization_events():
        metadata = event.materialization.metadata
        entry = metadata.get("dagster/partition_row_count") or metadata.get("dagster/row_count")
        counts += [int(entry.value)] if entry is not None and isinstance(entry.value, int) else []
    return counts


def _why(result: dg.ExecuteInProcessResult) -> str:
    """The innermost error's message, its first line."""
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error is not None:
            error = event.step_failure_data.error
            while error.cause is not None:
                error = error.cause
            return error.message.strip().splitlines()[0][:300]
    return "the run failed"


def _cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _peak_memory_bytes() -> int:
    """Largest resident set so far of this process alone.

    `ru_maxrss` begins at the size of the process that forked this one, so it is only the way out.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())
