"""What a person sees: escaped tables and a plot."""

from semops_data.coherence.report import inline_image, place, score_plot

ROW = {
    "pattern_id": "a",
    "sc": 0.5,
    "sc_low": 0.3,
    "sc_high": 0.7,
    "level": "weak",
    "availability": 0.9,
    "consistency": 0.5,
    "stability": None,
    "bound_low": 0.0,
    "bound_high": 1.0,
}


def test_the_plot_is_a_small_picture_that_also_shows_what_is_unmeasured():
    """It travels inside the metadata: it must stay small."""
    png = score_plot([ROW, ROW | {"pattern_id": "b", "sc": None, "level": None}])
    assert png.startswith(b"\x89PNG")
    assert len(inline_image(png, "plot")) < 60_000


def test_the_same_scores_give_the_same_picture():
    """A picture with a time stamp inside would change the metadata of every run."""
    assert score_plot([ROW]) == score_plot([ROW])


def test_a_finding_points_to_a_file_and_line():
    """People jump there."""
    row = {"evidence_document": "docs/a.md", "evidence_line": 7, "claim_document": "b.md", "claim_line": 1}
    assert place(row) == "docs/a.md:7"
    assert place(row | {"evidence_document": None}) == "b.md:1"
