"""The HTTP helper against a real socket: what is sent, what is refused, what stays in doubt."""

import gzip
import json
import logging
from pathlib import Path

import pytest

from chalicelib.domain.errors import LaunchUncertain, ProviderAuth, ProviderBusy, ProviderDown
from chalicelib.domain.instant import SECOND
from chalicelib.domain.policy import Policy
from chalicelib.ports import CallKind
from chalicelib.providers.http import Http
from tests.fakes.clock import START, ManualClock
from tests.fakes.gate import OpenGate
from tests.providers.loopback import Reply, cut_short, loopback, reply, reset, silence

KEY = "canary-key-4711"
HASTY = Policy(http_connect_seconds=1.0, http_read_seconds=0.05, http_create_seconds=0.05)
PATIENT = Policy(http_connect_seconds=5.0, http_read_seconds=5.0, http_create_seconds=5.0)
READS: tuple[CallKind, ...] = ("read", "search", "destroy")


def an_http(url: str, policy: Policy = PATIENT, gate: OpenGate | None = None, clock: ManualClock | None = None) -> Http:
    return Http("market", url, KEY, policy, gate or OpenGate(), clock or ManualClock())


def test_the_key_travels_in_the_header_and_the_body_as_json() -> None:
    with loopback(reply(201, '{"a": [1, null]}')) as server:
        answer = an_http(server.url).call("read", "POST", "/api/v0/x/", json={"b": "ü"}, params={"q": "a b"})
    [sent] = server.requests
    assert sent.line == "POST /api/v0/x/?q=a+b HTTP/1.1"
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.headers["content-type"] == "application/json"
    assert json.loads(sent.body) == {"b": "ü"}
    assert (answer.status, answer.ok, answer.body) == (201, True, {"a": [1, None]})


def test_without_a_key_no_credentials_are_sent() -> None:
    with loopback(reply()) as server:
        Http("market", server.url, None, PATIENT, OpenGate(), ManualClock()).call("search", "GET", "/x")
    assert "authorization" not in server.requests[0].headers


def test_a_path_that_could_lead_elsewhere_is_never_sent() -> None:
    http = an_http("http://127.0.0.1:9")
    for path in ("/a/../b", "//other/a", "a", "/a?b=c", "/a/%2e", "/a\n", ""):
        with pytest.raises(ValueError, match="not a path"):
            http.call("read", "GET", path)


@pytest.mark.parametrize("body", ["<html>", "", "{'a': 1}", '{"a": NaN}', "[" * 100_000, b"\xff\xfe{}"])
def test_what_is_no_json_is_said_to_be_none(body: str | bytes) -> None:
    with loopback(reply(200, body)) as server:
        answer = an_http(server.url).call("read", "GET", "/x")
    assert (answer.is_json, answer.body, answer.fields) == (False, None, {})


@pytest.mark.parametrize("status", [204, 302, 308, 400, 403, 404, 410, 422])
def test_what_only_the_adapter_understands_is_handed_on(status: int) -> None:
    with loopback(reply(status, '{"error": "x"}', Location="/elsewhere")) as server:
        answer = an_http(server.url).call("read", "GET", "/x")
    assert answer.status == status
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", READS)
@pytest.mark.parametrize("failure", [reply(500), reply(503), reply(408), reset, cut_short])
def test_reads_and_destroys_are_sent_once_more(kind: CallKind, failure: Reply) -> None:
    gate = OpenGate()
    with loopback(failure, reply(200, '{"fine": true}')) as server:
        answer = an_http(server.url, gate=gate).call(kind, "GET", "/x")
    assert answer.fields == {"fine": True}
    assert gate.passed == [("market", kind)] * 2


@pytest.mark.parametrize("kind", READS)
@pytest.mark.parametrize("failure", [reply(502, "<html>"), reset, cut_short])
def test_after_two_failures_the_market_is_down(kind: CallKind, failure: Reply) -> None:
    with loopback(failure) as server, pytest.raises(ProviderDown):
        an_http(server.url).call(kind, "GET", "/x")
    assert len(server.requests) == 2


def test_an_answer_that_does_not_come_is_waited_for_only_so_long() -> None:
    with loopback(silence) as server, pytest.raises(ProviderDown):
        an_http(server.url, HASTY).call("read", "GET", "/x")


def test_the_caller_may_name_a_time_of_its_own() -> None:
    with loopback(silence) as server, pytest.raises(LaunchUncertain):
        an_http(server.url, PATIENT).call("create", "PUT", "/x", read_seconds=0.05)


@pytest.mark.parametrize("failure", [reply(500), reply(504, "<html>"), reply(408), reset, cut_short, silence])
def test_a_create_is_sent_once_and_any_doubt_is_told(failure: Reply) -> None:
    with loopback(failure) as server, pytest.raises(LaunchUncertain) as caught:
        an_http(server.url, HASTY).call("create", "PUT", "/x", json={})
    assert len(server.requests) == 1
    assert caught.value.instance_id is None


def test_the_slot_of_a_create_is_taken_by_the_launcher_alone() -> None:
    gate = OpenGate()
    with loopback(reply()) as server:
        an_http(server.url, gate=gate).call("create", "PUT", "/x")
    assert gate.passed == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://nowhere.invalid"])
def test_a_create_that_surely_never_left_is_no_doubt(url: str) -> None:
    with pytest.raises(ProviderDown, match="cannot be reached"):
        an_http(url).call("create", "PUT", "/x", json={})


def test_a_create_never_uses_a_connection_that_may_have_died_in_the_pool() -> None:
    with loopback(reply()) as server:
        http = an_http(server.url)
        for kind in ("read", "read", "create", "create"):
            http.call(kind, "PUT", "/x")
    assert [request.connection for request in server.requests] == [0, 0, 1, 2]


@pytest.mark.parametrize("kind", [*READS, "create"])
def test_too_many_calls_is_told_at_once_and_never_repeated(kind: CallKind) -> None:
    with loopback(reply(429, "slow down", Retry_After="7")) as server, pytest.raises(ProviderBusy) as caught:
        an_http(server.url).call(kind, "GET", "/x")
    assert caught.value.retry_after == 7
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (reply(429), 10),
        (reply(429, '{"retry_after": 12.5}'), 12.5),
        (reply(429, '{"retry_after": 12.5}', Retry_After="3"), 3),
        (reply(429, Retry_After="Thu, 01 Jan 2026 00:00:30 GMT"), 30),
        (reply(429, Retry_After="tomorrow"), 10),
        (reply(429, Retry_After="-5"), 10),
        (reply(429, Retry_After="0"), 1),
        (reply(429, Retry_After="86400"), 900),
        (reply(429, X_RateLimit_Reset=str(START // SECOND + 45)), 45),
        (reply(429, '{"retry_after": "NaN"}'), 10),
    ],
)
def test_when_to_come_back_is_read_from_wherever_it_is_said(answer: bytes, seconds: float) -> None:
    with loopback(answer) as server, pytest.raises(ProviderBusy) as caught:
        an_http(server.url).call("read", "GET", "/x")
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("kind", [*READS, "create"])
def test_a_refused_key_is_told_at_once(kind: CallKind) -> None:
    with loopback(reply(401, "Unauthorized")) as server, pytest.raises(ProviderAuth):
        an_http(server.url).call(kind, "GET", "/x")
    assert len(server.requests) == 1


def test_an_answer_beyond_its_size_is_not_read_to_the_end() -> None:
    large = b'"' + b"x" * (300 << 10) + b'"'
    squeezed = gzip.compress(b'"' + b"0" * (50 << 20) + b'"')
    with loopback(reply(200, large)) as server:
        assert an_http(server.url).call("read", "GET", "/x").body == "x" * (300 << 10)
        with pytest.raises(ProviderDown, match="too large"):
            an_http(server.url).call("destroy", "DELETE", "/x")
    with loopback(reply(200, squeezed, Content_Encoding="gzip")) as server, pytest.raises(ProviderDown, match="large"):
        an_http(server.url).call("search", "GET", "/x")


def test_compressed_answers_are_read() -> None:
    with loopback(reply(200, gzip.compress(b"[1, 2]"), Content_Encoding="gzip")) as server:
        assert an_http(server.url).call("search", "GET", "/x").body == [1, 2]


class Rushing(ManualClock):
    """Two seconds pass between any two looks at it."""

    def now(self) -> int:
        return self.advance(2)


def test_a_drip_of_bytes_does_not_outlast_the_time_granted() -> None:
    with loopback(reply(200, "[1, 2, 3]")) as server:
        assert an_http(server.url).call("read", "GET", "/x").ok
        with pytest.raises(ProviderDown, match="too long"):
            an_http(server.url, clock=Rushing()).call("read", "GET", "/x", read_seconds=1.0)


def test_no_cookie_is_kept() -> None:
    with loopback(reply(Set_Cookie="session=theirs; Path=/")) as server:
        http = an_http(server.url)
        http.call("read", "GET", "/x")
        http.call("read", "GET", "/x")
    assert all("cookie" not in request.headers for request in server.requests)


def test_neither_a_netrc_nor_a_proxy_of_the_environment_gets_between(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with loopback(reply()) as server:
        an_http(server.url).call("read", "GET", "/x")
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_the_ca_bundle_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(OSError, match=r"missing\.pem"):
        an_http("https://127.0.0.1:9").call("read", "GET", "/x")


@pytest.mark.parametrize("failure", [reply(500, KEY), reply(429, KEY), reply(401, KEY), reset, silence])
def test_the_key_is_in_no_error_and_no_log(failure: Reply, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with loopback(failure) as server, pytest.raises((ProviderDown, ProviderBusy, ProviderAuth)) as caught:
        an_http(server.url, HASTY).call("read", "GET", "/x", json={"secret": KEY})
    assert KEY not in repr(caught.value) + str(caught.value.__cause__) + caplog.text
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_one_line_is_logged_for_each_call(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="chalicelib")
    with loopback(reply(404, '{"private": 1}')) as server:
        an_http(server.url).call("read", "GET", "/api/v0/x/")
    assert [record.getMessage() for record in caplog.records] == ["market GET /api/v0/x/ 404 0 ms"]


def test_an_answer_does_not_show_its_body() -> None:
    with loopback(reply(200, '{"instance_api_key": "canary"}')) as server:
        answer = an_http(server.url).call("create", "PUT", "/x")
    assert "canary" not in repr(answer)
