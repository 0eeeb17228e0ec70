"""A model learns a user's tables, repeats itself by its seed, and loads no stranger's file."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from semops_data.synthesis.fit import extra, metadata, model
from semops_data.synthesis.fit.extra import FitError, MissingExtraError
from semops_data.synthesis.fit.limits import longest_chain, refuse_beyond_limits
from semops_data.synthesis.fit.report import compare
from semops_data.synthesis.fit.tables import read_tables, write_tables

SAMPLES = """
import hashlib, sys
from pathlib import Path
from semops_data.synthesis.fit import model
drawn = model.sample(model.load(Path(sys.argv[1]), Path(sys.argv[2])), 50, seed=int(sys.argv[3]))
print(hashlib.sha256("".join(frame.to_csv() for frame in drawn.values()).encode()).hexdigest())
"""


def customers(rows=500, seed=1):
    chance = np.random.default_rng(seed)
    age = chance.integers(18, 80, rows)
    return pd.DataFrame({
        "customer_id": [f"C{number:05d}" for number in range(rows)],
        "email": [f"person{number}@shop.test" for number in range(rows)],
        "city": chance.choice(["Rome", "Oslo", "Bonn"], rows, p=[0.6, 0.3, 0.1]),
        "age": age,
        "spent": age * 10 + chance.normal(0, 40, rows),
    })  # fmt: skip


def orders(parents, rows=120, seed=2):
    chance = np.random.default_rng(seed)
    return pd.DataFrame({
        "order_id": [f"O{number:05d}" for number in range(rows)],
        "customer_id": chance.choice(parents["customer_id"], rows),
        "total": chance.lognormal(3, 1, rows),
    })  # fmt: skip


def described(**columns):
    """Metadata of one table per keyword, without relationships."""
    tables = {
        name: {"columns": {column: {"sdtype": kind} for column, kind in of.items()}} for name, of in columns.items()
    }
    return {"tables": tables, "relationships": []}


def related(*pairs):
    """Metadata of tables in which each pair is a parent and its child."""
    names = {name for pair in pairs for name in pair}
    relations = [
        {"parent_table_name": a, "child_table_name": b, "parent_primary_key": "id", "child_foreign_key": f"{a}_id"}
        for a, b in pairs
    ]
    return described(**{name: {"id": "id"} for name in sorted(names)}) | {"relationships": relations}


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A model of 500 customers, kept: its folder, its home, and the rows."""
    pytest.importorskip("sdv")
    folder, home = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("home")
    tables = {"customers": customers()}
    found = model.fit(tables, metadata.detect(tables))
    return model.save(found, folder / "m", home), home, tables


def test_a_sample_has_the_shape_of_the_table_and_copies_nobody(fitted):
    """Columns, categories and the trend of two columns come back; keys and e-mail addresses are made up."""
    folder, home, tables = fitted
    drawn = model.sample(model.load(folder, home), 400, seed=3)
    rows = drawn["customers"]
    assert list(rows.columns) == list(tables["customers"].columns)
    assert len(rows) == 400
    assert set(rows["city"]) <= {"Rome", "Oslo", "Bonn"}, "a city is an attribute and no personal data"
    assert not set(rows["email"]) & set(tables["customers"]["email"])
    (found,) = compare(tables, drawn, json.loads((folder / "metadata.json").read_text()))
    assert found.shape_score > 0.85
    assert found.pairs["age, spent"] > 0.9
    assert found.checks == {"no_row_is_a_copy": True, "rows_are_no_closer_than_real_ones": True}
    assert set(found.left_out) == {"customer_id", "email"}


def test_the_same_seed_gives_the_same_rows_in_every_process(fitted):
    """And another seed gives others: SDV's own reset gives one sample for ever."""
    folder, home, _ = fitted
    loaded = model.load(folder, home)

    def digest(seed):
        drawn = model.sample(loaded, 50, seed=seed)
        return hashlib.sha256("".join(frame.to_csv() for frame in drawn.values()).encode()).hexdigest()

    command = [sys.executable, "-c", SAMPLES, str(folder), str(home), "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip().splitlines()[-1] == digest(5) == digest(5)
    assert digest(6) != digest(5)


def test_a_model_that_was_changed_or_came_from_elsewhere_is_not_loaded(fitted, tmp_path):
    """A pickle is code: it must not run before its digest and its signature were compared."""
    folder, home, _ = fitted
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    with pytest.raises(model.UntrustedModelError, match="not written by this platform home"):
        model.load(copy, tmp_path / "other_home")
    bomb = b"cos\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR."
    (copy / "model.pkl").write_bytes(bomb)
    with pytest.raises(model.UntrustedModelError, match=r"model\.pkl is not the file that was written"):
        model.load(copy, home)
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"]["model.pkl"] = hashlib.sha256(bomb).hexdigest()
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(model.UntrustedModelError, match="not written by this platform home"):
        model.load(copy, home)
    assert not (tmp_path / "ran").exists()
    assert (home / "synthesis" / "model.key").stat().st_mode & 0o077 == 0


def test_edited_metadata_decide_what_a_column_is(tmp_path):
    """Detection guesses; a person knows."""
    pytest.importorskip("sdv")
    tables = {"customers": customers(60)}
    found = metadata.detect(tables)
    assert metadata.invented(found) == ["customers.email: email"]
    found["tables"]["customers"]["columns"]["email"] = {"sdtype": "categorical"}
    for name in ("edited.yaml", "edited.json"):
        assert metadata.load(metadata.save(found, tmp_path / name)) == found
    assert "person1@" not in (tmp_path / "edited.yaml").read_text(), "no value of the data gets into the file"
    assert metadata.invented(metadata.load(tmp_path / "edited.yaml")) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [", "cannot be read"), ("x: 1", "no `tables`"), ("tables: {a: {columns: {b: 1}}}", r"a\.b has no `sdtype`"),
     ("tables: {a: {}}", "has no `columns`"),
     ("tables: {a: {columns: {}}}\nrelationships: [{child_table_name: a}]", "a relationship needs")],
)  # fmt: skip
def test_metadata_that_cannot_be_read_are_refused_with_the_place(text, message, tmp_path):
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(FitError, match=message):
        metadata.load(tmp_path / "m.yaml")


@pytest.mark.parametrize(
    ("kind", "described_tables", "message"),
    [
        ("hma", related(("customers", "orders"), ("orders", "items")), "customers -> orders -> items is a chain of 3"),
        ("hma", related(*[("a", name) for name in "bcdef"]), "at most 5 tables, and there are 6"),
        ("hma", described(a={"id": "id"}, b={"id": "id"}), "a, b has no relationship"),
        ("hma", related(("a", "b"), ("b", "a")), "circular: a -> b -> a"),
        ("gaussian_copula", related(("a", "b")), "learns one table, and there are 2"),
        ("gpt", described(a={"id": "id"}), "'gpt' is none of"),
    ],
)
def test_what_a_model_cannot_do_is_said_before_it_is_fitted(kind, described_tables, message):
    """With the tables by name and what to do, not after minutes of fitting, and without SDV."""
    rows = dict.fromkeys(described_tables["tables"], 100)
    with pytest.raises(FitError, match=message):
        refuse_beyond_limits(kind, described_tables, rows)


def test_a_star_is_no_chain():
    assert len(longest_chain([("a", "b"), ("a", "c"), ("d", "b")])) == 2
    refuse_beyond_limits("hma", related(("a", "b"), ("a", "c")), {"a": 50, "b": 50, "c": 50})


def test_too_few_rows_and_columns_that_differ_are_refused():
    with pytest.raises(FitError, match="has 3 rows"):
        model.fit({"a": pd.DataFrame({"x": [1, 2, 3]})}, described(a={"x": "numerical"}))
    with pytest.raises(FitError, match=r"lack \['y'\] and name \['x'\]"):
        model.fit({"a": pd.DataFrame({"y": range(20)})}, described(a={"x": "numerical"}))
    with pytest.raises(FitError, match="differ in the tables a, b"):
        model.fit({"a": pd.DataFrame({"y": range(20)})}, described(b={"x": "numerical"}))


def test_without_sdv_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sdv.metadata", None)
    with pytest.raises(MissingExtraError, match=r"semops-data\[sdv\].*Business Source License"):
        extra.sdv("sdv.metadata", "Metadata")


def test_tables_are_read_by_name_from_csv_and_parquet(tmp_path):
    """What is missing, there twice, empty or broken is named."""
    write_tables({"a": customers(20)}, tmp_path, ".csv")
    write_tables({"b": customers(20)}, tmp_path, ".parquet")
    assert list(read_tables(tmp_path, ["b", "a"])) == ["b", "a"]
    assert list(read_tables(tmp_path / "a.csv")) == ["a"]
    with pytest.raises(FitError, match="no table c; there are: a, b"):
        read_tables(tmp_path, ["c"])
    (tmp_path / "e.csv").write_text("x,y\n")
    with pytest.raises(FitError, match="nothing to learn"):
        read_tables(tmp_path, ["e"])
    (tmp_path / "p.parquet").write_bytes(b"no")
    with pytest.raises(FitError, match="cannot be read as parquet"):
        read_tables(tmp_path, ["p"])
    write_tables({"a": customers(20)}, tmp_path, ".parquet")
    with pytest.raises(FitError, match="there twice"):
        read_tables(tmp_path, ["a"])


def test_a_folder_of_other_files_is_not_overwritten_by_a_model(tmp_path):
    (tmp_path / "thesis.txt").write_text("three years")
    with pytest.raises(FitError, match="holds other files"):
        model.save(model.Fitted("ctgan", {}, {}, None), tmp_path, tmp_path / "home")
    with pytest.raises(FitError, match="holds no model"):
        model.load(tmp_path, tmp_path / "home")


@pytest.mark.slow
def test_related_tables_come_back_without_orphans(tmp_path):
    """Two tables, found to be related by the name of the key; seeds count here too."""
    pytest.importorskip("sdv")
    parents = customers(40).drop(columns=["email"])
    tables = {"customers": parents, "orders": orders(parents)}
    found = metadata.detect(tables)
    assert [relation["child_foreign_key"] for relation in found["relationships"]] == ["customer_id"]
    model.save(model.fit(tables, found, "hma"), tmp_path / "m", tmp_path / "home")
    first, again, other = (model.sample(model.load(tmp_path / "m", tmp_path / "home"), 12, seed=s) for s in (1, 1, 2))
    assert set(first["orders"]["customer_id"]) <= set(first["customers"]["customer_id"])
    assert len(first["customers"]) == 12
    assert all(first[name].equals(again[name]) for name in tables)
    assert not first["customers"]["spent"].equals(other["customers"]["spent"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ctgan", "tvae"])
def test_neural_models_are_fitted_and_repeat(kind, tmp_path):
    """One epoch learns little; that it runs, is stored and repeats is what is claimed."""
    pytest.importorskip("sdv")
    tables = {"customers": customers(200).drop(columns=["email"])}
    model.save(model.fit(tables, metadata.detect(tables), kind, epochs=1), tmp_path / "m", tmp_path / "home")
    first, again = (model.sample(model.load(tmp_path / "m", tmp_path / "home"), 20, seed=1) for _ in range(2))
    assert first["customers"].equals(again["customers"])
    with pytest.raises(FitError, match="has no epochs"):
        model.fit(tables, metadata.detect(tables), "gaussian_copula", epochs=1)


def test_the_commands_detect_fit_and_sample(tmp_path, monkeypatch):
    """From a folder of CSV files to one of synthetic CSV files; a chain of three is refused with the way out."""
    pytest.importorskip("sdv")
    from click.testing import CliRunner

    from semops_data.cli.main import dst
    from semops_data.settings import load_settings

    monkeypatch.setenv("SEMOPS_HOME", str(tmp_path / "home"))
    load_settings.cache_clear()
    parents = customers(40)
    some = orders(parents)
    items = pd.DataFrame({"item_id": [f"I{n:04d}" for n in range(99)], "order_id": some["order_id"].iloc[:99]})
    data = tmp_path / "data"
    write_tables({"customers": parents, "orders": some, "items": items.assign(units=1)}, data, ".csv")

    def dst_synth(*arguments):
        return CliRunner().invoke(dst, ["synth", *map(str, arguments)], standalone_mode=False)

    chain = dst_synth("fit", data, "--model", "hma", "--out", tmp_path / "m")
    assert "customers -> orders -> items" in str(chain.exception)
    assert "--tables customers,orders" in str(chain.exception)
    edited = tmp_path / "m.yaml"
    assert "customers.email: email" in dst_synth("detect", data, "--tables", "customers", "--out", edited).output
    fitted = dst_synth("fit", data, "--tables", "customers", "--metadata", edited, "--out", tmp_path / "m", "--json")
    assert json.loads(fitted.stdout)["rows"] == {"customers": 40}
    drawn = dst_synth("sample", tmp_path / "m", "--rows", 15, "--seed", 3, "--out", tmp_path / "out")
    assert "15 rows" in drawn.output, drawn.exception
    assert len(pd.read_csv(tmp_path / "out" / "customers.csv")) == 15
    load_settings.cache_clear()


def test_metadata_of_several_tables_serve_for_one_of_them():
    """Who edited the metadata of a whole schema can fit one table of it."""
    from semops_data.synthesis.fit.metadata import only

    relation = {
        "parent_table_name": "a",
        "child_table_name": "b",
        "parent_primary_key": "x",
        "child_foreign_key": "x",
    }
    whole = {"tables": {"a": {"columns": {}}, "b": {"columns": {}}}, "relationships": [relation]}
    assert only(whole, ["a"]) == {"tables": {"a": {"columns": {}}}, "relationships": []}
    assert only(whole, ["a", "b"]) == whole
