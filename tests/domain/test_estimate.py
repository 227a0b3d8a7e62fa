"""What a session has cost so far, by its own clock."""

from msgspec.structs import replace

from chalicelib.domain import estimate
from chalicelib.domain.attempt import AbsenceProof, Attempt, Look, Stage
from chalicelib.domain.instant import HOUR
from chalicelib.domain.session import EndReason, Session, Status
from tests.builders import NOW, a_session, an_offer


def _attempt(**changes: object) -> Attempt:
    attempt = Attempt(
        offer=an_offer(),
        disk_gb=40,
        stage=Stage.BOOTING,
        called_at=NOW,
        instance_ids=("1",),
        at=NOW,
        deadline_at=NOW + HOUR,
    )
    return replace(attempt, **changes)


def _gone(session: Session, at: int) -> AbsenceProof:
    looks = tuple(Look(at=at + n * 5000, instance_ids=("1",), machines_listed=0) for n in range(2))
    return AbsenceProof(provider="vastai", tag=session.tag, instance_ids=("1",), looks=(looks[0], looks[1]))


def test_before_a_machine_exists_nothing_is_accrued_and_the_whole_time_is_reserved() -> None:
    session = a_session(held_per_hour=448_800)
    assert estimate.accrued(session, NOW) == 0
    assert estimate.reserved(session, NOW) == 448_800
    calling = replace(session, attempts=(_attempt(instance_ids=()),))
    assert estimate.accrued(calling, NOW + HOUR) == 0


def test_a_machine_costs_from_the_create_call_on() -> None:
    session = a_session(attempts=(_attempt(),), status=Status.RUNNING)
    assert estimate.accrued(session, NOW + HOUR // 2) == 204_000
    assert estimate.reserved(session, NOW + HOUR // 2) == 204_000


def test_after_its_end_a_session_costs_what_it_did_until_it_was_found_gone() -> None:
    session = a_session(status=Status.TERMINATED, end_reason=EndReason.DONE, ended_at=NOW + HOUR)
    proven = replace(session, attempts=(_attempt(stage=Stage.CLOSED, proof=_gone(session, NOW + HOUR // 4)),))
    assert estimate.accrued(proven, NOW + 9 * HOUR) == 102_000
    assert estimate.reserved(proven, NOW) == 0


def test_an_earlier_attempt_counts_at_the_price_of_its_own_offer() -> None:
    session = a_session(price_per_hour=1_000_000)
    dear = an_offer(gpu_per_hour=2.0, disk_per_gb_hour=0.0)
    first = _attempt(offer=dear, stage=Stage.CLOSED, proof=_gone(session, NOW + HOUR // 2))
    both = replace(session, attempts=(first, _attempt(called_at=NOW + HOUR // 2)))
    assert estimate.accrued(both, NOW + HOUR) == 1_000_000 + 500_000


def test_past_its_end_nothing_more_is_reserved() -> None:
    session = a_session(attempts=(_attempt(),), status=Status.RUNNING)
    assert estimate.reserved(session, NOW + 2 * HOUR) == 0
    assert estimate.accrued(session, NOW + 2 * HOUR) == 816_000
