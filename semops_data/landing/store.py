"""`ObjectStore`: whole objects under one root, a folder or `s3://bucket/prefix`.

A put is atomic: a reader sees the object before or the object after, never half of one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semops_data.landing.advice import advice, first_line, patiently

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semops_data.settings import Settings

CONNECT_TIMEOUT = "3s"
REQUEST_TIMEOUT = "30s"
MAX_RETRIES = 3
PLAIN = re.compile(r"^(?:[\w=-][\w=.-]*/)*[\w=-][\w=.-]*$", re.ASCII)


class StoreError(OSError):
    """The store could not be read or written; names the place, what went wrong and what to do."""


class MissingObjectError(LookupError):
    """An object is read that nobody has put there."""


@dataclass(frozen=True)
class Stored:
    """One object after a put.

    Attributes:
        uri: where it lies.
        size_bytes: its length.
        sha256: of its bytes, 64 hexadecimal characters.
        changed: whether anything was written; false where the object already held these bytes.
    """

    uri: str
    size_bytes: int
    sha256: str
    changed: bool


@dataclass(frozen=True)
class ObjectStore:
    """Objects below one root.

    Attributes:
        root: folder or `s3://bucket/prefix`.
        options: configuration of an S3 client by its `AWS_*` names; holds secrets, so it is left out of `repr`.
    """

    root: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_local(self) -> bool:
        """Whether the root is a folder."""
        return "://" not in self.root

    def uri(self, path: str) -> str:
        """Where the object with that path lies."""
        return f"{self.root.rstrip('/')}/{path}"

    def put(self, path: str, data: bytes) -> Stored:
        """Store an object, unless it already holds exactly these bytes.

        Raises:
            StoreError: where it could not be written; what lay there before lies there still.
        """
        fingerprint = hashlib.sha256(data).hexdigest()
        if self._digest(path) == fingerprint:
            return Stored(self.uri(path), len(data), fingerprint, changed=False)
        self._prove()
        self.write(path, data)
        return Stored(self.uri(path), len(data), fingerprint, changed=True)

    def write(self, path: str, data: bytes) -> None:
        """Store an object under a path that nobody else uses, without a look at what lies there.

        Raises:
            StoreError: where it could not be written.
        """
        try:
            # The client takes a view of signed bytes, as Arrow's buffers give it, for a list of numbers.
            plain = data if isinstance(data, bytes) else data.cast("B")
            patiently(lambda: self._client.put(path, plain))
        except (OSError, self._errors) as error:
            raise self._failure("write", path, error) from error

    def get(self, path: str) -> bytes:
        """The bytes of an object.

        Raises:
            MissingObjectError: where there is none.
            StoreError: where it could not be read.
        """
        try:
            # A file is read without a copy on the way; what is no plain name is spelled otherwise on disk.
            if self._client and self.is_local and PLAIN.match(path):
                return (Path(self.root) / path).read_bytes()
            return patiently(lambda: bytes(self._client.get(path).bytes()))
        except FileNotFoundError as error:
            raise MissingObjectError(f"there is no object at {self.uri(path)}") from error
        except (OSError, self._errors) as error:
            raise self._failure("read", path, error) from error

    def list(self, prefix: str = "") -> list[str]:
        """Paths of the objects below a prefix, sorted.

        Raises:
            StoreError: where the store could not be read.
        """
        try:
            return patiently(
                lambda: sorted(str(item["path"]) for batch in self._client.list(prefix or None) for item in batch)
            )
        except (OSError, self._errors) as error:
            raise self._failure("list", prefix, error) from error

    def delete(self, path: str) -> None:
        """Remove an object; no error where there is none.

        Raises:
            StoreError: where it could not be removed.
        """
        try:
            patiently(lambda: self._client.delete(path))
        except FileNotFoundError:
            return
        except (OSError, self._errors) as error:
            raise self._failure("delete", path, error) from error

    def _digest(self, path: str) -> str | None:
        """sha256 of what lies under the path; none where nothing does."""
        try:
            return hashlib.sha256(self.get(path)).hexdigest()
        except MissingObjectError:
            return None

    @cached_property
    def _client(self) -> Any:
        try:
            return client(self.root, self.options)
        except (OSError, self._errors) as error:
            raise self._failure("open", "", error) from error

    @property
    def _errors(self) -> type[Exception]:
        from obstore.exceptions import BaseError

        return BaseError

    def _prove(self) -> None:
        if not self.is_local and "AWS_ENDPOINT_URL" in self.options:
            from semops_data.landing.selftest import prove_atomic_puts

            prove_atomic_puts(self.root, self.options)

    def _failure(self, verb: str, path: str, error: Exception) -> StoreError:
        place = self.uri(path) if path else self.root
        return StoreError(f"cannot {verb} {place}: {first_line(error)}; {advice(str(error), self.root)}")


def client(root: str, options: Mapping[str, str]) -> Any:
    """An obstore client for a folder (made where it is missing) or for `s3://bucket/prefix`."""
    from datetime import timedelta

    from obstore.store import LocalStore, S3Store

    if "://" not in root:
        return LocalStore(root, mkdir=True)
    if not root.startswith("s3://"):
        raise ValueError(f"{root} is neither a folder nor s3://bucket/prefix")
    bucket, _, prefix = root.removeprefix("s3://").partition("/")
    named = {key: value for key, value in options.items() if key.startswith("AWS_") and key != "AWS_ALLOW_HTTP"}
    return S3Store(
        bucket,
        prefix=prefix or None,
        config=named,
        client_options={
            "connect_timeout": CONNECT_TIMEOUT,
            "timeout": REQUEST_TIMEOUT,
            "allow_http": options.get("AWS_ALLOW_HTTP") == "true",
        },
        retry_config={"max_retries": MAX_RETRIES, "retry_timeout": timedelta(seconds=20)},
    )


def store_options(settings: Settings) -> dict[str, str]:
    """Options of an S3 client for any `s3://` address of the platform, by their `AWS_*` names."""
    options = {"AWS_REGION": settings.s3_region}
    if settings.s3_endpoint_url:
        options["AWS_ENDPOINT_URL"] = settings.s3_endpoint_url
    if settings.s3_access_key_id and settings.s3_secret_access_key:
        options["AWS_ACCESS_KEY_ID"] = settings.s3_access_key_id.get_secret_value()
        options["AWS_SECRET_ACCESS_KEY"] = settings.s3_secret_access_key.get_secret_value()
    if settings.s3_allow_http:
        options["AWS_ALLOW_HTTP"] = "true"
    return options


def landing_store(settings: Settings) -> ObjectStore:
    """The store of the landing room."""
    is_local = "://" not in settings.landing_root
    return ObjectStore(settings.landing_root, {} if is_local else store_options(settings))
