"""The report measures by formulas of its own, catches copies, and survives any name."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from semops_data.cli.main import dst
from semops_data.synthesis.fit import metrics, pages
from semops_data.synthesis.fit.extra import FitError
from semops_data.synthesis.fit.privacy import encode, nearest
from semops_data.synthesis.fit.report import compare, guess


def people(rows=400, seed=1, **more):
    chance = np.random.default_rng(seed)
    return pd.DataFrame({
        "age": chance.normal(40, 10, rows),
        "spent": chance.lognormal(3, 1, rows),
        "city": chance.choice(["a", "b", "c"], rows),
        "joined": pd.Timestamp("2026-01-01") + pd.to_timedelta(chance.integers(0, 10**7, rows), unit="s"),
        **more,
    })  # fmt: skip


def test_rows_of_the_same_world_hold_and_a_copied_row_fails():
    """One verbatim copy among 400 rows is one person given away."""
    real, other = {"people": people()}, people(seed=2)
    (clean,) = compare(real, {"people": other})
    assert clean.checks == {"no_row_is_a_copy": True, "rows_are_no_closer_than_real_ones": True}
    assert clean.shape_score > 0.9
    assert clean.pair_score > 0.9
    leaky = other.copy()
    leaky.iloc[17] = real["people"].iloc[5]
    (caught,) = compare(real, {"people": leaky})
    assert caught.checks["no_row_is_a_copy"] is False
    assert caught.privacy.first_copies == (17,)


def test_rows_that_hug_real_ones_fail_though_none_is_a_copy():
    """A model that learnt the rows by heart and shakes them a little."""
    real = people()
    shaken = real.assign(age=real["age"] + 0.01, spent=real["spent"] * 1.0001)
    (found,) = compare({"people": real}, {"people": shaken})
    assert found.checks == {"no_row_is_a_copy": True, "rows_are_no_closer_than_real_ones": False}
    assert found.privacy.median_distance < found.privacy.median_real_distance / 5


def test_a_row_that_several_people_share_is_nobodys():
    """Few categories repeat by chance; that gives no one away, and what cannot be told is unmeasured."""
    real = pd.DataFrame({"city": ["a", "b"] * 50, "kind": ["x", "x", "y", "y"] * 25})
    (found,) = compare({"t": real}, {"t": real.iloc[::-1].reset_index(drop=True)})
    assert found.privacy.copies == 0
    assert found.privacy.common_copies == 100
    assert found.checks["rows_are_no_closer_than_real_ones"] is None
    assert "repeat another" in found.privacy.reason


def test_the_distance_is_the_mean_over_the_columns():
    """By hand: a quarter of the range in one of two numbers, another category, and a value against none."""
    real = pd.DataFrame({"x": [0.0, 4.0], "y": [0.0, np.nan], "c": ["a", "b"]})
    made = pd.DataFrame({"x": [1.0, 4.0], "y": [0.0, np.nan], "c": ["z", "b"]})
    ours, theirs = encode(real, made, ["x", "y"], ["c"])
    assert nearest(theirs, ours).tolist() == pytest.approx([(0.25 + 0 + 1) / 3, 0.0])


def test_blocks_change_nothing(monkeypatch):
    """Memory is bounded by a block; the distances are those of the whole."""
    ours, theirs = encode(people(90)[["age", "city"]], people(70, 2)[["age", "city"]], ["age"], ["city"])
    whole = nearest(theirs, ours)
    monkeypatch.setattr("semops_data.synthesis.fit.privacy.BLOCK_CELLS", 200)
    assert (nearest(theirs, ours) == whole).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_shapes_lie_between_0_and_1_and_a_column_is_like_itself(one, two):
    real, made = np.array(one), np.array(two)
    assert metrics.ks_complement(real, real) == 1
    assert 0 <= metrics.ks_complement(real, made) <= 1
    assert metrics.ks_complement(real, made) == pytest.approx(metrics.ks_complement(made, real))
    assert metrics.tv_complement(one, one) == pytest.approx(1)
    assert -1e-9 <= metrics.tv_complement(one, two) <= 1


def test_the_metrics_are_those_of_sdmetrics():
    """Another implementation of the same formulas agrees."""
    single = pytest.importorskip("sdmetrics.single_column")
    pairs = pytest.importorskip("sdmetrics.column_pairs")
    real, made = people(), people(300, 2)
    made["spent"] *= 1.5
    made.loc[:80, "city"] = "a"
    assert metrics.ks_complement(real["spent"].to_numpy(), made["spent"].to_numpy()) == pytest.approx(
        single.KSComplement.compute(real["spent"], made["spent"])
    )
    assert metrics.tv_complement(real["city"], made["city"]) == pytest.approx(
        single.TVComplement.compute(real["city"], made["city"])
    )
    both = ["age", "spent"]
    assert metrics.correlation_similarity(real[both].to_numpy(), made[both].to_numpy()) == pytest.approx(
        pairs.CorrelationSimilarity.compute(real[both], made[both])
    )
    kinds = [frame[["city"]].assign(old=(frame["age"] > 40).astype(str)) for frame in (real, made)]
    assert metrics.contingency_similarity(*kinds) == pytest.approx(pairs.ContingencySimilarity.compute(*kinds))


def test_what_cannot_be_measured_is_none():
    nothing = np.array([np.nan])
    assert metrics.ks_complement(nothing, np.array([1.0])) is None
    assert metrics.tv_complement([], ["a"]) is None
    assert metrics.correlation_similarity(np.ones((5, 2)), np.ones((5, 2))) is None


def test_columns_are_told_from_their_values():
    chance = np.random.default_rng(1)
    found = {
        name: guess(pd.Series(values, name=name))
        for name, values in {
            "order_id": range(100), "amount": chance.random(100), "kind": ["a", "b"] * 50, "flag": [True, False] * 50,
            "note": [f"text {number}" for number in range(100)],
            "day": [f"2026-01-{1 + n % 28:02d}" for n in range(100)],
        }.items()
    }  # fmt: skip
    assert found == {
        "order_id": "id", "amount": "numerical", "kind": "categorical", "flag": "boolean",
        "note": "text", "day": "datetime",
    }  # fmt: skip


def test_tables_and_columns_that_differ_are_refused():
    with pytest.raises(FitError, match="real tables are a, the synthetic b"):
        compare({"a": people(20)}, {"b": people(20)})
    with pytest.raises(FitError, match="differ in the columns city"):
        compare({"a": people(20)}, {"a": people(20).drop(columns="city")})
    with pytest.raises(FitError, match="nothing can be compared"):
        compare({"a": pd.DataFrame({"note": ["x", "y", "z"]})}, {"a": pd.DataFrame({"note": ["x", "y", "w"]})})


@given(st.text(min_size=1, max_size=20))
def test_no_name_of_a_column_becomes_markup(name):
    """Names are strangers' text, and pages are opened in browsers."""
    evil = f"<script>{name}</script>|\n"
    (found,) = compare({evil: pd.DataFrame({evil: [1.0, 2, 3]})}, {evil: pd.DataFrame({evil: [1.5, 2, 4]})})
    assert "<script>" not in pages.page([found])
    shown = pages.markdown([found])
    assert "<script>" not in shown
    assert all(line.startswith(("#", "|")) or not line for line in shown.split("\n"))
    json.dumps(pages.document([found]))


def test_the_report_command_writes_three_files_and_fails_on_a_copy(tmp_path):
    """0 where nothing is given away, 1 where a row is; it needs no SDV."""
    for folder, frame in {"real": people(), "good": people(seed=2), "bad": people().head(50)}.items():
        (tmp_path / folder).mkdir()
        frame.to_csv(tmp_path / folder / "people.csv", index=False)
    runner, real, out = CliRunner(), str(tmp_path / "real"), tmp_path / "out"
    good = runner.invoke(
        dst, ["synth", "report", real, str(tmp_path / "good"), "--out", str(out)], standalone_mode=False
    )
    assert good.return_value == 0, good.output
    assert {path.name for path in out.iterdir()} == {"report.json", "report.md", "report.html"}
    assert json.loads((out / "report.json").read_text())["is_ok"] is True
    bad = runner.invoke(dst, ["synth", "report", real, str(tmp_path / "bad"), "--json"], standalone_mode=False)
    assert bad.return_value == 1
    assert json.loads(bad.stdout)["tables"][0]["privacy"]["copies"] == 50
