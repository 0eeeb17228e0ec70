"""Proof that an S3 endpoint's conditional puts are atomic.

Delta's log rests on them: where two writers can both create the same key, commits are lost without an error.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import TYPE_CHECKING
from uuid import uuid4

from semops_data.landing.advice import advice, first_line, patiently
from semops_data.landing.store import StoreError, client

if TYPE_CHECKING:
    from collections.abc import Mapping

RACERS, RACES = 16, 5
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
        winners = race_until_clear(root, options)
        if winners != 1:
            raise UnsafeStoreError(
                f"of {RACERS} writers that raced to create one object at {root} ({endpoint[0]}), {winners} won where "
                "exactly 1 may: this endpoint would lose Delta commits; use one with atomic conditional puts "
                "(If-None-Match), or keep SEMOPS_LAKE_URI on a folder"
            )
        _proven.add(endpoint)


def race_until_clear(root: str, options: Mapping[str, str]) -> int:
    """The winners of the first of at most 5 races in which every racer got an answer and somebody won.

    A lost answer says nothing: the racer may have won. Two winners are clear at once.

    Raises:
        StoreError: where answers are lost in every race.
    """
    winners, lost = 0, None
    for _ in range(RACES):
        winners, lost = race(root, options)
        if winners > 1 or (winners == 1 and lost is None):
            return winners
    if lost is not None:
        raise StoreError(f"cannot write to {root}: {first_line(lost)}; {advice(str(lost), root)}") from lost
    return winners


def count_winners(root: str, options: Mapping[str, str]) -> int:
    """How many of 16 concurrent writers were told that they created the same new key.

    Raises:
        StoreError: where a writer got no answer.
    """
    winners, lost = race(root, options)
    if lost is not None:
        raise StoreError(f"cannot write to {root}: {first_line(lost)}; {advice(str(lost), root)}") from lost
    return winners


def race(root: str, options: Mapping[str, str]) -> tuple[int, Exception | None]:
    """One race: how many were told that they had won, and an error of those that were told nothing."""
    from obstore.exceptions import AlreadyExistsError, BaseError

    store, key, start = client(root, options), f".self-test/{uuid4().hex}", Barrier(RACERS)

    def put(racer: int) -> Exception | bool:
        start.wait()
        try:
            store.put(key, str(racer).encode(), mode="create")
        except AlreadyExistsError:
            return False
        except (OSError, BaseError) as error:
            return error
        return True

    with ThreadPoolExecutor(RACERS) as pool:
        told = list(pool.map(put, range(RACERS)))
    lost = next((answer for answer in told if isinstance(answer, Exception)), None)
    try:
        patiently(lambda: store.delete(key))
    except (OSError, BaseError) as error:
        lost = lost or error
    return sum(answer is True for answer in told), lost
