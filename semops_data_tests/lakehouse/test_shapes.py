"""Delta tables as Arrow datasets: every name is found, and the process that read one ends well."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from semops_data.lakehouse.shapes import as_dataset

READER = """
import sys
from deltalake import DeltaTable
from semops_data.lakehouse.shapes import as_dataset
assert len(as_dataset(DeltaTable(sys.argv[1])).to_table(use_threads=False)) == 5
"""


@pytest.mark.parametrize("name", ["plain", "a b", "p#h?x", "50%"])
def test_folders_and_partition_values_of_any_name_are_found(tmp_path, name):
    keys = ["a b", "ü", "x/y", "50%", "[z]"]
    folder = str(tmp_path / name)
    write_deltalake(folder, pa.table({"k": keys, "v": range(5)}), partition_by=["k"])
    found = as_dataset(DeltaTable(folder)).to_table()
    assert dict(zip(found["k"].to_pylist(), found["v"].to_pylist(), strict=True)) == dict(
        zip(keys, range(5), strict=True)
    )
    assert as_dataset(DeltaTable(folder), [("k", "=", "x/y")]).to_table()["v"].to_pylist() == [2]


def test_a_process_that_has_read_a_table_ends_well(tmp_path):
    """Files of delta-rs's own file system aborted three of ten such processes, several at once."""
    write_deltalake(str(tmp_path / "t"), pa.table({"v": range(5)}))
    readers = [subprocess.Popen([sys.executable, "-c", READER, str(tmp_path / "t")]) for _ in range(6)]
    assert [reader.wait(120) for reader in readers] == [0] * 6
