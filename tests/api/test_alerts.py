"""Alerts and subscriptions by HTTP."""

import pytest

from tests.api.client import Api

HOOK = {"protocol": "https", "endpoint": "https://hooks.example.com/gpu?team=1"}
MAIL = {"protocol": "email", "endpoint": "Ada@Example.COM"}


def test_a_subscription_hears_the_alerts_of_its_consumer_alone() -> None:
    api = Api()
    made = api.send("POST", "/alerts/subscriptions", HOOK)
    assert (made.status, made.json["consumer"], made.json["endpoint"]) == (201, "ada", HOOK["endpoint"])
    assert list(api.world.notifier.subscribed.values()) == [(HOOK["endpoint"], "ada")]
    assert api.send("POST", "/alerts/subscriptions", MAIL).json["endpoint"] == "Ada@example.com"
    assert api.send("GET", "/alerts/subscriptions").json["count"] == 2
    assert api.send("GET", "/alerts/subscriptions", who="bob").json["count"] == 0
    assert api.send("GET", "/alerts/subscriptions?consumer=ada", who="operator").json["count"] == 2


def test_the_same_subscription_again_is_the_same() -> None:
    api = Api()
    first = api.send("POST", "/alerts/subscriptions", HOOK).json
    assert api.send("POST", "/alerts/subscriptions", HOOK).json == first
    other = api.send("POST", "/alerts/subscriptions", HOOK, who="bob")
    assert (other.status, other.code) == (409, "subscription_exists")


def test_an_operator_hears_everything_or_whom_they_name() -> None:
    api = Api()
    assert api.send("POST", "/alerts/subscriptions", HOOK, who="operator").json["consumer"] is None
    named = api.send("POST", "/alerts/subscriptions", {**MAIL, "consumer": "bob"}, who="operator")
    assert named.json["consumer"] == "bob"
    assert api.send("POST", "/alerts/subscriptions", {**MAIL, "consumer": "bob"}).status == 403


def test_a_subscription_that_the_topic_did_not_take_is_asked_for_again() -> None:
    api = Api()
    api.world.notifier.down = True
    assert api.send("POST", "/alerts/subscriptions", HOOK).status == 503
    api.world.notifier.down = False
    assert api.send("POST", "/alerts/subscriptions", HOOK).status == 201
    assert len(api.world.notifier.subscribed) == 1


def test_a_subscription_is_ended_by_its_owner_or_an_operator() -> None:
    api = Api()
    path = f"/alerts/subscriptions/{api.send('POST', '/alerts/subscriptions', HOOK).json['id']}"
    assert api.send("DELETE", path, who="bob").status == 404
    assert api.send("DELETE", path).status == 200
    assert api.world.notifier.subscribed == {}
    assert api.send("DELETE", path, who="operator").status == 404


def test_a_subscription_asked_for_again_asks_its_endpoint_again_but_not_at_every_turn() -> None:
    """The topic forgets what nobody confirms, and whoever clicked on the link at the end of a mail."""
    api = Api()
    first = api.send("POST", "/alerts/subscriptions", HOOK).json
    api.world.notifier.subscribed.clear()
    assert api.send("POST", "/alerts/subscriptions", HOOK).json == first
    assert api.world.notifier.subscribed == {}  # a second mail within minutes would be one too many
    api.world.clock.advance(601)
    assert api.send("POST", "/alerts/subscriptions", HOOK).json == first
    assert list(api.world.notifier.subscribed.values()) == [(HOOK["endpoint"], "ada")]


def test_an_endpoint_that_the_topic_tells_on_other_terms_is_refused_and_leaves_nothing_behind() -> None:
    api = Api()
    api.world.notifier.subscribe("email", "Ada@example.com", None)  # as the deployment's own address
    refused = api.send("POST", "/alerts/subscriptions", MAIL)
    assert (refused.status, refused.code, refused.json["field"]) == (409, "subscription_exists", "endpoint")
    assert api.send("GET", "/alerts/subscriptions").json["count"] == 0


def test_one_ended_before_it_was_confirmed_is_out_of_sight_and_ended_again_until_the_topic_lets_go() -> None:
    api = Api()
    made = api.send("POST", "/alerts/subscriptions", HOOK).json
    path = f"/alerts/subscriptions/{made['id']}"
    api.world.notifier.pending |= set(api.world.notifier.subscribed)
    assert api.send("DELETE", path).status == 200
    assert api.send("GET", "/alerts/subscriptions").json["subscriptions"] == []
    assert api.send("POST", "/alerts/subscriptions", HOOK, who="bob").code == "subscription_exists"
    api.world.notifier.pending.clear()  # somebody has confirmed it after all
    api.world.clock.advance(51 * 3600)
    assert api.send("GET", "/alerts/subscriptions").json["subscriptions"] == []
    assert api.world.notifier.subscribed == {}
    assert api.send("POST", "/alerts/subscriptions", HOOK, who="bob").status == 201


def test_one_ended_too_early_and_wanted_again_is_there_again_without_another_mail() -> None:
    api = Api()
    made = api.send("POST", "/alerts/subscriptions", HOOK).json
    api.world.notifier.pending |= set(api.world.notifier.subscribed)
    for _ in range(3):
        api.send("DELETE", f"/alerts/subscriptions/{made['id']}")
        assert api.send("POST", "/alerts/subscriptions", HOOK).json == made
    assert api.world.notifier.asked == 1
    assert api.send("GET", "/alerts/subscriptions").json["subscriptions"] == [made]


def test_alerts_are_listed_newest_first_to_whom_they_concern() -> None:
    api = Api()
    api.send("PUT", "/budgets/ada", {"period": "day", "limit": 0.01}, who="operator")
    api.rent()
    api.world.run(600)
    found = api.send("GET", "/alerts?limit=2")
    assert [one["threshold"] for one in found.json["alerts"]] == [1.0, 0.8]
    assert found.json["next_cursor"] is not None
    assert api.send("GET", "/alerts", who="bob").json["alerts"] == []
    assert api.send("GET", "/alerts?consumer=ada", who="bob").status == 403
    assert api.send("GET", "/alerts?consumer=ada", who="operator").json["count"] == 3


@pytest.mark.parametrize("body", [{**HOOK, "protocol": "http"}, {**HOOK, "protocol": "sms"}, {"protocol": "https"}])
def test_only_mail_and_https_are_told(body: dict[str, str]) -> None:
    assert Api().send("POST", "/alerts/subscriptions", body).status == 400


def test_an_endpoint_inside_is_refused_by_name() -> None:
    reply = Api().send("POST", "/alerts/subscriptions", {**HOOK, "endpoint": "https://169.254.169.254/latest"})
    assert (reply.status, reply.json["field"]) == (400, "endpoint")


def test_a_consumer_cannot_flood_strangers_with_mails_or_use_up_the_topic() -> None:
    api = Api()
    for number in range(10):
        mail = {"protocol": "email", "endpoint": f"somebody-{number}@example.com"}
        assert api.send("POST", "/alerts/subscriptions", mail).status == 201
    refused = api.send("POST", "/alerts/subscriptions", HOOK)
    assert (refused.status, refused.code) == (429, "quota_exceeded")
    assert HOOK["endpoint"] not in str(api.world.notifier.subscribed)
    again = {"protocol": "email", "endpoint": "somebody-3@example.com"}
    assert api.send("POST", "/alerts/subscriptions", again).status == 201
    assert api.send("POST", "/alerts/subscriptions", HOOK, who="bob").status == 201
    first, second, *_ = [one["id"] for one in api.send("GET", "/alerts/subscriptions").json["subscriptions"]]
    api.world.notifier.pending |= set(api.world.notifier.subscribed)
    api.send("DELETE", f"/alerts/subscriptions/{first}")
    assert api.send("POST", "/alerts/subscriptions", HOOK).code == "quota_exceeded"  # its mail is out
    api.world.notifier.pending.clear()
    api.send("DELETE", f"/alerts/subscriptions/{second}")
    assert api.send("POST", "/alerts/subscriptions", {**HOOK, "endpoint": "https://a.example.com/"}).status == 201
