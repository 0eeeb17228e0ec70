"""Reading and writing by contract, and errors that name the place and the way out."""

import contextlib
import subprocess
from datetime import date

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from semops_data.lakehouse.lake import Lake, MissingTableError
from semops_data.lakehouse.shapes import FormerShapeError
from semops_data.lakehouse.writing import LakeError
from semops_data.synthesis.business import business_day
from semops_data_tests.landing.test_store import file_system, needs_mount
from semops_data_tests.scenario import DAY, DAYS, small_business, small_lake

TRUTH = "synthesis/truth"


def _truth(day: str = DAY) -> pa.Table:
    return business_day(small_business(), date.fromisoformat(day)).truth


def test_replacing_a_partition_leaves_the_others_alone(tmp_path):
    """Days are made again one at a time."""
    lake, _ = small_lake(tmp_path)
    for day in DAYS[:2]:
        assert lake.replace(TRUTH, _truth(day), where={"day": day}).changed
    lake.replace(TRUTH, _truth().slice(0, 3), where={"day": DAY})
    assert lake.read(TRUTH, where={"day": DAY}).num_rows == 3
    assert lake.read(TRUTH, where={"day": DAYS[1]}).num_rows == _truth(DAYS[1]).num_rows
    assert not lake.replace(TRUTH, _truth().slice(0, 3), where={"day": DAY}).changed


def test_a_table_that_was_written_before_a_column_is_read_with_nulls_or_refused_by_name(tmp_path):
    """A newer version of the platform meets the tables of an older one, before it has written them anew."""
    lake, _ = small_lake(tmp_path)
    rows = pa.table({"scope": ["organisation"], "sc": [0.5]})
    write_deltalake(lake.uri("coherence/organisation"), rows)
    assert lake.read("coherence/organisation", columns=["sc", "sc_low"]).to_pylist() == [{"sc": 0.5, "sc_low": None}]
    with pytest.raises(FormerShapeError, match=r"without the column .*scored_count.* asset coherence/organisation"):
        lake.read("coherence/organisation")


def test_rows_that_break_the_contract_are_refused_by_column(tmp_path):
    """Delta casts "12" to 12 without a word; we do not."""
    lake, _ = small_lake(tmp_path)
    with pytest.raises(ValueError, match=r"synthesis/truth.*missing \['unit'\]"):
        lake.replace(TRUTH, _truth().drop(["unit"]))
    with pytest.raises(ValueError, match=r"nulls in \['unit'\]"):
        lake.replace(TRUTH, _truth().set_column(5, "unit", pa.nulls(_truth().num_rows, pa.string())))


def test_a_table_that_was_never_written_is_named_with_its_asset(tmp_path):
    """The usual cause is an upstream that was not materialized."""
    lake, _ = small_lake(tmp_path)
    with pytest.raises(MissingTableError, match="materialize the asset synthesis/truth first"):
        lake.read(TRUTH)


def test_a_partition_value_cannot_escape_its_quotes(tmp_path):
    """Partition keys come from outside."""
    lake, _ = small_lake(tmp_path)
    lake.replace(TRUTH, _truth(), where={"day": DAY})
    evil = "' OR 1=1 --"
    rows = _truth().set_column(0, _truth().schema.field("day"), pa.array([evil] * _truth().num_rows))
    with pytest.raises(ValueError, match="quote"):
        lake.replace(TRUTH, rows, where={"day": evil})


def test_a_damaged_table_is_named_with_what_to_do(tmp_path):
    """A data file that is gone, for instance through a careless clean-up."""
    lake, _ = small_lake(tmp_path)
    lake.replace(TRUTH, _truth(), where={"day": DAY})
    for file in (tmp_path / "delta" / "synthesis" / "truth").rglob("*.parquet"):
        file.unlink()
    with pytest.raises(LakeError, match=r"cannot read .*synthesis/truth.*undamaged"):
        lake.read(TRUTH)


def test_a_root_below_a_file_is_named_with_what_to_do(tmp_path):
    """A typing error in SEMOPS_HOME."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError, match=r"cannot write .*file/delta/synthesis/truth.*SEMOPS_HOME"):
        Lake(str(tmp_path / "file" / "delta")).replace(TRUTH, _truth())


def fill(file):
    """Write until the disk is full."""
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))


@needs_mount
def test_a_full_disk_commits_nothing_and_says_so(tmp_path):
    """The version before stays readable, and the same write succeeds once there is space."""
    with file_system(tmp_path / "disk", size="256k") as disk:
        lake = Lake(str(disk))
        few = _truth().slice(0, 3)
        version = lake.replace(TRUTH, few, where={"day": DAY}).version
        fill(disk / "filler")
        many = business_day(small_business(orders_per_day=4_000), date.fromisoformat(DAY)).truth
        with pytest.raises(LakeError, match=r"cannot write .*synthesis/truth.*free some space"):
            lake.replace(TRUTH, many, where={"day": DAY})
        assert lake.version(TRUTH) == version
        assert lake.read(TRUTH).num_rows == 3
        subprocess.run(["mount", "-o", "remount,size=4m", disk], check=True)
        assert lake.replace(TRUTH, many, where={"day": DAY}).rows == many.num_rows


@needs_mount
def test_a_read_only_folder_is_named_with_what_to_do(tmp_path):
    """A volume that was mounted for reading; what it holds can still be read."""
    with file_system(tmp_path / "disk", size="1m") as disk:
        lake = Lake(str(disk))
        lake.replace(TRUTH, _truth(), where={"day": DAY})
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(LakeError, match=r"cannot write .*synthesis/truth.*writable"):
            lake.replace(TRUTH, _truth().slice(0, 2), where={"day": DAY})
        assert lake.read(TRUTH).num_rows == _truth().num_rows
