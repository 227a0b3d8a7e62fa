"""Destroyed is a fact: what amounts to a proof of absence, and what does not."""

from typing import Any

import pytest

from chalicelib.domain.attempt import Attempt, NotProven, Stage, look, prove
from chalicelib.domain.instance import Absent, Instance, Listing, Phase
from tests.builders import NOW, an_offer

TAG = "shopper-test-x"


def listing(*instances: Instance, at: int = NOW) -> Listing:
    return Listing(provider="vastai", taken_at=at, instances=instances)


def an_instance(**changes: Any) -> Instance:
    return Instance(
        provider="vastai", **{"id": "1", "tag": TAG, "phase": Phase.RUNNING, "status": "running", **changes}
    )


def test_two_clean_looks_far_enough_apart_make_a_proof() -> None:
    first = look(NOW, TAG, ("1",), (Absent(instance_id="1"),), listing())
    second = look(NOW + 5000, TAG, ("1",), (Absent(instance_id="1"),), listing(at=NOW + 5000))
    assert prove("vastai", TAG, first, second, 5000).looks == (first, second)


def test_two_looks_too_close_together_prove_nothing() -> None:
    seen = look(NOW, TAG, (), (), listing())
    again = look(NOW + 4999, TAG, (), (), listing(at=NOW + 4999))
    with pytest.raises(NotProven):
        prove("vastai", TAG, seen, again, 5000)


def test_one_look_cannot_be_counted_twice() -> None:
    seen = look(NOW, TAG, (), (), listing())
    with pytest.raises(NotProven):
        prove("vastai", TAG, seen, seen, 5000)


def test_looks_of_different_machines_prove_nothing() -> None:
    first = look(NOW, TAG, ("1",), (Absent(instance_id="1"),), listing())
    second = look(
        NOW + 9000, TAG, ("1", "2"), (Absent(instance_id="1"), Absent(instance_id="2")), listing(at=NOW + 9000)
    )
    with pytest.raises(NotProven):
        prove("vastai", TAG, first, second, 5000)


@pytest.mark.parametrize(
    "instance", [an_instance(phase=Phase.STOPPED), an_instance(id="2"), an_instance(tag="renamed")], ids=str
)
def test_a_listed_machine_by_id_or_tag_is_alive_whatever_its_state(instance: Instance) -> None:
    with pytest.raises(NotProven):
        look(NOW, TAG, ("1",), (Absent(instance_id="1"),), listing(instance))


def test_every_known_machine_must_be_asked_for_itself() -> None:
    with pytest.raises(NotProven):
        look(NOW, TAG, ("1", "2"), (Absent(instance_id="1"),), listing())


def test_a_list_from_before_the_look_does_not_count() -> None:
    with pytest.raises(NotProven):
        look(NOW, TAG, (), (), listing(at=NOW - 1))


def test_a_foreign_tag_cannot_be_proven_gone() -> None:
    seen = look(NOW, "mine", (), (), listing())
    with pytest.raises(NotProven):
        prove("vastai", "mine", seen, look(NOW + 9000, "mine", (), (), listing(at=NOW + 9000)), 5000)


def test_an_attempt_never_forgets_a_machine_and_keeps_its_first_one_first() -> None:
    attempt = Attempt(offer=an_offer(), disk_gb=40, stage=Stage.BOOTING, called_at=NOW, at=NOW, deadline_at=NOW)
    assert attempt.knows("a").knows("b", "a").knows().instance_ids == ("a", "b")


def test_ending_twice_keeps_the_first_moment() -> None:
    attempt = Attempt(offer=an_offer(), disk_gb=40, stage=Stage.BOOTING, called_at=NOW, at=NOW, deadline_at=NOW)
    once = attempt.ended(NOW + 1, "timed_out")
    assert once.ended(NOW + 2, "other") == once


def test_an_attempt_that_begins_to_end_forgets_what_was_asked_of_a_twin_and_keeps_what_is_known_of_it() -> None:
    twin_asked = Attempt(
        offer=an_offer(), disk_gb=40, stage=Stage.BOOTING, called_at=NOW, at=NOW, deadline_at=NOW, outcome="created",
        detail="slow", destroy_calls=3, destroy_due_at=NOW + 300_000, look=look(NOW, TAG, (), (), listing()),
    )  # fmt: skip
    ending = twin_asked.ended(NOW + 5)
    assert (ending.stage, ending.ending_since) == (Stage.ENDING, NOW + 5)
    assert (ending.destroy_calls, ending.destroy_due_at, ending.look) == (0, None, None)
    assert (ending.outcome, ending.detail, ending.at) == ("created", "slow", NOW)
    failed = twin_asked.ended(NOW + 5, "timed_out", "20 min")
    assert (failed.outcome, failed.detail, failed.at) == ("timed_out", "20 min", NOW + 5)
