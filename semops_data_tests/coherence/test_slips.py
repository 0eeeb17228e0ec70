import pytest
from hypothesis import given
from hypothesis import strategies as st

from semops_data.coherence.slips import corrected, is_slip

WORDS = {"import", "export", "measure", "definition", "semantic", "causal", "casual"}


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("definition", "defintion", True),
        ("definition", "definiton", True),
        ("semantic", "semnatics", True),
        ("import", "export", False),
        ("causal", "casual", False),
        ("increase", "decrease", False),
        ("include", "exclude", False),
        ("cannot", "cannto", False),
        ("90000", "90001", False),
        ("days", "dyas", False),
    ],
)
def test_a_slip_is_a_word_that_nobody_knows_beside_one_that_everybody_does(one, other, is_one):
    """Neither numbers, negations and units, nor two words of the corpus, nor opposites are ever slips."""
    assert is_slip(one, other, WORDS) is is_one
    assert is_slip(other, one, WORDS) is is_one


def test_without_a_vocabulary_only_letters_in_each_others_place_count():
    assert is_slip("definition", "defniition")
    assert not is_slip("definition", "definitions")
    assert not is_slip("quiet", "quite")


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_can_be_read(old, new):
    """Nothing is invented: a corrected text has as many words as before."""
    assert len(corrected(old, new, WORDS).split()) == len(new.split())
    assert corrected(old, old) == old
