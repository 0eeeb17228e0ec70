"""How often our 90% intervals hold the truth: each kind that is printed, on simulations whose truth is known.

    python benchmarks/intervals.py [--trials 1000]

Units are drawn as the dimensions give them: mostly 1 with a tail (ranks, claims that nothing contradicts, sentences
that were kept), or spread. Beside ours stands what was there before: the percentile bootstrap from five units on, and
below them the Jeffreys posterior. The goal is 0.87 to 0.93.
"""

from __future__ import annotations

import argparse
import json

import numpy as np

from semops_data.coherence.calibration import calibrate, threshold_interval
from semops_data.coherence.factor import DRAWS, interval, measured, posterior
from semops_data.coherence.organisation import organisation
from semops_data.coherence.reliability import Case, held_out
from semops_data.coherence.scores import combine, kpi, usage_delta

COUNTS = (1, 3, 5, 8, 12, 20, 40)
GOAL = (0.87, 0.93)


def mostly_ones(rng, count, ones=(6, 2), rest=(2, 2)):
    """Units that are 1 with a share of their own, the others spread, and their true mean."""
    share = rng.beta(*ones)
    values = np.where(rng.random(count) < share, 1.0, rng.beta(*rest, count))
    return values, share + (1 - share) * rest[0] / sum(rest)


def spread(rng, count, concentration=6):
    """Units about a mean of their own, and that mean."""
    mean = rng.beta(4, 2)
    return rng.beta(concentration * mean, concentration * (1 - mean), count), mean


def yes_or_no(rng, count):
    """Units that are 0 or 1, and their true mean."""
    mean = rng.beta(3, 1.5)
    return (rng.random(count) < mean).astype(float), mean


KINDS = {"mostly 1": mostly_ones, "spread": spread, "0 or 1": yes_or_no}


def before(values, rng):
    """The interval that was printed formerly."""
    mean, count = float(values.mean()), len(values)
    if count < 5:
        draws = rng.beta(mean * count + 0.5, (1 - mean) * count + 0.5, DRAWS)
    else:
        draws = rng.multinomial(count, np.full(count, 1 / count), DRAWS) @ values / count
    return interval(draws, mean)


def dimensions(trials: int) -> dict:
    """Intervals of one dimension, by the law of its units and their number."""
    found = {}
    for name, draw in KINDS.items():
        rng, rows = np.random.default_rng(11), {}
        for count in COUNTS:
            ours = former = 0
            for _ in range(trials):
                values, truth = draw(rng, count)
                low, high = interval(posterior(values, np.ones(count), rng), float(values.mean()))
                ours += low <= truth <= high
                low, high = before(values, rng)
                former += low <= truth <= high
            rows[f"{count} units"] = {"ours": round(ours / trials, 3), "before": round(former / trials, 3)}
        found[name] = rows
    return found


def together(trials: int) -> dict:
    """Intervals of SC, delta and KPI of one pattern."""
    rng, inside = np.random.default_rng(12), {"sc": 0, "delta": 0, "kpi": 0}
    for trial in range(trials):
        drawn = [mostly_ones(rng, int(rng.integers(3, 25))) for _ in range(3)]
        score = combine([measured(f"p{trial}", values, method="simulated") for values, _ in drawn])
        sc = float(np.prod([truth for _, truth in drawn]) ** (1 / 3))
        shift, size = rng.normal(0.5, 0.7), int(rng.integers(3, 40))
        null = rng.normal(0, 1, int(rng.integers(40, 400)))
        delta = usage_delta(f"p{trial}", rng.normal(shift, 1, size), null)
        # P(a usage of another pattern is closer than one of ours) for two normals.
        truth = float((rng.normal(0, 1, 4_000) > rng.normal(shift, 1, 4_000)).mean())
        whole = kpi(score, delta)
        inside["sc"] += score.low <= sc <= score.high
        inside["delta"] += delta.low <= truth <= delta.high
        inside["kpi"] += whole.low <= sc * (1 - truth) <= whole.high
    return {name: round(count / trials, 3) for name, count in inside.items()}


def registries(trials: int) -> dict:
    """Intervals of the organisation's SC and of its worst decile."""
    found = {}
    for patterns in (10, 30, 100):
        for error in (0.03, 0.08):
            rng, mean_inside, worst_inside = np.random.default_rng(13), 0, 0
            for _ in range(trials):
                truth = rng.beta(6, 2.5, patterns)
                errors = error * rng.uniform(0.5, 1.5, patterns)
                values = np.clip(truth + rng.normal(size=patterns) * errors, 0, 1)
                spans = [(v - 1.645 * e, v + 1.645 * e) for v, e in zip(values, errors, strict=True)]
                whole = organisation(list(values), spans, list(rng.integers(1, 26, patterns)))
                lowest = np.sort(truth)[: max(1, round(patterns / 10))].mean()
                mean_inside += whole.low <= 6 / 8.5 <= whole.high
                worst_inside += whole.worst_low <= lowest <= whole.worst_high
            found[f"{patterns} patterns, errors of {error}"] = {
                "organisation": round(mean_inside / trials, 3),
                "worst decile": round(worst_inside / trials, 3),
            }
    return found


def calibrations(trials: int) -> dict:
    """Intervals of the finding threshold and of the expected calibration error; the truth from a large sample."""
    rng = np.random.default_rng(14)

    def raws(size, mean, fired):
        logits = rng.normal(mean, 1.0, size)
        return np.where(rng.random(size) < fired, 1 / (1 + np.exp(-logits)), 0.0)

    def sample(natural, planted):
        return raws(natural, -1.2, 0.15), raws(planted, 1.5, 0.92)

    many = [calibrate(*sample(60_000, 24_000)) for _ in range(3)]
    raw_truth = float(np.mean([(np.log(f.threshold / (1 - f.threshold)) - f.intercept) / f.slope for f in many]))
    inside = scored = 0
    for _ in range(trials):
        natural, planted = sample(500, 200)
        fitted, span = calibrate(natural, planted), threshold_interval(natural, planted, draws=100)
        if fitted.threshold is not None and span is not None:
            truth = fitted.probability(1 / (1 + np.exp(-raw_truth)))
            scored, inside = scored + 1, inside + (span[0] <= truth <= span[1])
    return {"threshold": round(inside / max(scored, 1), 3), "threshold_trials": scored}


def errors(trials: int) -> dict:
    """The interval of the expected calibration error, against its mean over many samples of the same size."""
    rng, values, spans = np.random.default_rng(15), [], []
    for _ in range(trials):
        cases = []
        for number in range(40):
            for is_fault, mean, count in ((False, -1.2, 10), (True, 1.2, 6)):
                raw = 1 / (1 + np.exp(-rng.normal(mean, 1.0, count)))
                cases += [Case(f"p{number}", float(value), is_fault) for value in raw]
        found = held_out(cases)
        if found.error is not None:
            values.append(found.error)
            spans.append((found.low, found.high))
    truth = float(np.mean(values))
    inside = np.mean([low <= truth <= high for low, high in spans])
    return {"expected_calibration_error": round(float(inside), 3), "its_mean": round(truth, 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1_000)
    trials = parser.parse_args().trials
    report = {
        "goal": GOAL,
        "trials": trials,
        "dimension": dimensions(trials),
        "pattern": together(trials),
        "registry": registries(trials),
        "calibration": calibrations(max(trials // 5, 20)) | errors(max(trials // 10, 20)),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
