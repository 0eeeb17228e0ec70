"""A profile says what is in a table, whatever is in it."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from semops_data.profiling import profile, profile_file
from semops_data.profiling.render import cell, markdown, picture
from semops_data.profiling.source import UnreadableError
from semops_data.profiling.svg import MAX_PICTURE_BYTES, image, label

DATA = pa.table(
    {
        "id": [f"k{place}" for place in range(100)],
        "group": ["a", "z% ü", "z% ü", None] * 25,
        "amount": pa.array([float(place) for place in range(100)]),
        "flag": [True, False] * 50,
    }
)


def test_figures_of_a_known_table_are_right() -> None:
    """Checked by hand."""
    found = {column.name: column for column in profile(DATA, "known").columns}
    assert found["id"].distinct_count == pytest.approx(100, abs=6)
    assert found["id"].top_values == ()
    assert (found["group"].null_count, found["group"].distinct_count) == (25, 2)
    assert found["group"].top_values == ("z% ü", "a")
    assert found["group"].top_shares == (0.5, 0.25)
    amount = found["amount"]
    assert (amount.minimum, amount.maximum, amount.mean) == ("0.0", "99.0", 49.5)
    assert amount.standard_deviation == pytest.approx(29.011, abs=1e-3)
    assert amount.quantiles == pytest.approx((24.5, 49.5, 74.5), abs=1)
    assert sum(amount.bin_shares) == pytest.approx(1)
    assert len(amount.bin_shares) == len(amount.bin_edges) + 1
    assert (found["id"].mean_length_characters, found["id"].maximum_length_characters) == (2.9, 3)


def test_correlations_are_pearsons_in_both_directions() -> None:
    """By hand: a line, its mirror, and a constant that correlates with nothing."""
    rows = pa.table({"x": [1.0, 2.0, 3.0], "y": [2.0, 4.0, 6.0], "z": [3, 2, 1], "c": [1, 1, 1], "t": ["a", "b", "c"]})
    found = {column.name: dict(zip(column.correlated_with, column.correlations, strict=True))
             for column in profile(rows, "t").columns}  # fmt: skip
    assert found["x"] == pytest.approx({"y": 1, "z": -1})
    assert found["z"] == pytest.approx({"x": -1, "y": -1})
    assert found["c"] == found["t"] == {}


def test_the_same_rows_give_the_same_profile() -> None:
    """The rows of `profiling/profiles` have a digest: approximate figures must not wander."""
    assert profile(DATA, "x") == profile(DATA, "x")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.floats(width=64)), st.one_of(st.none(), st.text(max_size=5)), st.booleans()),
        max_size=30,
    )
)
def test_any_values_can_be_profiled(rows: list[tuple[float | None, str | None, bool]]) -> None:
    """NaN, infinities, empty tables, empty and odd texts: figures or nothing, never an error."""
    data = pa.table(
        {
            "number": pa.array([row[0] for row in rows], pa.float64()),
            'odd "name" | `x`': pa.array([row[1] for row in rows], pa.string()),
            "flag": pa.array([row[2] for row in rows], pa.bool_()),
            "list": pa.array([[row[1]] for row in rows], pa.list_(pa.string())),
        }
    )
    found = profile(data, "any")
    assert found.row_count == len(rows)
    for column, name in zip(found.columns, data.column_names, strict=True):
        assert column.name == name
        assert column.null_count == data[name].null_count
        assert 0 <= column.distinct_count <= len(rows) - column.null_count
        assert sum(column.top_shares) <= 1 + 1e-9
        assert not column.bin_shares or abs(sum(column.bin_shares) - 1) < 1e-9
    assert markdown(found).count("\n") == 3 + len(data.column_names)


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl", "delta"])
def test_files_of_every_kind_give_the_figures_of_their_rows(kind: str, tmp_path: Path) -> None:
    """One table in four coats, in a folder whose name holds what patterns and SQL are made of."""
    # deltalake itself cannot write below a folder with a bracket in its name.
    folder = tmp_path / ("it's 1 &" if kind == "delta" else "it's [1] *")
    folder.mkdir()
    path = folder / f"table.{kind}"
    if kind == "parquet":
        pq.write_table(DATA, path)
    elif kind == "csv":
        pcsv.write_csv(DATA, path)
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in DATA.to_pylist()))
    else:
        write_deltalake(str(path), DATA, partition_by=["group"])
    found = profile_file(path)
    columns = {column.name: column for column in found.columns}
    assert found.row_count == 100
    assert set(columns) == set(DATA.column_names)
    assert columns["group"].null_count == 25
    assert columns["amount"].mean == pytest.approx(49.5)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.csv", None, "does not exist"),
        ("table.xlsx", b"x", "no table that can be read"),
        ("broken.parquet", b"PAR1 and then nothing", "cannot be read as parquet"),
        ("broken.jsonl", b'{"a": 1}\n{"a": \n', "cannot be read as json|Malformed"),
    ],
)
def test_what_is_no_table_is_named_with_the_reason(
    name: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    """A person typed that path."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableError, match=message) as raised:
        profile_file(tmp_path / name)
    assert name in str(raised.value)


def test_a_folder_that_is_no_delta_table_is_refused(tmp_path: Path) -> None:
    """Not the first file in it, not all of them."""
    with pytest.raises(UnreadableError, match="Delta folder"):
        profile_file(tmp_path)


def test_the_picture_is_small_and_there_only_where_something_can_be_seen() -> None:
    """It lives in the event log."""
    drawn = picture(profile(DATA, "known"))
    assert drawn is not None
    assert drawn.startswith("![profile](data:image/svg+xml;base64,")
    assert len(drawn) < MAX_PICTURE_BYTES * 4 / 3 + 100
    assert picture(profile(DATA.slice(0, 0), "empty")) is None


@given(st.text(max_size=30))
def test_no_text_breaks_out_of_a_markdown_cell(text: str) -> None:
    """Column names and values are data of strangers."""
    shown = cell(text)
    assert "<" not in shown
    assert "\n" not in shown
    assert "|" not in shown.replace("\\|", "")


def test_a_columns_name_is_no_markup_in_a_picture() -> None:
    """Names come from files that anybody may have written, and a picture is a document."""
    import base64
    from xml.etree import ElementTree as ET

    nasty = "<script>alert(1)</script>&\x00\"'"
    drawn = image("names", 100, 20, [label(0, 10, nasty)])
    assert drawn is not None
    root = ET.fromstring(base64.b64decode(drawn.rpartition(",")[2].rstrip(")")))  # noqa: S314 - our own
    assert [element.tag.rpartition("}")[2] for element in root.iter()] == ["svg", "text"]
    assert root[0].text == nasty.replace("\x00", " ")
