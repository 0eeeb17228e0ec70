"""Columns come and change; none is lost, none is taken for another, and what is refused leaves no trace."""

import re
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from semops_data.contracts import TABLES, Column, Table, table
from semops_data.lakehouse.digest import digest
from semops_data.lakehouse.lake import Lake
from semops_data.lakehouse.merge import prepared
from semops_data.lakehouse.schema import CONSTRAINT, SchemaChangeError, constraints
from semops_data.lakehouse.settle import settle
from semops_data.lakehouse.writing import LakeError
from semops_data.landing.objects import land
from semops_data.landing.store import ObjectStore
from semops_data.synthesis.business import business_day
from semops_data_tests.scenario import DAY, DAYS, land_day, small_business, small_lake

PRODUCTS = "lakehouse/products"


def _landed(lake: Lake, store: ObjectStore, day: str = DAY) -> pa.Table:
    business = small_business(orders_per_day=20)
    return land_day(store, day, business).tables["products"]


def _replaced(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, values)


def _files(tmp_path) -> set[str]:
    return {str(path) for path in (tmp_path / "delta").rglob("*") if path.is_file()}


def test_an_unknown_column_is_quarantined_and_noted(tmp_path):
    """The default: the day goes on, a person is told, and the values stay where they were landed."""
    lake, store = small_lake(tmp_path)
    rows = _landed(lake, store)
    plain = settle(lake, store, "products", DAY)
    with_colour = rows.append_column("colour", pa.array(["red", None] * rows.num_rows)[: rows.num_rows])
    land(store, "products", DAY, with_colour)
    result = settle(lake, store, "products", DAY)
    assert result.unknown_columns == ("colour",)
    assert (result.kept.digest, result.kept.changed) == (plain.kept.digest, False)
    (noted,) = lake.read("lakehouse/new_columns").to_pylist()
    assert (noted["column_name"], noted["source_type"], noted["decision"]) == ("colour", "string", "quarantined")
    assert noted["rows_filled"] == (rows.num_rows + 1) // 2
    assert noted["examples"] == ["red"]
    land(store, "products", DAY, rows)
    settle(lake, store, "products", DAY)
    assert lake.count("lakehouse/new_columns") == 0


def test_an_unknown_column_is_added_where_the_policy_says_so(tmp_path):
    """Rows of days without it have null there, and a day can be settled again under any policy."""
    lake, store = small_lake(tmp_path)
    land_day(store, DAYS[1], small_business(orders_per_day=20))
    rows = _landed(lake, store)
    for name in ("customers", "products"):
        settle(lake, store, name, DAYS[1])
    land(store, "products", DAY, rows.append_column("weight_grams", pa.array(range(rows.num_rows), pa.int32())))
    settle(lake, store, "products", DAY, new_columns="add")
    held = pa.table(lake.open(PRODUCTS).to_pyarrow_dataset().to_table(use_threads=False))
    assert held.schema.field("weight_grams").type == pa.int64()
    version = lake.version(PRODUCTS)
    settle(lake, store, "products", DAY)
    settle(lake, store, "products", DAYS[1])
    assert lake.version(PRODUCTS) == version
    assert lake.read(PRODUCTS).schema.names == table(PRODUCTS).arrow_schema.names


def test_a_column_added_to_json_lines_is_text(tmp_path):
    """Events come as JSON, which knows no columns; a day without the key stays readable."""
    lake, store = small_lake(tmp_path)
    business = small_business(orders_per_day=20)
    for name in land_day(store, DAY, business).tables:
        settle(lake, store, name, DAY)
    path = store.list("landing/events")[0]
    store.put(path, store.get(path).replace(b'"event_id":"', b'"ab_test":{"arm":1},"event_id":"'))
    settle(lake, store, "events", DAY, new_columns="add")
    held = lake.open("lakehouse/events").to_pyarrow_dataset().to_table(columns=["ab_test"], use_threads=False)
    assert set(held.column("ab_test").cast(pa.string()).to_pylist()) == {'{"arm":1}'}


def test_an_unknown_column_is_refused_where_the_policy_says_so(tmp_path):
    """And nothing at all is written then."""
    lake, store = small_lake(tmp_path)
    rows = _landed(lake, store)
    land(store, "products", DAY, rows.append_column("colour", pa.nulls(rows.num_rows, pa.string())))
    with pytest.raises(SchemaChangeError, match=r"day=2026-01-01.*colour \(string\).*nothing was written"):
        settle(lake, store, "products", DAY, new_columns="refuse")
    assert _files(tmp_path) == set()


@pytest.mark.parametrize(
    ("name", "type_"), [("unit_price", pa.float64()), ("title", pa.int64()), ("created_at", pa.date32())]
)
def test_a_changed_type_is_refused_with_the_difference(tmp_path, name, type_):
    """A price in cents instead of euros, a number instead of a name: nobody may guess, and nothing is half-written."""
    lake, store = small_lake(tmp_path)
    rows = _landed(lake, store)
    settle(lake, store, "products", DAY)
    before = _files(tmp_path)
    land(store, "products", DAY, _replaced(rows, name, pa.array([1] * rows.num_rows, pa.int32()).cast(type_)))
    with pytest.raises(
        SchemaChangeError, match=rf"{name}: expected string, is {re.escape(str(type_))}.*; nothing was written"
    ):
        settle(lake, store, "products", DAY)
    assert _files(tmp_path) == before


def test_an_added_column_keeps_its_type(tmp_path):
    """The second day's surprise is judged against the first day's."""
    lake, store = small_lake(tmp_path)
    rows = _landed(lake, store)
    land(store, "products", DAY, rows.append_column("extra", pa.array(range(rows.num_rows))))
    settle(lake, store, "products", DAY, new_columns="add")
    land(store, "products", DAY, rows.append_column("extra", pa.array(["x"] * rows.num_rows)))
    with pytest.raises(SchemaChangeError, match="extra: expected int64, is string"):
        settle(lake, store, "products", DAY, new_columns="add")


def test_text_is_never_read_as_a_number(tmp_path):
    """Arrow and Delta both would, without a word."""
    lake, _ = small_lake(tmp_path)
    truth = business_day(small_business(orders_per_day=20), date.fromisoformat(DAY)).truth
    wrong = _replaced(truth, "value", pc.cast(truth.column("value"), pa.string()))
    with pytest.raises(SchemaChangeError, match="value: expected int64, is string"):
        lake.replace("synthesis/truth", wrong, where={"day": DAY})


def _contract(monkeypatch, *columns: Column) -> Table:
    made = Table("lakehouse/toys", "One row per toy.", (Column("toy_id", "string", "Toy.", is_key=True), *columns))
    monkeypatch.setitem(TABLES, made.key, made)
    return made


def test_a_table_follows_its_contract_where_no_row_is_in_the_way(tmp_path, monkeypatch):
    """A gained nullable column, a changed range; a changed type is refused with the difference."""
    lake, _ = small_lake(tmp_path)
    _contract(monkeypatch, Column("price_cents", "int64", "Price.", minimum=0, maximum=10))
    lake.merge("lakehouse/toys", pa.table({"toy_id": ["a"], "price_cents": [5]}))
    wider = Column("price_cents", "int64", "Price.", minimum=0, maximum=100)
    made = _contract(monkeypatch, wider, Column("colour", "string", "Colour.", nullable=True))
    lake.merge("lakehouse/toys", pa.table({"toy_id": ["b"], "price_cents": [50], "colour": ["red"]}))
    rows = lake.read("lakehouse/toys").sort_by("toy_id").to_pylist()
    assert [row["colour"] for row in rows] == [None, "red"]
    assert _constraints(lake, made.key) == set(constraints(made))
    _contract(monkeypatch, Column("price_cents", "string", "Price."))
    version = lake.version("lakehouse/toys")
    with pytest.raises(SchemaChangeError, match=r"lakehouse/toys.*price_cents: expected string, is int64"):
        lake.merge("lakehouse/toys", pa.table({"toy_id": ["c"], "price_cents": ["7"]}))
    assert lake.version("lakehouse/toys") == version


def _constraints(lake: Lake, key: str) -> set[str]:
    return {name.removeprefix(CONSTRAINT) for name in lake.open(key).metadata().configuration if CONSTRAINT in name}


@pytest.mark.parametrize("key", [key for key, contract in TABLES.items() if constraints(contract)])
def test_every_contract_can_be_a_tables_constraints(tmp_path, key):
    """Ranges and closed sets of all rooms, as Delta understands them, with comments on every column."""
    contract = table(key)
    delta = prepared(Lake(str(tmp_path)), contract)
    assert {name.removeprefix(CONSTRAINT) for name in delta.metadata().configuration if CONSTRAINT in name} == set(
        constraints(contract)
    )
    fields = {field.name: field.metadata["comment"] for field in delta.schema().fields}
    assert fields == {column.name: column.description for column in contract.columns}
    version = delta.version()
    assert prepared(Lake(str(tmp_path)), contract).version() == version


def test_a_replaced_table_refuses_another_writers_bad_rows(tmp_path):
    """Constraints lie in the table: also where it is written by partition replace, and after a whole replace."""
    from deltalake import write_deltalake

    lake, _ = small_lake(tmp_path)
    rows = business_day(small_business(orders_per_day=20), date.fromisoformat(DAY)).defects
    lake.replace("synthesis/defects", rows, where={"day": DAY})
    lake.replace("synthesis/defects", rows.slice(1))
    delta: DeltaTable = lake.open("synthesis/defects")
    held = pa.schema(delta.schema().to_arrow())
    assert [field.metadata[b"comment"] for field in held] == [
        column.description.encode() for column in table("synthesis/defects").columns
    ]
    bad = _replaced(rows, "kind", pa.array(["unheard-of"] * rows.num_rows))
    assert constraints(table("synthesis/defects"))
    with pytest.raises(Exception, match="failed validation"):
        write_deltalake(delta, bad, mode="append")
    with pytest.raises(LakeError, match="break the table's contract"):
        lake.replace("synthesis/defects", bad.cast(rows.schema), where={"day": DAY})
    assert digest(lake.read("synthesis/defects")) == digest(lake.conform("synthesis/defects", rows.slice(1)))
