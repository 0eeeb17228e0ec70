"""A whole projection: measure at several factors, fit, class, write `GAPS.md` and keep the measurements."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from semops_data.episodes.ids import new_id
from semops_data.episodes.spool import Spool
from semops_data.projection.gaps import TARGET_FACTOR, Gap, classify
from semops_data.projection.machine import Machine, this_machine
from semops_data.projection.measure import DEFINITIONS, TIMEOUT_SECONDS, Cost, ProjectionError, lay_out, measure_factor
from semops_data.projection.report import render

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from semops_data.settings import Settings


@dataclass(frozen=True)
class Projection:
    """What `dst project run` found.

    Attributes:
        id: of this projection, time-ordered.
        costs: every measurement, in the order they were made.
        gaps: one per asset, gravest first.
        machine: what they were measured on.
        target_factor: scale that was projected to.
        report: the `GAPS.md` that was written.
    """

    id: str
    costs: tuple[Cost, ...]
    gaps: tuple[Gap, ...]
    machine: Machine
    target_factor: float
    report: Path


def spool_of(settings: Settings) -> Spool:
    """Where measurements wait until `projection/measurements` holds them."""
    return Spool(settings.home / "projection" / "spool")


def run(
    settings: Settings,
    factors: Sequence[float],
    select: Sequence[str],
    out: Path,
    *,
    progress: Callable[[str], None] = lambda _: None,
    definitions: str = DEFINITIONS,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Projection:
    """Measure the selected assets at each factor and project them to `TARGET_FACTOR` times the size.

    Args:
        settings: the platform's; measurements use homes of their own below `<home>/projection` and no server.
        factors: scales above 0, 1 is as configured.
        select: asset keys `room/name`, or selections in Dagster's syntax such as `group:lakehouse`.
        out: file that `GAPS.md` is written to, or an existing folder for it.
        progress: takes a line whenever something was measured.
        definitions: module whose `defs` is measured.
        timeout_seconds: limit of one measurement.

    Raises:
        ProjectionError: where the factors or the selection are not usable.
    """
    scales = sorted(set(factors))
    if not scales or not all(0 < scale < float("inf") for scale in scales):
        raise ProjectionError(f"factors {list(factors)} are not usable: give numbers above 0, such as 1,2,4")
    if not select:
        raise ProjectionError("nothing is selected: give asset keys such as lakehouse/orders, or group:lakehouse")
    machine, identifier, scratch = this_machine(), new_id(), settings.home / "projection" / "scratch"
    steps = lay_out(settings, select, scratch=scratch, definitions=definitions)
    costs: list[Cost] = []
    for scale in scales:
        measured = measure_factor(
            settings,
            scale,
            steps,
            scratch=scratch,
            definitions=definitions,
            timeout_seconds=timeout_seconds,
            say=progress,
        )
        for cost in measured:
            costs.append(cost)
            _keep(settings, identifier, cost, machine)
    gaps = classify(costs, machine)
    report = out / "GAPS.md" if out.is_dir() else out
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(render(gaps, costs, machine, orders_per_day=settings.orders_per_day), encoding="utf-8")
    return Projection(identifier, tuple(costs), tuple(gaps), machine, TARGET_FACTOR, report)


def _keep(settings: Settings, projection_id: str, cost: Cost, machine: Machine) -> None:
    """Spool one measurement, so that one that was made is kept though a later one fails."""
    record = asdict(cost) | {
        "id": new_id(),
        "projection_id": projection_id,
        "status": "measured" if cost.reason is None else "failed",
        "machine_cpu_count": machine.cpu_count,
        "machine_memory_bytes": machine.memory_bytes,
        "measured_at": datetime.now(UTC).isoformat(timespec="microseconds"),
    }
    spool_of(settings).append(record)
