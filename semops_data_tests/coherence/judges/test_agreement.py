"""Majority and Krippendorff's alpha."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.coherence.judges.agreement import krippendorff_alpha, majority

# The worked example of Krippendorff (2011): four observers, twelve units, alpha 0.743 for named categories.
OBSERVERS = ["1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 ."]
LABELS = st.sampled_from(["agrees", "contradicts", "cannot_tell"])


def test_alpha_is_what_its_author_computed():
    rows = [[None if v == "." else v for v in line.split()] for line in OBSERVERS]
    assert krippendorff_alpha(list(zip(*rows, strict=True))) == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_judges_that_always_agree_is_one_and_of_one_category_undefined():
    assert krippendorff_alpha([("a", "a"), ("b", "b")]) == 1
    assert krippendorff_alpha([("a", "a"), ("a", "a")]) is None
    assert krippendorff_alpha([("a", None), ("b", None)]) is None
    assert krippendorff_alpha([]) is None


@given(st.lists(st.tuples(LABELS, LABELS, LABELS), min_size=2, max_size=20), st.randoms())
def test_alpha_does_not_depend_on_who_said_it_or_in_which_order(units, random):
    shuffled = [tuple(random.sample(unit, 3)) for unit in random.sample(units, len(units))]
    one, other = krippendorff_alpha(units), krippendorff_alpha(shuffled)
    assert (one is None and other is None) or one == pytest.approx(other)
    assert one is None or -1 <= one <= 1


def test_a_majority_is_more_than_half():
    assert majority(["a", "a", "b"]) == "a"
    assert majority(["a", "b"]) is None
    assert majority([]) is None
