"""A session over HTTP, from the wish to the proof."""

from tests.api.client import OFFER, Api, wish

FIELDS = {
    "id", "consumer", "status", "status_reason", "end_reason", "provider", "provider_instance_id", "tag", "offer",
    "gpu", "gpu_count", "price_per_hour", "workload", "hours", "disk_gb", "created_at",
    "state_entered_at", "running_at",
    "expires_at",
    "hard_max_at", "ended_at", "ssh", "cost", "last_heartbeat_at", "gpu_util", "kill_paths", "agent", "attempts",
    "absence_proof", "lease_minutes", "lease_expires_at", "ports",
}  # fmt: skip


def test_a_wish_is_answered_with_a_pending_session_and_where_to_find_it() -> None:
    api = Api()
    reply = api.send("POST", "/sessions", wish(workload="llm"))
    session = reply.json
    assert reply.status == 202
    assert reply.headers["Location"] == f"/sessions/{session['id']}"
    assert session.keys() == FIELDS
    assert (session["status"], session["consumer"], session["workload"]) == ("pending", "ada", "llm")
    assert (session["tag"], session["hours"], session["disk_gb"]) == (f"shopper-{session['id']}", 1.0, 40)
    assert (session["offer"]["id"], session["gpu"], session["price_per_hour"]) == (OFFER, "RTX 4090", 0.408)
    assert session["cost"]["accrued"] == 0
    assert (session["ssh"], session["ports"]) == (None, None)
    assert session["absence_proof"] is None
    assert session["created_at"].endswith("Z")


def test_a_running_session_tells_how_to_get_in_and_what_it_costs() -> None:
    api = Api()
    path = f"/sessions/{api.rent()['id']}"
    api.world.run(600)
    session = api.send("GET", path).json
    ssh = session["ssh"]
    assert session["status"] == "running"
    assert ssh["command"] == f"ssh -p {ssh['port']} {ssh['user']}@{ssh['host']}"
    assert session["provider_instance_id"] == "vastai-1"
    assert session["kill_paths"] == {"control_plane": True, "node_agent": False, "provider": False}
    assert 0.06 < session["cost"]["accrued"] < 0.07
    assert (
        0.4 < session["cost"]["reserved"] < 0.408 * 1.1 * 1.25
    )  # an hour and a destroy at the ceiling, less what is spent


def test_a_running_session_tells_where_the_ports_are_that_were_asked_for() -> None:
    api = Api()
    path = f"/sessions/{api.rent(ports=[8888, 80])['id']}"
    assert api.send("GET", path).json["ports"] is None
    api.world.run(600)
    session = api.send("GET", path).json
    [machine] = api.world.market.live()
    assert {one.port for one in machine.ports} == {22, 80, 8888}
    outside = {one.port: one.external_port for one in machine.ports}
    assert session["ports"] == [
        {"port": port, "host": session["ssh"]["host"], "external_port": outside[port]} for port in (80, 8888)
    ]
    assert api.send("GET", "/sessions").json["sessions"] == [session]


def test_a_session_that_asked_for_no_port_tells_of_none() -> None:
    api = Api()
    path = f"/sessions/{api.rent()['id']}"
    api.world.run(600)
    session = api.send("GET", path).json
    assert (session["status"], session["ports"]) == ("running", None)


def test_a_deleted_session_ends_with_its_proof_and_stays_as_it_is() -> None:
    api = Api()
    path = f"/sessions/{api.rent()['id']}"
    api.world.run(600)
    reply = api.send("DELETE", path)
    assert (reply.status, reply.json["status"], reply.json["end_reason"]) == (202, "terminating", "deleted")
    assert api.send("DELETE", path).status == 202
    api.world.run(60)
    ended = api.send("DELETE", path)
    assert (ended.status, ended.json["status"]) == (200, "terminated")
    looks = ended.json["absence_proof"]["looks"]
    assert len(looks) == 2
    assert looks[0]["at"] < looks[1]["at"]
    assert ended.json["kill_paths"]["control_plane"] is False
    assert ended.json["cost"]["reserved"] == 0
    assert ended.json == api.send("GET", path).json


def test_done_is_a_graceful_end() -> None:
    api = Api()
    path = f"/sessions/{api.rent()['id']}"
    reply = api.send("POST", f"{path}/done")
    assert (reply.status, reply.json["status"], reply.json["end_reason"]) == (202, "terminating", "done")


def test_the_history_has_one_event_per_transition_and_can_be_paged() -> None:
    api = Api()
    path = f"/sessions/{api.rent()['id']}/events"
    api.world.run(600)
    answer = api.send("GET", path).json
    assert [(event["from"], event["to"]) for event in answer["events"]] == [
        (None, "pending"),
        ("pending", "provisioning"),
        ("provisioning", "running"),
    ]
    assert answer["count"] == 3
    assert answer["next_cursor"] is None
    assert answer["events"][0].keys() == {"at", "from", "to", "reason", "detail", "actor"}
    first = api.send("GET", f"{path}?limit=2").json
    rest = api.send("GET", f"{path}?limit=2&cursor={first['next_cursor']}").json
    assert first["events"] + rest["events"] == answer["events"]
    assert rest["next_cursor"] is None


def test_a_session_can_be_made_longer_up_to_the_hard_max() -> None:
    api = Api()
    session = api.rent(hours=1)
    path = f"/sessions/{session['id']}/extend"
    longer = api.send("POST", path, {"hours": 2.5})
    assert (longer.status, longer.json["hours"]) == (200, 3.5)
    assert longer.json["expires_at"] > session["expires_at"]
    refused = api.send("POST", path, {"hours": 9})
    assert (refused.status, refused.code, refused.json["field"]) == (409, "past_hard_max", "hours")


def test_only_an_operator_goes_past_the_hard_max() -> None:
    api = Api()
    path = f"/sessions/{api.rent()['id']}/extend"
    body = {"hours": 12, "override": True}
    reply = api.send("POST", path, body, who="ada")
    assert (reply.status, reply.code, reply.json["field"]) == (403, "forbidden", "override")
    assert api.send("POST", path, body | {"override": False}, who="operator").code == "past_hard_max"
    assert api.send("POST", path, body, who="operator").json["hours"] == 13


def test_what_has_ended_cannot_be_made_longer() -> None:
    api = Api()
    path = f"/sessions/{api.rent()['id']}"
    api.send("DELETE", path)
    reply = api.send("POST", f"{path}/extend", {"hours": 1})
    assert (reply.status, reply.code) == (409, "not_live")


def test_the_same_request_with_the_same_idempotency_key_is_the_same_session() -> None:
    api = Api()
    headers = {"Idempotency-Key": "run 7"}
    first = api.send("POST", "/sessions", wish(hours=2), headers=headers)
    again = api.send("POST", "/sessions", {"hours": 2.0, **wish()}, headers=headers)
    assert (again.status, again.json["id"]) == (202, first.json["id"])
    other = api.send("POST", "/sessions", wish(hours=3), headers=headers)
    assert (other.status, other.code) == (409, "idempotency_conflict")
    assert api.send("POST", "/sessions", wish(hours=3), headers=headers, who="bob").json["id"] != first.json["id"]
    assert len(list(api.world.store.sessions.live())) == 2


def test_an_idempotency_key_is_short_and_printable() -> None:
    for key in ("", "x" * 256, "ü", "a\tb"):
        reply = Api().send("POST", "/sessions", wish(), headers={"Idempotency-Key": key})
        assert (reply.status, reply.json["field"]) == (400, "Idempotency-Key")


def test_a_consumer_lists_their_own_and_an_operator_everyones() -> None:
    api = Api()
    mine, theirs = api.rent(who="ada")["id"], api.rent(who="bob")["id"]

    def listed(path: str, who: str) -> set[str]:
        return {session["id"] for session in api.send("GET", path, who=who).json["sessions"]}

    assert listed("/sessions", "ada") == listed("/sessions?consumer=ada", "ada") == {mine}
    assert listed("/sessions", "operator") == {mine, theirs}
    assert listed("/sessions?consumer=bob", "operator") == {theirs}
    reply = api.send("GET", "/sessions?consumer=bob", who="ada")
    assert (reply.status, reply.code, reply.json["field"]) == (403, "forbidden", "consumer")


def test_sessions_are_listed_by_status_in_pages() -> None:
    api = Api()
    ids = [api.rent()["id"] for _ in range(3)]
    api.send("DELETE", f"/sessions/{ids[0]}")
    assert api.send("GET", "/sessions?status=terminating").json["count"] == 1
    assert api.send("GET", "/sessions?status=running").json["sessions"] == []
    api.world.run(100)
    assert api.send("GET", "/sessions?status=active").json["count"] == 2
    first = api.send("GET", "/sessions?limit=2").json
    rest = api.send("GET", f"/sessions?limit=2&cursor={first['next_cursor']}").json
    assert (first["count"], rest["count"], rest["next_cursor"]) == (2, 1, None)
    assert {session["id"] for session in first["sessions"] + rest["sessions"]} == set(ids)


def test_an_offer_that_is_gone_and_a_quota_that_is_full_are_told_apart() -> None:
    api = Api()
    gone = api.send("POST", "/sessions", wish(offer_id="vastai:9"))
    assert (gone.status, gone.code) == (404, "offer_gone")
    for _ in range(20):
        api.rent()
    full = api.send("POST", "/sessions", wish())
    assert (full.status, full.code) == (429, "quota_exceeded")


def test_sessions_of_a_market_that_there_is_not_are_no_empty_list() -> None:
    reply = Api().send("GET", "/sessions?provider=vast")
    assert (reply.status, reply.json["field"]) == (400, "provider")
    assert Api().send("GET", "/sessions?provider=tensordock").status == 200
