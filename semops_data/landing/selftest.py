"""Proof that an S3 endpoint's conditional puts are atomic.

Delta's log rests on them: where two writers can both create the same key, commits are lost without an error.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import TYPE_CHECKING
from uuid import uuid4

from semops_data.landing.advice import advice, first_line
from semops_data.landing.store import StoreError, client

if TYPE_CHECKING:
    from collections.abc import Mapping

RACERS = 16
_proven: set[tuple[str, str]] = set()
_lock = Lock()


class UnsafeStoreError(StoreError):
    """The endpoint lets two writers create the same object."""


def prove_atomic_puts(root: str, options: Mapping[str, str]) -> None:
    """Let 16 writers race for one key, once per process, endpoint and root.

    Args:
        root: `s3://bucket/prefix`; a key below `.self-test/` is written there and removed.
        options: configuration of the client by its `AWS_*` names.

    Raises:
        UnsafeStoreError: where not exactly one writer won.
        StoreError: where the endpoint cannot be written at all.
    """
    endpoint = (options.get("AWS_ENDPOINT_URL", ""), root)
    with _lock:
        if endpoint in _proven:
            return
        winners = count_winners(root, options)
        if winners != 1:
            raise UnsafeStoreError(
                f"of {RACERS} writers that raced to create one object at {root} ({endpoint[0]}), {winners} won where "
                "exactly 1 may: this endpoint would lose Delta commits; use one with atomic conditional puts "
                "(If-None-Match), or keep SEMOPS_LAKE_URI on a folder"
            )
        _proven.add(endpoint)


def count_winners(root: str, options: Mapping[str, str]) -> int:
    """How many of 16 concurrent writers were told that they created the same new key."""
    from obstore.exceptions import AlreadyExistsError, BaseError

    store, key, start = client(root, options), f".self-test/{uuid4().hex}", Barrier(RACERS)

    def race(racer: int) -> bool:
        start.wait()
        try:
            store.put(key, str(racer).encode(), mode="create")
        except AlreadyExistsError:
            return False
        return True

    try:
        with ThreadPoolExecutor(RACERS) as pool:
            winners = sum(pool.map(race, range(RACERS)))
        store.delete(key)
    except (OSError, BaseError) as error:
        raise StoreError(f"cannot write to {root}: {first_line(error)}; {advice(str(error), root)}") from error
    return winners
