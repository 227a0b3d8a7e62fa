"""A lease over HTTP: asked for with the session, renewed by its owner alone."""

import pytest

from chalicelib.domain.instant import rfc3339
from tests.api.client import Api, wish
from tests.builders import NOW

MINUTE = 60_000


def test_a_session_tells_its_lease_and_when_it_runs_out() -> None:
    session = Api().rent(hours=8, lease_minutes=10)
    assert (session["lease_minutes"], session["lease_expires_at"]) == (10, rfc3339(NOW + 10 * MINUTE))


def test_without_one_both_are_null() -> None:
    session = Api().rent()
    assert (session["lease_minutes"], session["lease_expires_at"]) == (None, None)


def test_a_renewal_answers_with_the_new_end_which_is_never_past_the_others() -> None:
    api = Api()
    session = api.rent(hours=0.5, lease_minutes=20)
    path = f"/sessions/{session['id']}/renew"
    api.world.run(300)
    renewed = api.send("POST", path)
    assert (renewed.status, renewed.json["lease_expires_at"]) == (200, rfc3339(NOW + 25 * MINUTE))
    assert (renewed.json["expires_at"], renewed.json["hours"]) == (session["expires_at"], 0.5)
    assert renewed.json["cost"]["reserved"] + renewed.json["cost"]["accrued"] == pytest.approx(
        session["cost"]["reserved"], abs=1e-6
    )
    api.world.run(900)
    assert api.send("POST", path).json["lease_expires_at"] == session["expires_at"]


def test_what_is_not_renewed_ends_as_expired_and_cannot_be_renewed_any_more() -> None:
    api = Api()
    path = f"/sessions/{api.rent(hours=8, lease_minutes=5)['id']}"
    api.world.run(600)
    session = api.send("GET", path).json
    assert (session["status"], session["end_reason"]) == ("terminated", "expired")
    ending = next(event for event in api.send("GET", f"{path}/events").json["events"] if event["to"] == "terminating")
    assert ending["detail"] == f"the lease was not renewed: it ran out at {rfc3339(NOW + 5 * MINUTE)}"
    refused = api.send("POST", f"{path}/renew")
    assert (refused.status, refused.code) == (409, "not_live")


def test_a_session_without_a_lease_says_that_there_is_nothing_to_renew() -> None:
    api = Api()
    refused = api.send("POST", f"/sessions/{api.rent()['id']}/renew")
    assert (refused.status, refused.code) == (409, "no_lease")


def test_a_renewal_takes_no_fields() -> None:
    api = Api()
    refused = api.send("POST", f"/sessions/{api.rent(lease_minutes=5)['id']}/renew", {"lease_minutes": 60})
    assert (refused.status, refused.code) == (400, "unknown_field")


@pytest.mark.parametrize("minutes", [0, -1, 0.5, 1441, "10", True])
def test_a_lease_that_nobody_could_keep_is_refused(minutes: object) -> None:
    refused = Api().send("POST", "/sessions", wish(lease_minutes=minutes))
    assert (refused.status, refused.json["field"]) == (400, "lease_minutes")


def test_the_shortest_lease_is_a_setting() -> None:
    api = Api(environ={"SHOPPER_LEASE_LEAST_SECONDS": "1"})
    assert api.rent(lease_minutes=0.05)["lease_expires_at"] == rfc3339(NOW + 3_000)


def test_a_lease_makes_another_wish_of_it() -> None:
    api = Api()
    headers = {"Idempotency-Key": "run 7"}
    assert api.send("POST", "/sessions", wish(), headers=headers).status == 202
    assert api.send("POST", "/sessions", wish(lease_minutes=None, idle_minutes=0), headers=headers).status == 202
    other = api.send("POST", "/sessions", wish(lease_minutes=10), headers=headers)
    assert (other.status, other.code) == (409, "idempotency_conflict")
