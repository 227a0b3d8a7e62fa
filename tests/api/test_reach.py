"""What a session tells of its machine's own timer, and what is promised where the machine cannot be told."""

from chalicelib.domain.instant import HOUR, rfc3339
from tests.api.client import Api
from tests.api.test_agent import beat, carried, rented, shown
from tests.builders import NOW


def test_only_a_timer_that_says_so_and_is_heard_counts_as_a_kill_path() -> None:
    api, session_id, lease = rented()
    assert shown(api, session_id)["kill_paths"] == {"control_plane": True, "node_agent": False, "provider": False}
    beat(api, lease.token, beat=1, timer="off")
    assert shown(api, session_id)["kill_paths"]["node_agent"] is False
    assert "does not run" in shown(api, session_id)["agent"]["note"]
    beat(api, lease.token, beat=2)
    assert shown(api, session_id)["kill_paths"]["node_agent"] is True
    assert shown(api, session_id)["agent"]["note"] is None
    api.world.clock.advance(601)
    assert shown(api, session_id)["kill_paths"]["node_agent"] is False


def test_a_timer_that_is_set_later_than_it_was_ever_told_is_no_kill_path() -> None:
    api, session_id, lease = rented()
    beat(api, lease.token, beat=1, ends_at=(NOW + HOUR + 600_000) // 1000)
    assert shown(api, session_id)["kill_paths"]["node_agent"] is True
    beat(api, lease.token, beat=2, ends_at=(NOW + HOUR + 600_000) // 1000 + 1)
    assert shown(api, session_id)["kill_paths"]["node_agent"] is False


def test_the_kill_paths_of_a_session_follow_it_from_its_order_to_its_end() -> None:
    api, session_id, lease = rented()
    assert shown(api, session_id)["agent"]["note"].startswith("it has not reported")
    beat(api, lease.token, beat=1)
    api.send("DELETE", f"/sessions/{session_id}")
    assert shown(api, session_id)["kill_paths"] == {"control_plane": True, "node_agent": True, "provider": False}
    api.world.run(600)
    assert shown(api, session_id)["kill_paths"] == dict.fromkeys(("control_plane", "node_agent", "provider"), False)


def test_the_deadline_shown_is_the_one_that_the_machine_knows() -> None:
    api, session_id, lease = rented()
    first = (NOW + HOUR + 600_000) // 1000
    api.send("POST", f"/sessions/{session_id}/extend", {"hours": 1})
    assert shown(api, session_id)["agent"]["deadline"] == rfc3339(first * 1000)
    beat(api, lease.token, beat=1, ends_at=first)
    agent = shown(api, session_id)["agent"]
    assert (agent["deadline"], agent["note"][:12]) == (rfc3339(first * 1000), "an extension")
    beat(api, lease.token, beat=2, ends_at=first + 3600)
    agent = shown(api, session_id)["agent"]
    assert (agent["deadline"], agent["note"]) == (rfc3339(first * 1000 + HOUR), None)


def test_idle_minutes_that_cannot_work_are_told_of() -> None:
    api, session_id, lease = rented(idle_minutes=30)
    beat(api, lease.token, beat=1, gpus="error", gpu_util=[], gpu_mem_used_mb=[])
    assert "idle_minutes" in shown(api, session_id)["agent"]["note"]


def test_a_service_that_no_machine_can_reach_says_that_it_hears_nothing() -> None:
    api = Api()
    session_id = api.rent(idle_minutes=10)["id"]
    api.world.run(120)
    session = shown(api, session_id)
    assert session["agent"]["mode"] == "timer_only"
    assert "timer only" in session["agent"]["note"]
    assert session["kill_paths"]["node_agent"] is False
    assert carried(api).url is None
    api.world.run(1800)
    assert shown(api, session_id)["status"] == "running"
    assert not api.world.alerts.rows


def test_an_extension_that_cannot_reach_its_machine_is_refused_and_changes_nothing() -> None:
    api = Api()
    session_id = api.rent()["id"]
    api.world.run(120)
    before = shown(api, session_id)
    reply = api.send("POST", f"/sessions/{session_id}/extend", {"hours": 0.5})
    assert (reply.status, reply.code, reply.json["field"]) == (409, "past_agent_deadline", "hours")
    assert reply.json["agent_deadline"] == before["agent"]["deadline"] == rfc3339(NOW + HOUR + 600_000)
    forced = api.send("POST", f"/sessions/{session_id}/extend", {"hours": 20, "override": True}, who="operator")
    assert (forced.status, forced.code) == (409, "past_agent_deadline")
    assert shown(api, session_id) == before
    assert api.send("POST", f"/sessions/{session_id}/extend", {"hours": 12}).code == "past_hard_max"


def test_where_the_machine_was_given_room_an_extension_within_it_is_kept() -> None:
    api = Api()
    session_id = api.rent(extendable_hours=2)["id"]
    api.world.run(120)
    deadline = rfc3339(NOW + 3 * HOUR + 600_000)
    assert (carried(api).deadline, shown(api, session_id)["agent"]["deadline"]) == (NOW + 3 * HOUR + 600_000, deadline)
    assert shown(api, session_id)["expires_at"] == rfc3339(NOW + HOUR)
    assert api.send("POST", f"/sessions/{session_id}/extend", {"hours": 2}).status == 200
    assert api.send("POST", f"/sessions/{session_id}/extend", {"hours": 0.1}).code == "past_agent_deadline"
    assert shown(api, session_id)["agent"]["deadline"] == deadline


def test_room_to_extend_ends_at_the_hard_max_and_is_nothing_where_the_machine_can_be_told() -> None:
    api = Api()
    api.rent(extendable_hours=8000)
    api.world.run(120)
    assert carried(api).deadline == NOW + 12 * HOUR + 600_000
    assert rented(extendable_hours=8000)[2].deadline == NOW + HOUR + 600_000


def test_an_extension_before_the_create_is_told_with_it() -> None:
    api = Api()
    session_id = api.rent()["id"]
    assert api.send("POST", f"/sessions/{session_id}/extend", {"hours": 2}).status == 200
    api.world.run(120)
    assert carried(api).deadline == NOW + 3 * HOUR + 600_000


def test_machines_of_a_market_on_this_computer_can_reach_it_and_are_not_cut_off() -> None:
    api = Api(environ={"VASTAI_API_KEY": "k", "VASTAI_API_URL": "http://127.0.0.1:9"})
    session_id = api.rent()["id"]
    api.world.run(120)
    assert (carried(api).url, carried(api).silence_seconds) == ("http://127.0.0.1:8000", 0)
    assert shown(api, session_id)["agent"]["mode"] == "full"
    assert api.send("POST", f"/sessions/{session_id}/extend", {"hours": 2}).status == 200
