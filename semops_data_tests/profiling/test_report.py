"""The HTML report: written whole or not at all, and clear about what it needs."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from semops_data.profiling import MissingExtraError, html_report, render_html


def test_an_empty_frame_is_refused_clearly(tmp_path: Path) -> None:
    """The library itself fails on it deep inside."""
    path = tmp_path / "empty.csv"
    path.write_text("a,b\n")
    with pytest.raises(ValueError, match=r"empty.csv has 0 rows"):
        html_report(path, tmp_path / "out.html")
    assert not (tmp_path / "out.html").exists()


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import error of a package that nobody has heard of helps nobody."""
    monkeypatch.setitem(sys.modules, "ydata_profiling", None)
    with pytest.raises(MissingExtraError, match=r"semops-data\[profile\]"):
        render_html(pd.DataFrame({"a": [1]}), "x")


@pytest.mark.slow
def test_a_report_of_odd_columns_is_one_html_page(tmp_path: Path) -> None:
    """Arrow types, lists and text that looks like HTML are what real files hold."""
    pytest.importorskip("ydata_profiling")
    path = tmp_path / "table.jsonl"
    path.write_text('{"a": 1, "l": [1, 2], "t": "<script>alert(1)</script>"}\n{"a": 2, "l": [], "t": "y"}\n' * 3)
    out = html_report(path, tmp_path / "made" / "out.html")
    text = out.read_text()
    assert text.lstrip().lower().startswith("<!doctype html")
    assert "<script>alert(1)" not in text
    assert [file.name for file in out.parent.iterdir()] == ["out.html"]
