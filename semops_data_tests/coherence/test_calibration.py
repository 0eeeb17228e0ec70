"""Calibration: raw scores to probabilities, and thresholds for a precision."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.coherence.calibration import PACKAGED, calibrate, threshold_interval

RNG = np.random.default_rng(11)
NATURAL = np.where(RNG.random(400) < 0.1, RNG.uniform(0, 0.4, 400), 0.0)
PLANTED = np.clip(RNG.normal(0.75, 0.1, 80), 0, 1)


def test_the_threshold_separates_planted_faults_from_natural_neighbours():
    """At the chosen probability nine of ten flagged cases are planted ones."""
    fitted = calibrate(NATURAL, PLANTED)
    flagged = [fitted.probability(raw) >= fitted.threshold for raw in (*NATURAL, *PLANTED)]
    hits = sum(flagged[len(NATURAL) :])
    assert fitted.method == "planted"
    assert hits / sum(flagged) >= 0.9
    assert hits / len(PLANTED) >= 0.9


def test_too_few_cases_give_the_packaged_calibration_and_say_so():
    """A threshold from a handful of cases would be taste with a number on it."""
    assert calibrate(NATURAL[:10], PLANTED) is PACKAGED
    assert calibrate(NATURAL, PLANTED[:5]) is PACKAGED


def test_cases_that_cannot_be_told_apart_give_no_threshold():
    """No threshold is better than one that flags at random."""
    same = RNG.uniform(0.2, 0.8, 200)
    assert calibrate(np.concatenate([same, same, same]), same[:60]).threshold is None


def test_the_threshold_comes_with_an_interval_that_holds_it():
    """Another sample of cases would have given another threshold: how different is shown."""
    fitted, (low, high) = calibrate(NATURAL, PLANTED), threshold_interval(NATURAL, PLANTED, draws=60)
    assert low <= fitted.threshold <= high or abs(fitted.threshold - high) < 0.05


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=50, max_size=120), st.lists(st.floats(0, 1), min_size=20, max_size=60))
def test_probabilities_stay_in_range_and_rise_with_the_raw_score(natural, planted):
    """Whatever the cases: no overflow, no falling curve."""
    fitted = calibrate(np.array(natural), np.array(planted))
    values = [fitted.probability(raw / 50) for raw in range(51)]
    assert all(0 <= value <= 1 for value in values)
    assert values == sorted(values)
