"""One comparison: the cases, each method on them, and what is kept.

An experiment is named by its method, its models and its cases. One that is held is not done again, unless a judge
left cases out; so a second run costs what changed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from semops_data.coherence.contradiction.model import ContradictionModelError, open_model
from semops_data.coherence.experiments.cases import Case, digest, gather
from semops_data.coherence.experiments.measure import Figures, Measured, figures, is_right
from semops_data.coherence.experiments.methods import (
    JUDGED,
    LOCAL,
    METHODS,
    VERSION,
    NotConfiguredError,
    Said,
    Tools,
    Trial,
    attempt,
    model_of,
)
from semops_data.coherence.judges.judge import open_judges
from semops_data.coherence.judges.verdict import UNASKED
from semops_data.coherence.tables import from_rows
from semops_data.embeddings.store import ModelChangedError
from semops_data.endpoint import EndpointError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from semops_data.embeddings.store import VectorStore
    from semops_data.lakehouse.lake import Lake
    from semops_data.settings import Settings

EXPERIMENTS, VERDICTS, CASES = "coherence/experiments", "coherence/experiment_verdicts", "coherence/experiment_cases"
WITH_INTERVALS = ("accuracy", "precision", "recall", "auc", "alpha")
# What may be wrong with one method is its own result, and no reason to leave the others out.
OWN_TROUBLE = (NotConfiguredError, EndpointError, ContradictionModelError, ModelChangedError)


@dataclass(frozen=True)
class Comparison:
    """What one run found.

    Attributes:
        rows: of `coherence/experiments`, one per method, in the order of the methods.
        cases: that they were compared on.
        fresh: methods that were judged now; the others were held.
    """

    rows: list[dict[str, Any]]
    cases: list[Case]
    fresh: list[str]


def methods_of(asked: Sequence[str], settings: Settings) -> list[str]:
    """The methods to run: those that were asked for, else the local ones and the judges that are configured.

    Raises:
        NotConfiguredError: naming a method that there is not.
    """
    if unknown := [name for name in asked if name not in METHODS]:
        raise NotConfiguredError(f"no method {', '.join(unknown)}; there are {', '.join(METHODS)}")
    if asked:
        return [name for name in METHODS if name in asked]
    able = {*LOCAL, *JUDGED[: min(len(settings.judges), len(JUDGED))]}
    return [name for name in METHODS if name in able]


def compare(
    lake: Lake,
    vectors: VectorStore,
    settings: Settings,
    *,
    methods: Sequence[str] = (),
    per_kind: int = 12,
    is_forced: bool = False,
    log: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Run methods on this home's labelled cases and keep what they say.

    Args:
        lake: where cases, verdicts and figures are kept.
        vectors: for the methods that embed.
        settings: which judges and which contradiction model.
        methods: names; by default the local ones and the judges that are configured.
        per_kind: planted cases of each kind.
        is_forced: also what is held already; verdicts of judges stay held.
        log: takes a line of progress.

    Raises:
        NotConfiguredError: naming a method that there is not.
        JudgeConfigurationError: where a judge cannot be used as it is configured.
    """
    chosen, cases = methods_of(methods, settings), gather(lake, per_kind=per_kind)
    tools = Tools(vectors, cache(lambda: open_model(settings)), open_judges(settings))
    lake.merge(CASES, from_rows(CASES, [_case_row(case) for case in cases]))
    held = {row["experiment_id"]: row for row in lake.read(EXPERIMENTS).to_pylist()} if lake.exists(EXPERIMENTS) else {}
    rows, fresh = [], []
    for method in chosen:
        row, trial = _experiment(method, cases, tools, {} if is_forced else held)
        rows.append(row)
        told = row["reason"] or f"{row['accuracy']:.3f} right"
        log(f"{method}: {told}" + ("" if trial else " (held)"))
        if trial is not None:
            fresh.append(method)
            lake.merge(VERDICTS, from_rows(VERDICTS, _verdict_rows(row["experiment_id"], method, cases, trial)))
            lake.merge(EXPERIMENTS, from_rows(EXPERIMENTS, [row]))
    return Comparison(rows, cases, fresh)


def content_digest(comparison: Comparison) -> str:
    """What the methods said, without when and how long it took."""
    told = [{name: row[name] for name in ("experiment_id", "confusion", *WITH_INTERVALS)} for row in comparison.rows]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _experiment(
    method: str, cases: Sequence[Case], tools: Tools, held: dict[str, dict[str, Any]]
) -> tuple[dict[str, Any], Trial | None]:
    """The row of a method, and its trial where it was not held."""
    model, reason = "", None
    try:
        model = model_of(method, tools)
        name = _name(method, model, cases)
        if name in held and not held[name]["unasked_count"]:
            return held[name], None
        trial = attempt(method, cases, tools)
    except OWN_TROUBLE as error:
        name, reason = _name(method, model, cases), str(error)
        trial = Trial([Said("cannot_tell", status=UNASKED, reason=reason) for _ in cases])
    found = figures(cases, trial)
    if found.unasked_count and reason is None:
        first = next(said.reason for said in trial.said if said.status == UNASKED)
        reason = f"{found.unasked_count} of {found.case_count} cases have no answer: {first}"
    about = {"experiment_id": name, "method": method, "model": model, "measured_at": datetime.now(UTC),
             "cases_digest": digest(cases), "reason": reason}  # fmt: skip
    return about | _figure_columns(found) | _cost_columns(trial), trial


def _name(method: str, model: str, cases: Sequence[Case]) -> str:
    return hashlib.sha256("\x1f".join((VERSION, method, model, digest(cases))).encode()).hexdigest()[:16]


def _figure_columns(found: Figures) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in WITH_INTERVALS:
        value: Measured = getattr(found, name)
        columns |= {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}
    counts = {name: getattr(found, name) for name in ("case_count", "answered_count", "invalid_count", "unasked_count")}
    return columns | counts | {"confusion": json.dumps(found.confusion, sort_keys=True)}


def _cost_columns(trial: Trial) -> dict[str, Any]:
    return {
        "duration_seconds": trial.seconds,
        "input_tokens": trial.input_tokens,
        "output_tokens": trial.output_tokens,
        "money": trial.money,
        "request_count": trial.request_count,
    }


def _case_row(case: Case) -> dict[str, Any]:
    return asdict(case) | {"case_id": case.case_id, "family": case.family}


def _verdict_rows(experiment_id: str, method: str, cases: Sequence[Case], trial: Trial) -> list[dict[str, Any]]:
    return [
        {
            "experiment_id": experiment_id,
            "case_id": case.case_id,
            "judge": judge,
            "expected": case.label,
            "is_right": is_right(case, said),
            **asdict(said),
        }
        for judge, everything in ({method: trial.said} | trial.by_judge).items()
        for case, said in zip(cases, everything, strict=True)
    ]
