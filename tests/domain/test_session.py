"""The moves of a session, and the ones it does not have."""

import msgspec
import pytest

from chalicelib.domain import session as rules
from chalicelib.domain.attempt import AbsenceProof, Attempt, Look, Stage
from chalicelib.domain.instance import Address
from chalicelib.domain.session import EndReason, IllegalMove, NeverLaunched, Session, Status
from tests.builders import NOW, a_session, an_offer

ADDRESS = Address(host="192.0.2.1", port=22, user="root")


def an_attempt(stage: Stage = Stage.CALLING, called_at: int | None = NOW) -> Attempt:
    return Attempt(offer=an_offer(), disk_gb=40, stage=stage, called_at=called_at, at=NOW, deadline_at=NOW + 1)


def a_proof(session: Session) -> AbsenceProof:
    looks = (
        Look(at=NOW, instance_ids=("1",), machines_listed=0),
        Look(at=NOW + 5000, instance_ids=("1",), machines_listed=0),
    )
    return AbsenceProof(provider="vastai", tag=session.tag, instance_ids=("1",), looks=looks)


def launched() -> Session:
    return rules.start_attempt(a_session(), an_attempt(), 400_000, NOW)[0]


def test_the_whole_life_writes_one_event_for_each_move() -> None:
    session, called = rules.start_attempt(a_session(), an_attempt(), 400_000, NOW)
    session, ran = rules.run(session, ADDRESS, NOW + 1)
    session, ending = rules.end(session, EndReason.DONE, NOW + 2, "c-ada")
    session, ended = rules.finish(session, a_proof(session), NOW + 3)
    assert called is not None
    chain = [(event.before, event.after) for event in (called, ran, ending, ended)]
    assert chain == [
        (Status.PENDING, Status.PROVISIONING),
        (Status.PROVISIONING, Status.RUNNING),
        (Status.RUNNING, Status.TERMINATING),
        (Status.TERMINATING, Status.TERMINATED),
    ]
    assert session.due_at is None


def test_a_second_attempt_needs_the_first_one_closed() -> None:
    with pytest.raises(IllegalMove):
        rules.start_attempt(launched(), an_attempt(), 400_000, NOW)


def test_no_final_state_without_a_proof_once_a_create_was_sent() -> None:
    ending, _ = rules.end(launched(), EndReason.DELETED, NOW, "c-ada")
    with pytest.raises(IllegalMove):
        rules.finish(ending, NeverLaunched(), NOW)


def test_the_proof_of_another_session_ends_nothing() -> None:
    ending, _ = rules.end(launched(), EndReason.DELETED, NOW, "c-ada")
    with pytest.raises(IllegalMove):
        rules.finish(ending, a_proof(a_session(1)), NOW)


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (EndReason.DELETED, Status.TERMINATED),
        (EndReason.DONE, Status.TERMINATED),
        (EndReason.PROVISION_TIMEOUT, Status.FAILED),
        (EndReason.LAUNCH_REFUSED, Status.FAILED),
        (EndReason.EXPIRED, Status.FAILED),
    ],
)
def test_what_never_became_usable_has_failed_unless_somebody_wanted_it_gone(reason: EndReason, status: Status) -> None:
    ending, _ = rules.end(a_session(), reason, NOW, "x")
    assert rules.finish(ending, NeverLaunched(), NOW)[0].status is status


@pytest.mark.parametrize("status", [Status.TERMINATING, Status.TERMINATED, Status.FAILED])
def test_an_ending_or_ended_session_neither_runs_nor_ends_again(status: Status) -> None:
    session = msgspec.structs.replace(launched(), status=status)
    with pytest.raises(IllegalMove):
        rules.end(session, EndReason.DELETED, NOW, "x")
    with pytest.raises(IllegalMove):
        rules.run(session, ADDRESS, NOW)


def test_a_session_is_due_at_its_next_step_or_its_end_whichever_comes_first() -> None:
    waiting = a_session(next_attempt_at=NOW + 5, expires_at=NOW + 9, hard_max_at=NOW + 99)
    assert waiting.due_at == NOW + 5
    running, _ = rules.run(msgspec.structs.replace(waiting, status=Status.PROVISIONING), ADDRESS, NOW)
    assert running.due_at == NOW + 9
    ending, _ = rules.end(running, EndReason.DONE, NOW + 1, "x")
    assert ending.due_at == NOW + 1
