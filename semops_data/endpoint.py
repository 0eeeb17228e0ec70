"""JSON over HTTP to a service of the user's: our own timeouts, few retries, and errors that hold no key.

Belongs here: one request, and the patience to make it again. What is asked and what an answer means belongs to the
room that asks.
"""

from __future__ import annotations

import json
import ssl
import time
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
CONNECT_SECONDS = 3.0
# No answer that we ask for is longer: a batch of 2,048 vectors is 40 MB of JSON.
LARGEST_BYTES = 128_000_000
ATTEMPTS = 3
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 10.0
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
TOLD = 200


class EndpointError(ConnectionError):
    """An endpoint did not answer, or not as it should.

    Attributes:
        status: HTTP status; None where no answer came.
        is_passing: whether the same request may succeed a little later.
        wait_seconds: how long the endpoint asks to wait; None where it does not say.
        may_have_worked: whether it may have done the work before it failed: its cost has to be counted.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        is_passing: bool = False,
        wait_seconds: float | None = None,
        may_have_worked: bool = False,
    ) -> None:
        super().__init__(message)
        self.status, self.is_passing = status, is_passing
        self.wait_seconds, self.may_have_worked = wait_seconds, may_have_worked


@dataclass(frozen=True)
class Endpoint:
    """Where requests go.

    Attributes:
        url: base address, without a slash at its end.
        api_key: sent as a bearer token; left out of `repr` and of every error.
        timeout_seconds: how long one request may take in all.
        setting: the variable that an error tells the user to look at.
    """

    url: str
    api_key: str | None = field(default=None, repr=False)
    timeout_seconds: float = 30.0
    setting: str = ""

    @property
    def host(self) -> str:
        """Host and port, for names and errors."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The JSON that one request gives: a POST of `body`, or a GET without one.

        Raises:
            EndpointError: where no whole JSON document came in time.
        """
        import httpx

        # A proxy of the environment is for addresses beyond this machine.
        is_here = urlsplit(self.url).hostname in LOOPBACK
        until = time.monotonic() + self.timeout_seconds
        timeout = httpx.Timeout(self.timeout_seconds, connect=min(CONNECT_SECONDS, self.timeout_seconds))
        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        try:
            with (
                httpx.Client(timeout=timeout, trust_env=not is_here, verify=_trust(), follow_redirects=False) as client,
                client.stream("GET" if body is None else "POST", self.url + path, json=body, headers=headers) as said,
            ):
                content = self._content(said, until)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise self._failed(f"cannot be reached ({type(error).__name__})", is_passing=True) from None
        except httpx.TimeoutException:
            text = f"gave no answer within {self.timeout_seconds:g} s"
            raise self._failed(text, is_passing=True, may_have_worked=True) from None
        except httpx.HTTPError as error:
            text = f"broke off ({type(error).__name__})"
            raise self._failed(text, is_passing=True, may_have_worked=True) from None
        if said.status_code != httpx.codes.OK:
            raise self._refused(said.status_code, content, said.headers.get("retry-after"))
        try:
            return json.loads(content)
        except ValueError:
            raise self._failed("answered with what is no JSON", is_passing=True, may_have_worked=True) from None

    def _content(self, said: Any, until: float) -> bytes:
        parts, size = [], 0
        # A server that sends a byte now and then keeps within every timeout of a single read.
        for part in said.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > LARGEST_BYTES:
                raise self._failed(f"answered with more than {LARGEST_BYTES:,} bytes", may_have_worked=True)
            if time.monotonic() > until:
                text = f"was not done within {self.timeout_seconds:g} s"
                raise self._failed(text, is_passing=True, may_have_worked=True)
        return b"".join(parts)

    def _refused(self, status: int, content: bytes, retry_after: str | None) -> EndpointError:
        wait = float(retry_after) if retry_after and retry_after.isdigit() else None
        told = " ".join(content[: TOLD * 4].decode("utf-8", "replace").split())
        error = self._failed(
            f"answered {status}: {told}" if told else f"answered {status}", status=status, is_passing=status in PASSING
        )
        error.wait_seconds = wait
        return error

    def _failed(self, what: str, **more: Any) -> EndpointError:
        # Services repeat the key that they refuse.
        hidden = what.replace(self.api_key, "***") if self.api_key else what
        hint = f"; check {self.setting}" if self.setting else ""
        return EndpointError(f"{self.host} {hidden[:TOLD]}{hint}", **more)


@cache
def _trust() -> ssl.SSLContext:
    """The certificates that are trusted; reading them costs more than a request on this machine."""
    return ssl.create_default_context()


def patiently(request: Callable[[], T], *, attempts: int = ATTEMPTS, sleep: Callable[[float], None] = time.sleep) -> T:
    """What a request gives, made again after failures that pass; waits double, or are what the endpoint asks for.

    Raises:
        EndpointError: the last one, where the attempts are used up or waiting does not help.
    """
    for attempt in range(attempts):
        try:
            return request()
        except EndpointError as error:
            if not error.is_passing or attempt + 1 == attempts:
                raise
            wait = FIRST_WAIT_SECONDS * 2**attempt if error.wait_seconds is None else error.wait_seconds
            sleep(min(wait, LONGEST_WAIT_SECONDS))
    raise AssertionError
