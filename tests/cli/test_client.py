"""The client alone: lost answers, pages, and every way an answer can be none."""

from pathlib import Path

import pytest

from cli.client import Client
from cli.errors import ApiError, Unreachable
from tests.cli.stub import DROPPED, KEY, Answer, Stub, problem
from tests.cli.things import PUBLIC_KEY, SESSION_ID, offer, session


@pytest.fixture
def client(stub: Stub, home: Path) -> Client:
    return Client(stub.url, KEY)


def test_a_lost_answer_to_a_launch_is_asked_once_more_with_the_same_idempotency_key(stub: Stub, client: Client) -> None:
    stub.says("POST", "/sessions", DROPPED, Answer(202, session()))
    opened = client.open_session({"ssh_public_key": PUBLIC_KEY, "offer_id": "vastai:101"}, "key-1")
    assert opened["id"] == SESSION_ID
    assert [asked.headers["idempotency-key"] for asked in stub.of("POST")] == ["key-1", "key-1"]
    assert stub.of("POST")[0].body == stub.of("POST")[1].body


@pytest.mark.parametrize(
    "lost", [Answer(504, {"message": "Endpoint request timed out"}), problem(503, "store_unavailable")]
)
def test_a_launch_that_a_gateway_or_the_store_lost_is_asked_once_more(stub: Stub, client: Client, lost: Answer) -> None:
    stub.says("POST", "/sessions", lost, Answer(202, session()))
    assert client.open_session({"ssh_public_key": PUBLIC_KEY}, "key-1")["status"] == "pending"


def test_a_launch_is_asked_twice_at_most(stub: Stub, client: Client) -> None:
    stub.says("POST", "/sessions", DROPPED)
    with pytest.raises(Unreachable) as caught:
        client.open_session({"ssh_public_key": PUBLIC_KEY}, "key-1")
    assert caught.value.sent
    assert len(stub.of("POST")) == 2


def test_an_extension_is_never_asked_twice_because_it_adds_up(stub: Stub, client: Client) -> None:
    stub.says("POST", f"/sessions/{SESSION_ID}/extend", DROPPED)
    with pytest.raises(Unreachable):
        client.extend(SESSION_ID, 1)
    assert len(stub.of("POST")) == 1


def test_where_nobody_listens_nothing_was_sent(stub: Stub, home: Path) -> None:
    stub.stop()
    with pytest.raises(Unreachable, match="connection refused") as caught:
        Client(stub.url, KEY).open_session({"ssh_public_key": PUBLIC_KEY}, "key-1")
    assert not caught.value.sent
    assert "make run" in caught.value.line()


def test_lists_are_read_page_by_page_and_only_as_far_as_wanted(stub: Stub, client: Client) -> None:
    stub.page = 2
    stub.lists("/sessions", "sessions", [session(session_id=f"local-{n}") for n in range(5)])
    assert [one["id"] for one in client.sessions()] == [f"local-{n}" for n in range(5)]
    assert len(stub.of("GET")) == 3
    assert len(list(client.sessions(limit=2))) == 2
    assert len(stub.of("GET")) == 4


def test_a_merged_list_says_whether_more_exist(stub: Stub, client: Client) -> None:
    stub.lists("/inventory", "offers", [offer(f"vastai:{n}") for n in range(7)], total=7, providers={})
    few, every = client.inventory(limit=3), client.inventory()
    assert (few["count"], few["next_cursor"], few["total"]) == (3, "3", 7)
    assert (every["count"], every["next_cursor"]) == (7, None)


def test_a_list_that_repeats_its_cursor_is_not_read_for_ever(stub: Stub, client: Client) -> None:
    stub.says("GET", "/consumers", Answer(200, {"consumers": [], "next_cursor": "same"}, whole=True))
    with pytest.raises(Unreachable, match="repeats a page"):
        client.consumers()


def test_filters_are_spelled_as_the_contract_says(stub: Stub, client: Client) -> None:
    stub.lists("/inventory", "offers", [], providers={})
    client.inventory({"gpu": ["RTX 4090", "H100 SXM"], "spot": False, "min_vram_gb": 24.0, "region": None}, limit=1)
    expected = [("gpu", "RTX 4090"), ("gpu", "H100 SXM"), ("spot", "false"), ("min_vram_gb", "24"), ("limit", "1")]
    assert stub.asked[0].query == expected


def test_a_problem_becomes_an_error_with_its_code_field_and_advice(stub: Stub, client: Client) -> None:
    stub.says("GET", "/sessions/x", problem(409, "past_hard_max", "beyond 22:00", field="hours"))
    with pytest.raises(ApiError) as caught:
        client.session("x")
    error = caught.value
    assert (error.status, error.code, error.field, error.request_id) == (409, "past_hard_max", "hours", "req-1")
    assert error.line() == "beyond 22:00; only an operator may go beyond it, with --override"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(200, b"<html>"), "not like this service"),
        (Answer(200, ["list"]), "not like this service"),
        (Answer(200, {"no": "id"}), "unknown form"),
        (Answer(500, b"oops"), "answered 500 without a reason"),
        (Answer(302, {}, {"Location": "https://elsewhere.test/"}), "has moved to https://elsewhere.test/"),
    ],
)
def test_what_is_no_answer_of_this_service_counts_as_not_reached(
    stub: Stub, client: Client, answer: Answer, words: str
) -> None:
    stub.says("GET", "/sessions/x", answer)
    with pytest.raises(Unreachable, match=words):
        client.session("x")


def test_a_key_of_this_host_in_netrc_does_not_replace_ours(stub: Stub, client: Client, home: Path) -> None:
    (home / ".netrc").write_text("machine 127.0.0.1 login other password secret\n")
    stub.says("GET", "/sessions/x", session())
    client.session("x")
    assert stub.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_loopback_is_reached_past_a_proxy_of_the_environment(
    stub: Stub, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    stub.says("GET", "/sessions/x", session())
    assert client.session("x")["id"] == SESSION_ID


def test_an_id_cannot_leave_its_place_in_the_path(stub: Stub, client: Client) -> None:
    with pytest.raises(ApiError):
        client.session("../consumers?x=1#y")
    assert stub.asked[0].path == "/sessions/../consumers?x=1#y"
    assert stub.asked[0].query == []


def test_health_is_an_answer_even_when_the_service_is_down(stub: Stub, home: Path) -> None:
    stub.says("GET", "/health", Answer(503, {"status": "down", "checks": {}}))
    assert Client(stub.url, None).health()["status"] == "down"
    assert "authorization" not in stub.asked[0].headers
