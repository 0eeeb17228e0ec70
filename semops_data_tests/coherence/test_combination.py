import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.coherence.combination import SHIPPED, features, fit

SAME = ("Raw data is never changed after it has landed.", "Raw data is corrected after it has landed.")
OTHER = ("Raw data is never changed after it has landed.", "Orders are counted by day.")
chances = st.floats(0.0, 1.0)


@given(chances, chances, chances, chances)
def test_more_of_a_contradiction_by_either_never_makes_it_less_likely(rule, more_rule, model, more_model):
    """Otherwise a model that agrees with a rule would hide what the rule found."""
    low, high = sorted((model, more_model))
    small, large = sorted((rule, more_rule))
    told = SHIPPED.scores([SAME] * 3, np.array([small, small, large]), np.array([low, high, high]))
    assert told[0] <= told[1]
    assert told[1] <= told[2] or small == 0.0
    assert ((told >= 0) & (told <= 1)).all()


def test_a_model_counts_where_the_two_share_their_words():
    """Of neighbours with nothing in common but the topic a model calls one in thirty a contradiction."""
    sure, unsure = (SHIPPED.scores([SAME, OTHER], np.full(2, 0.3), np.full(2, told)) for told in (0.95, 0.05))
    gained = np.log(sure / (1 - sure)) - np.log(unsure / (1 - unsure))
    assert gained[0] > 1.5 * gained[1] > 0


def test_a_pair_of_which_neither_says_anything_is_no_evidence():
    assert SHIPPED.scores([OTHER], np.zeros(1), np.array([0.1]))[0] == 0.0
    assert len(SHIPPED.scores([], np.zeros(0), np.zeros(0))) == 0


def test_a_rule_outranks_what_the_model_alone_says():
    by_rule, by_model = SHIPPED.scores([SAME, SAME], np.array([0.5, 0.0]), np.array([0.1, 0.99]))
    assert by_rule > by_model


def test_the_fit_finds_what_made_the_cases():
    """Cases drawn by a known law: the fitted weights rank fresh ones as the law does."""
    rng = np.random.default_rng(5)
    pairs = [SAME if number % 2 else OTHER for number in range(600)]
    rules = np.where(rng.random(600) < 0.3, rng.random(600), 0.0)
    model = rng.random(600)
    known = features(pairs, rules, model)
    odds = -3 + 4 * known[:, 0] + 1.5 * known[:, 1] + 0.8 * known[:, 4]
    fault = rng.random(600) < 1 / (1 + np.exp(-odds))
    fitted = fit(known, fault, np.ones(600))
    scores = fitted.scores(pairs, rules, model)
    assert np.corrcoef(scores, 1 / (1 + np.exp(-odds)))[0, 1] == pytest.approx(1.0, abs=0.1)
    assert fitted.rule > 0.5
