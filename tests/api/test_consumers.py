"""Consumers and their keys over HTTP."""

import pytest

from tests.api.client import Api, Reply, wish


def _create(api: Api, **body: object) -> Reply:
    return api.send("POST", "/consumers", {"id": "carol", **body}, who="operator")


def test_a_new_consumer_gets_the_limits_of_the_policy() -> None:
    api = Api(environ={"SHOPPER_CONSUMER_MAX_SESSIONS": "5", "SHOPPER_CONSUMER_MAX_PRICE_PER_HOUR": "1.5"})
    reply = _create(api)
    assert (reply.status, reply.headers["Location"]) == (201, "/consumers/carol")
    assert reply.json == {
        "id": "carol",
        "role": "consumer",
        "max_sessions": 5,
        "max_price_per_hour": 1.5,
        "status": "active",
        "created_at": "2026-09-21T14:13:20.000Z",
        "sessions": 0,
        "committed_per_hour": 0,
        "has_budget": False,
    }


def test_a_consumer_exists_once() -> None:
    api = Api()
    assert _create(api).status == 201
    reply = _create(api, max_sessions=9)
    assert (reply.status, reply.code, reply.json["field"]) == (409, "consumer_exists", "id")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "id"),
        ({"id": ""}, "id"),
        ({"id": "carol b"}, "id"),
        ({"id": "carol:b"}, "id"),
        ({"id": "carol\n"}, "id"),
        ({"id": "-carol"}, "id"),
        ({"id": "c" * 33}, "id"),
        ({"id": "carol", "role": "admin"}, "role"),
        ({"id": "carol", "max_sessions": -1}, "max_sessions"),
        ({"id": "carol", "max_sessions": 1.5}, "max_sessions"),
        ({"id": "carol", "max_price_per_hour": -1}, "max_price_per_hour"),
        ({"id": "carol", "max_price_per_hour": 0.0000001}, "max_price_per_hour"),
        ({"id": "carol", "status": "gone"}, "status"),
    ],
)
def test_a_consumer_that_cannot_be_is_refused_by_field(body: object, field: str) -> None:
    reply = Api().send("POST", "/consumers", body, who="operator")
    assert (reply.status, reply.json["field"]) == (400, field)


def test_a_change_replaces_what_it_names_and_nothing_else() -> None:
    api = Api()
    api.rent(who="bob")
    changed = api.send("PATCH", "/consumers/bob", {"max_sessions": 0}, who="operator").json
    assert (changed["max_sessions"], changed["max_price_per_hour"], changed["sessions"]) == (0, 50, 1)
    assert api.send("POST", "/sessions", wish(), who="bob").code == "quota_exceeded"
    assert api.send("PATCH", "/consumers/bob", {"role": "operator"}, who="operator").json["role"] == "operator"
    assert api.send("GET", "/consumers", who="bob").status == 200
    assert api.send("PATCH", "/consumers/nobody", {}, who="operator").status == 404
    assert api.send("PATCH", "/consumers/" + "x" * 3000, {}, who="operator").status == 404


def test_a_disabled_consumer_is_a_stranger_until_made_active_again() -> None:
    api = Api()
    assert api.send("PATCH", "/consumers/bob", {"status": "disabled"}, who="operator").json["status"] == "disabled"
    assert api.send("GET", "/sessions", who="bob").status == 401
    assert api.send("POST", "/sessions", wish(consumer="bob"), who="operator").code == "unknown_consumer"
    api.send("PATCH", "/consumers/bob", {"status": "active"}, who="operator")
    assert api.send("GET", "/sessions", who="bob").status == 200


@pytest.mark.parametrize("change", [{"status": "disabled"}, {"role": "consumer"}])
def test_an_operator_cannot_lock_themselves_out(change: object) -> None:
    api = Api()
    reply = api.send("PATCH", "/consumers/operator", change, who="operator")
    assert (reply.status, reply.code) == (409, "own_consumer")
    assert api.send("PATCH", "/consumers/operator", {"max_sessions": 7}, who="operator").status == 200


def test_consumers_are_listed_in_pages() -> None:
    api = Api()
    first = api.send("GET", "/consumers?limit=2", who="operator").json
    rest = api.send("GET", f"/consumers?cursor={first['next_cursor']}", who="operator").json
    names = [consumer["id"] for consumer in first["consumers"] + rest["consumers"]]
    assert names == sorted(names)
    assert {"ada", "bob", "operator"} <= set(names)
    assert (first["count"], rest["next_cursor"]) == (2, None)


def test_a_key_is_shown_once_works_and_stops_working_when_revoked() -> None:
    api = Api()
    _create(api)
    made = api.send("POST", "/consumers/carol/keys", who="operator")
    assert (made.status, made.json.keys()) == (201, {"key_id", "key"})
    api.keys["carol"] = made.json["key"]
    assert api.send("GET", "/sessions", who="carol").status == 200

    path = f"/consumers/carol/keys/{made.json['key_id']}"
    listed = api.send("GET", "/consumers/carol/keys", who="operator")
    (record,) = listed.json["keys"]
    assert record.keys() == {"key_id", "created_at", "last_used_at", "revoked_at"}
    assert record["revoked_at"] is None
    assert made.json["key"] not in listed.text

    revoked = api.send("DELETE", path, who="operator")
    assert (revoked.status, revoked.json["key_id"]) == (200, made.json["key_id"])
    assert revoked.json["revoked_at"] is not None
    assert api.send("DELETE", path, who="operator").json == revoked.json
    assert api.send("GET", "/sessions", who="carol").status == 401


def test_a_key_is_rotated_while_two_hold_and_its_last_use_tells_when_the_old_one_can_go() -> None:
    api = Api()
    _create(api)
    issued = [api.send("POST", "/consumers/carol/keys", who="operator").json for _ in range(2)]
    api.keys |= {"old": issued[0]["key"], "new": issued[1]["key"]}

    def last_used() -> list[str | None]:
        listed = api.send("GET", "/consumers/carol/keys", who="operator").json["keys"]
        by_id = {key["key_id"]: key["last_used_at"] for key in listed}
        return [by_id[each["key_id"]] for each in issued]

    assert last_used() == [None, None]
    session = api.rent(who="old")
    assert api.send("GET", f"/sessions/{session['id']}", who="new").status == 200  # whose it is, not by which key
    first = last_used()
    assert first[0] is not None
    api.world.clock.advance(7200)
    assert api.send("GET", "/me", who="new").json["key_id"] == issued[1]["key_id"]
    after = last_used()
    assert (after[0], after[1]) == (first[0], "2026-09-21T16:13:20.000Z")
    api.send("DELETE", f"/consumers/carol/keys/{issued[0]['key_id']}", who="operator")
    assert [api.send("GET", "/me", who=name).status for name in ("old", "new")] == [401, 200]


def test_a_key_of_another_consumer_or_of_nobody_is_not_found() -> None:
    api = Api()
    key_id = api.keys["ada"].split("_")[1]
    for path in (f"/consumers/bob/keys/{key_id}", "/consumers/ada/keys/0000000000", "/consumers/ada/keys/X"):
        reply = api.send("DELETE", path, who="operator")
        assert (reply.status, reply.code) == (404, "not_found")
    assert api.send("POST", "/consumers/nobody/keys", who="operator").status == 404
    assert api.send("GET", "/consumers/nobody/keys", who="operator").status == 404
    assert api.send("GET", "/sessions", who="ada").status == 200


def test_a_key_cannot_revoke_itself() -> None:
    api = Api()
    keys = api.send("GET", "/consumers/operator/keys", who="operator").json["keys"]
    refusals = [
        api.send("DELETE", f"/consumers/operator/keys/{key['key_id']}", who="operator").code
        for key in keys
        if key["last_used_at"] is not None
    ]
    assert refusals == ["own_key"]
    assert api.send("GET", "/consumers", who="operator").status == 200


@pytest.mark.parametrize("name", ["c", "Carol", "team.ml", "alice_1"])
def test_people_may_be_called_as_elsewhere(name: str) -> None:
    api = Api()
    assert api.send("POST", "/consumers", {"id": name}, who="operator").status == 201
    assert api.send("POST", f"/consumers/{name}/keys", who="operator").status == 201
    budget = {"period": "day", "limit": 1}
    assert api.send("PUT", f"/budgets/{name}", budget, who="operator").json["consumer"] == name
    assert api.send("GET", f"/sessions?consumer={name}", who="operator").status == 200
