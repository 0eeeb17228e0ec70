"""Objects are whole or absent, and errors say where and what to do."""

import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest

from semops_data.landing.store import MissingObjectError, ObjectStore, StoreError
from semops_data_tests.scenario import small_lake

needs_mount = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="mounting a small file system needs root"
)


@contextmanager
def file_system(folder, size="256k"):
    """A real file system of that size, mounted on the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
                             check=False, capture_output=True)  # fmt: skip
    if mounted.returncode:
        pytest.skip("this machine does not allow mounts")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_second_put_of_the_same_bytes_writes_nothing(tmp_path):
    """Materializing again must not touch what hangs on the object's time."""
    _, store = small_lake(tmp_path)
    first, second = store.put("a/b", b"rows"), store.put("a/b", b"rows")
    assert (first.changed, second.changed) == (True, False)
    assert first.sha256 == second.sha256


def test_objects_are_listed_in_order_and_deleted_once_or_twice(tmp_path):
    """Deleting what is gone is no error: the wanted state holds."""
    _, store = small_lake(tmp_path)
    for name in ("x/2", "x/1", "y/1"):
        store.put(name, b"1")
    store.delete("x/2")
    store.delete("x/2")
    assert store.list("x") == ["x/1"]
    with pytest.raises(MissingObjectError, match="x/2"):
        store.get("x/2")


def test_secrets_do_not_show_in_the_representation():
    """Representations end up in logs."""
    store = ObjectStore("s3://bucket/prefix", {"AWS_SECRET_ACCESS_KEY": "hush"})
    assert "hush" not in repr(store)
    assert "hush" not in str(store)


def test_a_root_that_is_a_file_is_named_with_what_to_do(tmp_path):
    """A typing error in SEMOPS_HOME."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot open .*file/s3.*SEMOPS_HOME"):
        ObjectStore(str(tmp_path / "file" / "s3")).put("a", b"1")


@needs_mount
def test_a_full_disk_keeps_the_old_object_and_says_so(tmp_path):
    """Half an object would be read as damaged ever after."""
    with file_system(tmp_path / "disk") as disk:
        store = ObjectStore(str(disk))
        store.put("a/b", b"old")
        with pytest.raises(StoreError, match=r"cannot write .*a/b: .*free some space"):
            store.put("a/b", os.urandom(1_000_000))
        assert store.get("a/b") == b"old"


@needs_mount
def test_a_read_only_folder_is_named_with_what_to_do(tmp_path):
    """A volume that was mounted for reading."""
    with file_system(tmp_path / "disk") as disk:
        store = ObjectStore(str(disk))
        store.put("a/b", b"old")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(StoreError, match=r"cannot write .*a/c: .*writable"):
            store.put("a/c", b"new")
        assert store.get("a/b") == b"old"


def test_an_endpoint_that_is_away_is_reported_soon():
    """Without timeouts of ours, a step would hang for minutes."""
    options = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
               "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "hush"}  # fmt: skip
    with pytest.raises(StoreError, match=r"s3://bucket/a.*SEMOPS_S3_ENDPOINT_URL") as caught:
        ObjectStore("s3://bucket", options).get("a")
    assert "hush" not in str(caught.value)
