"""Requests to services of the user's: bounded in time, patient with what passes, silent about keys."""

import time

import pytest

from semops_data.endpoint import Endpoint, EndpointError, patiently
from semops_data_tests.fakes.json_server import JsonServer, Said

KEY = "sk-very-secret-0123456789"


def test_a_server_that_is_busy_is_asked_again_after_the_time_that_it_names():
    """429 and 5xx pass; waiting is what the service asks for."""
    answers = iter([Said({}, 429, {"retry-after": "7"}), Said({}, 503), Said({"ok": 1})])
    waits = []
    with JsonServer(lambda *_: next(answers)) as server:
        assert patiently(lambda: Endpoint(server.url).ask("/x", {}), sleep=waits.append) == {"ok": 1}
    assert waits == [7, 1.0]


def test_patience_ends():
    """Three attempts, not for ever."""
    with JsonServer(lambda *_: Said({}, 500)) as server:
        with pytest.raises(EndpointError, match="500"):
            patiently(lambda: Endpoint(server.url).ask("/x", {}), sleep=lambda _: None)
        assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_not_repeated(status):
    """A wrong key does not become right by trying."""
    with JsonServer(lambda *_: Said({"error": "no"}, status)) as server:
        with pytest.raises(EndpointError, match=str(status)):
            patiently(lambda: Endpoint(server.url).ask("/x", {}), sleep=lambda _: None)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "said", [Said({"ok": 1}, delay=1.5), Said(b'{"ok":'), Said({"ok": 1}, is_cut=True), Said(b"\xff\xfe")]
)
def test_late_and_broken_answers_are_errors_that_pass(said):
    """A service that hangs up, cuts its answer or is slow is met again; the cost of what it did may be real."""
    with JsonServer(lambda *_: said) as server, pytest.raises(EndpointError) as raised:
        Endpoint(server.url, timeout_seconds=0.4).ask("/x", {})
    assert raised.value.is_passing
    assert raised.value.may_have_worked


def test_a_server_that_sends_a_byte_now_and_then_is_cut_off_too():
    """Each read is in time; the whole is not."""
    started, said = time.monotonic(), Said({"ok": "a long answer" * 10}, trickle=0.1)
    told = r"was not done within 0\.5 s"
    with JsonServer(lambda *_: said) as server, pytest.raises(EndpointError, match=told):
        Endpoint(server.url, timeout_seconds=0.5).ask("/x", {})
    assert time.monotonic() - started < 5


def test_an_address_where_nobody_is_costs_no_time():
    """The default of most libraries is a minute."""
    started = time.monotonic()
    with pytest.raises(EndpointError, match=r"127\.0\.0\.1:9 cannot be reached.*SEMOPS_JUDGES") as raised:
        Endpoint("http://127.0.0.1:9", setting="SEMOPS_JUDGES").ask("/x", {})
    assert not raised.value.may_have_worked
    assert time.monotonic() - started < 10


def test_the_key_goes_to_the_server_and_nowhere_else():
    """Services repeat a key that they refuse; our error does not."""
    with JsonServer(lambda *_: Said({"error": f"Incorrect API key provided: {KEY}"}, 401)) as server:
        endpoint = Endpoint(server.url, KEY)
        with pytest.raises(EndpointError) as raised:
            endpoint.ask("/x", {})
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in f"{raised.value!r}{raised.value}{endpoint!r}"


def test_a_redirect_is_not_followed():
    """The key belongs to the configured address alone."""
    with JsonServer(lambda *_: Said({}, 302, {"location": "http://127.0.0.1:9/"})) as server:
        with pytest.raises(EndpointError, match="302"):
            Endpoint(server.url, KEY).ask("/x", {})
        assert len(server.requests) == 1
