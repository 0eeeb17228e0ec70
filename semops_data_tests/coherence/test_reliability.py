"""Reliability: what is told against what comes true, on patterns that were held out."""

from __future__ import annotations

import numpy as np
import pytest

from semops_data.coherence.calibration import PRIOR
from semops_data.coherence.reliability import Case, at_odds, binned, expected_error, held_out, reliability_plot


def cases(patterns=60, seed=3, shift=0.0):
    """Pairs whose raw scores follow two known laws; with a shift, half of the patterns follow other ones."""
    rng, found = np.random.default_rng(seed), []
    for number in range(patterns):
        name = f"pattern-{number}"
        for is_fault, mean, count in ((False, -1.5, 12), (True, 1.0, 8)):
            logits = rng.normal(mean + (shift if number % 2 else 0), 0.8, count)
            found += [Case(name, float(1 / (1 + np.exp(-value))), is_fault) for value in logits]
    return found


def test_calibrated_probabilities_come_true_on_patterns_that_were_held_out():
    """At most 0.05 off at even odds, the hard case; at the prior of a corpus nearly nothing."""
    found = held_out(cases())
    assert found.error < 0.05
    assert found.error_at_prior < 0.005
    assert found.low <= found.error <= found.high
    assert (found.positives, found.negatives) == (480, 720)


def test_a_calibration_that_is_wrong_shows():
    """Told 0.9 where one in two is true: a check that cannot fail would be none."""
    fault = np.arange(100) % 2 == 0
    assert expected_error(binned(np.full(100, 0.9), fault, 0.5)) == pytest.approx(0.4)
    assert expected_error(binned(np.where(fault, 1.0, 0.0), fault, 0.5)) == 0.0


def test_moving_probabilities_to_even_odds_and_back_is_bayes():
    """0.5% at the prior is an even chance where faults are as many as others."""
    assert at_odds(np.array([PRIOR, 0.0, 1.0]), 0.5) == pytest.approx([0.5, 0.0, 1.0])


def test_too_few_cases_leave_the_error_unmeasured():
    """Half of ten patterns is no sample."""
    found = held_out(cases(patterns=3))
    assert (found.error, found.bins) == (None, ())
    assert held_out([]).error is None


def test_the_plot_is_a_small_picture():
    """It travels in metadata."""
    png = reliability_plot(held_out(cases()))
    assert png.startswith(b"\x89PNG")
    assert len(png) < 20_000
