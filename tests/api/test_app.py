"""What wakes the app beside requests, what it says of its health, and what it says when it breaks."""

import json
import logging
from typing import Any

import pytest
from chalice.test import Client

from app import app
from chalicelib import wiring
from chalicelib.domain.errors import Stale, StoreDown
from chalicelib.sweeps import SWEEPS
from tests.api.client import Api, wish
from tests.world import World


def _worker(world: World, *bodies: str) -> Any:
    client = Client(app)
    event = client.events.generate_sqs_event(list(bodies))
    for number, record in enumerate(event["Records"]):
        record["messageId"] = f"message-{number}"
    with wiring.override(world.ports):
        return client.lambda_.invoke("worker", event).payload


def test_the_worker_takes_a_session_on() -> None:
    world = World()
    session = world.rent()
    assert _worker(world, json.dumps({"session": session.id})) == {"batchItemFailures": []}
    assert world.statuses(session)[-1] == "provisioning"


def test_a_message_that_fails_is_delivered_again_and_its_neighbours_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    sessions = [world.rent(), world.rent(hours=2)]
    get = world.store.sessions.get

    def broken(session_id: str) -> Any:
        if session_id == sessions[0].id:
            raise RuntimeError("boom")
        return get(session_id)

    monkeypatch.setattr(world.store.sessions, "get", broken)
    answer = _worker(world, *(json.dumps({"session": session.id}) for session in sessions))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    assert world.statuses(sessions[1])[-1] == "provisioning"


@pytest.mark.parametrize("body", ["", "nope", "[]", '{"sweep": "nothing"}'])
def test_a_message_that_says_nothing_is_dropped(body: str) -> None:
    assert _worker(World(), body) == {"batchItemFailures": []}


@pytest.mark.parametrize("name", SWEEPS)
def test_a_schedule_runs_its_sweep(name: str) -> None:
    world = World()
    client = Client(app)
    event = client.events.generate_cw_event("aws.events", "Scheduled Event", {}, [])
    with wiring.override(world.ports):
        client.lambda_.invoke(name, event)
    assert world.store.health.sweeps()[name] == world.clock.now()


def test_an_operator_starts_a_sweep_by_name() -> None:
    api = Api()
    reply = api.send("POST", "/sweeps/launch", who="operator")
    assert (reply.status, reply.json) == (202, {"sweep": "launch"})
    assert api.world.wakeups.pop() == ("sweep", "launch")
    reply = api.send("POST", "/sweeps/nothing", who="operator")
    assert (reply.status, reply.code) == (404, "unknown_sweep")


def test_what_breaks_is_logged_once_with_its_traceback_and_told_to_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    api = Api()
    monkeypatch.setattr(api.world.store.sessions, "page", lambda **_: 1 / 0)
    reply = api.send("GET", "/sessions")
    assert (reply.status, reply.code) == (500, "internal_error")
    assert "division" not in reply.text
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert errors[0].exc_info is not None


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [(Stale("row"), 409, "conflict", None), (StoreDown("throttled", 1.2), 503, "store_unavailable", "2")],
)
def test_trouble_in_the_store_is_an_answer_of_its_own(
    monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str, retry_after: str | None
) -> None:
    api = Api()

    def broken(*_: object) -> Any:
        raise error

    monkeypatch.setattr(api.world.store.sessions, "open", broken)
    reply = api.send("POST", "/sessions", wish())
    assert (reply.status, reply.code, reply.headers.get("Retry-After")) == (status, code, retry_after)


def test_a_path_without_a_route_is_not_answered_by_the_app() -> None:
    """Whatever stands in front of it does: see `problems.unknown_path`."""
    assert Api().send("GET", "/nothing/here").status == 403
