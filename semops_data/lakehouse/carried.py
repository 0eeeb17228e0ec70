"""What one night found and the next one need not find again: a cache of the scorer, never a part of its answer.

Everything here is kept under what it was computed from, or with the conditions under which it still holds; without it
the same bits come out, later. It is read only by the code that wrote it: another version of the scorer starts anew.
A file is there in whole or not at all, so that a process may be killed at any instant.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SIZE = 16
BLOCK = 2_048
# What scores depend on beside the tables: the scorer's own code, what it takes from other rooms, and this module.
SOURCES = ("coherence", "corpus", "embeddings", "contracts", "lakehouse/carried.py")


@dataclass(frozen=True)
class Carried:
    """Named arrays of the night before, in a folder of their own.

    Attributes:
        folder: made where it is missing; None keeps nothing.
    """

    folder: Path | None = None

    def read(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of that name; none where nothing was kept, or by another version of the scorer, or it broke."""
        if self.folder is None:
            return {}
        place, broken = self.folder / f"{name}.npz", (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
        with suppress(*broken), place.open("rb") as file, np.load(file, allow_pickle=False) as held:
            if held["stamp"].tobytes() == stamp():
                return {key: held[key] for key in held.files if key != "stamp"}
        return {}

    def write(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep the arrays under a name, in place of those of before; a full disk costs the next night, not this one."""
        if self.folder is None:
            return
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(prefix=f".{name}-", dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    np.savez(file, stamp=np.frombuffer(stamp(), np.uint8), **arrays)  # type: ignore[arg-type]
                Path(part).replace(self.folder / f"{name}.npz")
            finally:
                Path(part).unlink(missing_ok=True)

    def memo(self, name: str) -> Memo:
        """Answers by what they were computed from."""
        return Memo(self, name)


NOTHING = Carried()


def carried_of(home: Path, root: str) -> Carried:
    """What was carried over for the lake at a root, under the platform's home."""
    return Carried(home / "coherence" / "carried" / digest(root).hex())


class Memo:
    """JSON-compatible answers by a digest of what they were computed from; what a night did not use is dropped."""

    def __init__(self, carried: Carried, name: str) -> None:
        self._carried, self._name = carried, name
        held = carried.read(name)
        self._held: dict[bytes, str] = {}
        if held:
            answers = json.loads(held["answers"].tobytes())
            self._held = dict(zip(rows_of(held["keys"]), answers, strict=True))
        self._used: dict[bytes, str] = {}

    def told(self, parts: tuple[Any, ...], compute: Callable[[], Any]) -> Any:
        """The answer to what these parts are the whole question of: as it was told before, or computed now."""
        key = digest(*parts)
        answer = self._used.get(key) or self._held.get(key)
        if answer is None:
            answer = json.dumps(compute())
        self._used[key] = answer
        return json.loads(answer)

    def knows(self, parts: tuple[Any, ...]) -> bool:
        """Whether the answer was told before."""
        key = digest(*parts)
        return key in self._used or key in self._held

    def keep(self) -> None:
        """Keep what was asked since this memo was opened."""
        if self._used.keys() == self._held.keys():
            return
        answers = json.dumps(list(self._used.values())).encode()
        self._carried.write(self._name, {"keys": array_of(self._used), "answers": np.frombuffer(answers, np.uint8)})


@cache
def stamp() -> bytes:
    """Digest of the code that scores and of the library that adds up its numbers."""
    package, sink = Path(__file__).parents[1], sha256(np.__version__.encode())
    for name in SOURCES:
        place = package / name
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            sink.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return sink.digest()


def digest(*parts: Any) -> bytes:
    """SIZE bytes that stand for some texts, numbers, bytes, arrays and tuples of such."""
    sink = blake2b(digest_size=SIZE)
    for part in parts:
        body = _body(part)
        sink.update(b"%d:" % len(body) + body)
    return sink.digest()


def encoded(text: str) -> bytes:
    """A text in UTF-8, whatever it holds."""
    return text.encode("utf-8", "surrogatepass")


def _body(part: Any) -> bytes:
    if isinstance(part, str):
        return b"s" + encoded(part)
    if isinstance(part, bytes):
        return b"b" + part
    if isinstance(part, np.ndarray):
        return f"{part.dtype}{part.shape}".encode() + np.ascontiguousarray(part).tobytes()
    return b"r" + encoded(repr(part))


def vector_digests(vectors: np.ndarray) -> list[bytes]:
    """Eight bytes of each row of float32 vectors, shape (n, dimension): other bits, another digest."""
    numbers = np.ascontiguousarray(vectors, np.float32)
    bits: np.ndarray = (np.pad(numbers, ((0, 0), (0, 1))) if numbers.shape[1] % 2 else numbers).view(np.uint64)
    factors = np.random.default_rng(0).integers(1, 2**63, bits.shape[1], np.uint64) | np.uint64(1)
    found = np.zeros(len(bits), np.uint64)
    for start in range(0, len(bits), BLOCK):
        block = bits[start : start + BLOCK]
        # Each number is stirred before it is weighed: two that change together must not cancel out.
        block = (block ^ (block >> np.uint64(29))) * factors
        found[start : start + BLOCK] = (block ^ (block >> np.uint64(32))).sum(axis=1)
    return [value.tobytes() for value in found]


def array_of(keys: Iterable[bytes]) -> np.ndarray:
    """Digests as uint8, shape (n, SIZE)."""
    return np.frombuffer(b"".join(keys), np.uint8).reshape(-1, SIZE)


def rows_of(keys: np.ndarray) -> list[bytes]:
    """The digests that an array holds."""
    data = keys.tobytes()
    return [data[start : start + SIZE] for start in range(0, len(data), SIZE)]
