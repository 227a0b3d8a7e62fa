"""What a rented machine may say by its token, and what becomes of everything else."""

from typing import Any

import msgspec
import pytest

from chalicelib import node
from chalicelib.domain import lease as leases
from chalicelib.domain.instant import HOUR, rfc3339
from chalicelib.domain.lease import Lease
from tests.api.client import Api, Reply
from tests.builders import NOW, a_session_id, an_offer

PUBLIC = {"SHOPPER_PUBLIC_URL": "https://shopper.example.com"}
BEAT: dict[str, object] = {"gpu_util": [97], "gpu_mem_used_mb": [40536], "ssh_sessions": 1, "uptime_seconds": 60}
ARMED = BEAT | {"timer": "armed"}


def rented(**fields: Any) -> tuple[Api, str, Lease]:
    """A running session, and what its machine was told."""
    api = Api(environ=PUBLIC)
    session_id = api.rent(**fields)["id"]
    api.world.run(120)
    assert shown(api, session_id)["status"] == "running"
    return api, session_id, carried(api)


def carried(api: Api) -> Lease:
    order = [*api.world.market.machines.values()][-1].order
    assert order is not None
    assert order.agent is not None
    return order.agent


def beat(api: Api, token: str, **changes: object) -> Reply:
    return api.send("POST", "/agent/heartbeat", ARMED | changes, who=None, headers={"Authorization": f"Bearer {token}"})


def shown(api: Api, session_id: str) -> Any:
    return api.send("GET", f"/sessions/{session_id}").json


def test_a_beat_is_answered_with_the_deadline_and_its_proof() -> None:
    api, session_id, lease = rented()
    now = api.world.clock.now()
    told = beat(api, lease.token, beat=7).json
    assert told["deadline"] == rfc3339(NOW + HOUR + 600_000)
    assert told["destroy"] is False
    assert told["lease"] == leases.words(7, NOW + HOUR + 600_000, NOW + 12 * HOUR + 600_000, now, False)
    assert told["proof"] == leases.proof(lease.secret, session_id, told["lease"])


def test_the_contracts_own_fields_are_enough() -> None:
    api, session_id, lease = rented()
    sent = api.send("POST", "/agent/heartbeat", BEAT, who=None, headers={"Authorization": f"Bearer {lease.token}"})
    assert sent.status == 200
    session = shown(api, session_id)
    assert (session["gpu_util"], session["agent"]["ssh_sessions"]) == (97, 1)
    assert session["last_heartbeat_at"] == rfc3339(api.world.clock.now())


def test_no_heartbeat_moves_a_deadline_of_ours() -> None:
    api, session_id, lease = rented()
    before = api.world.store.sessions.get(session_id)
    for number in range(1, 50):
        beat(api, lease.token, beat=number, uptime_seconds=number)
        api.world.clock.advance(60)
    after = api.world.store.sessions.get(session_id)
    assert before is not None
    assert after is not None
    moved = ("agent_mark", "last_heartbeat_at", "gpu_util", "pulse", "active_at")
    still = {name: getattr(before, name) for name in moved}
    assert msgspec.structs.replace(after, **still) == before
    assert (after.version, after.due_at) == (before.version, before.due_at)


def test_an_extension_is_told_with_the_next_beat() -> None:
    api, session_id, lease = rented()
    api.send("POST", f"/sessions/{session_id}/extend", {"hours": 1})
    assert beat(api, lease.token).json["deadline"] == rfc3339(NOW + 2 * HOUR + 600_000)


@pytest.mark.parametrize("number", [5, 4, 0])
def test_a_beat_that_is_no_news_changes_nothing(number: int) -> None:
    api, session_id, lease = rented()
    beat(api, lease.token, beat=5)
    before = api.world.store.sessions.get(session_id)
    api.world.clock.advance(30)
    assert beat(api, lease.token, beat=number, gpu_util=[0], dying="deadline").status == 200
    assert api.world.store.sessions.get(session_id) == before
    assert not api.world.alerts.rows


def test_who_is_not_the_agent_of_this_very_session_is_a_stranger() -> None:
    api, session_id, lease = rented()
    other, _ = leases.token(a_session_id(7), bytes(32))
    forged, _ = leases.token(session_id, bytes(32))
    before = api.world.store.sessions.get(session_id)
    for presented in ("", "x", other, forged, lease.token + "0", lease.token.upper(), lease.secret, api.keys["ada"]):
        reply = beat(api, presented)
        assert (reply.status, reply.code) == (401, "unauthorized")
    assert api.world.store.sessions.get(session_id) == before


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/sessions"), ("GET", "/inventory"), ("DELETE", "/sessions/{id}")]
)
def test_the_token_opens_nothing_else(method: str, path: str) -> None:
    api, session_id, lease = rented()
    headers = {"Authorization": f"Bearer {lease.token}"}
    assert api.send(method, path.replace("{id}", session_id), who=None, headers=headers).status == 401


def test_the_token_and_the_secret_are_stored_nowhere() -> None:
    api, session_id, lease = rented()
    beat(api, lease.token)
    stored = msgspec.json.encode(api.world.store.sessions.get(session_id)).decode()
    half = lease.token.rpartition("_")[2]
    assert half not in stored
    assert lease.secret not in stored
    assert half not in str(shown(api, session_id))


def test_a_session_that_ends_takes_its_machine_along_and_its_token_dies_with_it() -> None:
    api, session_id, lease = rented()
    api.send("DELETE", f"/sessions/{session_id}")
    told = beat(api, lease.token, beat=9).json
    assert (told["destroy"], told["lease"].split()[4]) == (True, "1")
    api.world.run(600)
    assert shown(api, session_id)["status"] == "terminated"
    assert beat(api, lease.token, beat=10).status == 401


def test_the_machine_of_an_earlier_attempt_is_a_stranger() -> None:
    api = Api(environ=PUBLIC, boot_seconds=None)
    for number in (1002, 1003):
        api.world.market.offer(an_offer(id=f"vastai:{number}", provider_offer_id=str(number), machine_id=f"m-{number}"))
    api.world.list_offers()
    session_id = api.rent(offer_id=None, requirements={"gpu": "RTX 4090"})["id"]
    api.world.run(60)
    first = carried(api)
    assert beat(api, first.token).status == 200
    api.world.run(25 * 60)
    second = carried(api)
    assert first.token != second.token
    assert beat(api, first.token, beat=99).status == 401
    assert shown(api, session_id)["last_heartbeat_at"] is None
    assert beat(api, second.token).status == 200


def test_a_machine_that_says_goodbye_ends_nothing_by_itself_and_people_are_told() -> None:
    api, session_id, lease = rented()
    beat(api, lease.token, dying="cut off from the service")
    assert shown(api, session_id)["status"] == "running"
    [alert] = api.world.alerts.rows.values()
    assert (alert.kind, alert.session) == ("node_ends_itself", session_id)
    assert "cut off" in alert.detail


def test_a_wish_to_keep_the_machine_when_cut_off_reaches_it() -> None:
    assert rented(on_disconnect="keep")[2].silence_seconds == 0
    assert rented()[2].silence_seconds == 1800
    assert Api().send("POST", "/sessions", {"on_disconnect": "maybe"}).code in ("invalid_field", "missing_field")


@pytest.mark.parametrize(
    "wrong",
    [
        {"gpu_util": [101]},
        {"gpu_util": [-1]},
        {"gpu_util": [0] * 65},
        {"gpu_util": "97"},
        {"ssh_sessions": -1},
        {"uptime_seconds": None},
        {"beat": 10**12},
        {"dying": "x" * 81},
        {"deadline": "2099-01-01T00:00:00Z"},
    ],
)
def test_a_beat_that_cannot_be_is_refused_by_its_field(wrong: dict[str, object]) -> None:
    api, session_id, lease = rented()
    reply = beat(api, lease.token, **wrong)
    assert reply.status == 400
    assert reply.json["field"] == next(iter(wrong)) or reply.json["field"].startswith(next(iter(wrong)))
    assert shown(api, session_id)["last_heartbeat_at"] is None


def test_the_script_is_there_for_anybody() -> None:
    reply = Api().send("GET", "/agent/agent.sh", who=None)
    assert (reply.status, reply.text) == (200, node.script())
    assert reply.headers["Content-Type"].startswith("text/x-shellscript")


def test_beats_without_a_number_are_news_in_the_order_in_which_they_come() -> None:
    """Whatever they say of their uptime: the machine may have been restarted, or always say the same."""
    api, session_id, lease = rented()
    for uptime, util in ((60, 97), (60, 40), (3, 0)):
        api.world.clock.advance(30)
        assert beat(api, lease.token, uptime_seconds=uptime, gpu_util=[util]).status == 200
        session = shown(api, session_id)
        assert (session["gpu_util"], session["last_heartbeat_at"]) == (util, rfc3339(api.world.clock.now()))
