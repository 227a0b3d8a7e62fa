"""The ledger against an oracle in exact fractions, whatever was seen of the machines, and whenever it is written."""

from fractions import Fraction

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import ledger, metering, period
from chalicelib.domain.attempt import AbsenceProof, Attempt, Look, Stage
from chalicelib.domain.billing import Billing, Correction
from chalicelib.domain.instance import Instance, Listing, Phase
from chalicelib.domain.instant import HOUR, SECOND
from chalicelib.domain.money import to_micros
from chalicelib.domain.offer import Offer
from chalicelib.domain.session import Session
from tests.builders import NOW, a_session, an_offer

BY_PHASE = Billing(gpu_in=(Phase.RUNNING, Phase.UNKNOWN), free_in=(Phase.OFFLINE,))
_Seen = tuple[int, Phase | None, int | None]
"""(after so many milliseconds, phase or not listed, price or not told)."""

lengths = st.integers(1, 30 * HOUR)
sightings = st.lists(
    st.tuples(
        st.integers(0, 30 * HOUR),
        st.none() | st.sampled_from(Phase),
        st.none() | st.integers(0, 90_000_000),
    ),
    max_size=12,
)


def attempt_of(offer: Offer, billing: Billing, seen: list[_Seen]) -> Attempt:
    """As the steps and reconciliation would have left it."""
    attempt = Attempt(
        offer=offer, disk_gb=40, billing=billing, stage=Stage.BOOTING, called_at=NOW, at=NOW, deadline_at=NOW,
        instance_ids=("i-1",),
    )  # fmt: skip
    for after, phase, price in seen:
        machines: tuple[Instance, ...] = ()
        if phase is not None:
            machines = (Instance(provider="vastai", id="i-1", tag=None, phase=phase, status="", price_per_hour=price),)
        listing = Listing(provider="vastai", taken_at=NOW + after, instances=machines)
        attempt = metering.read(attempt, listing)
    return attempt


def oracle(offer: Offer, billing: Billing, seen: list[_Seen], end: int) -> Fraction:
    """The same by definition: what it costs at each moment is what was last seen of it."""
    price = to_micros(offer.gpu_per_hour + 40 * offer.disk_per_gb_hour)
    disk = price - to_micros(offer.gpu_per_hour)
    first = next((phase for _, phase, _ in seen if phase is not None), None)
    been_up = first in (Phase.RUNNING, Phase.REBOOTING, Phase.FROZEN)
    real: list[tuple[int, Phase | None, int]] = [(0, Phase.RUNNING if been_up else Phase.STARTING, price)]
    for after, phase, told in seen:
        if phase is None:
            if len(real) > 1 and real[-1][1] is not None:
                real.append((after, None, real[-1][2]))
            continue
        if real[-1][1] is None:
            real.pop()
        real.append((after, phase, real[-1][2] if told is None else told))
    total = Fraction(0)
    for (since, phase, rate), until in zip(real, [one[0] for one in real[1:]] + [end], strict=True):
        length = Fraction(max(0, min(until, end) - since), HOUR)
        storage = min(disk, rate)
        if phase is not None and billing.gpu(phase):
            total += (rate - storage) * length
        if phase is not None and billing.storage(phase):
            total += storage * length
    return total


@settings(max_examples=300, deadline=None)
@given(lengths, sightings, st.sampled_from((Billing(), BY_PHASE)), st.integers(1, 20_000_000))
def test_the_ledger_is_exact_to_half_a_micro_dollar_a_line(
    end: int, seen: list[_Seen], billing: Billing, price: int
) -> None:
    seen = sorted(seen, key=lambda one: one[0])
    offer = an_offer(gpu_per_hour=price / 1e6)
    session = a_session(attempts=(attempt_of(offer, billing, seen),))
    found = ledger.lines(session, NOW + end)
    assert abs(ledger.cost(session, NOW + end) - oracle(offer, billing, seen, end)) <= Fraction(len(found), 2)
    assert all(line.day == period.day(segment.since) for line in found for segment in line.segments)
    numbers = [(segment.number, segment.since) for line in found for segment in line.segments]
    assert len(set(numbers)) == len(numbers)


@settings(max_examples=150, deadline=None)
@given(lengths, sightings, st.lists(st.integers(0, 30 * HOUR), max_size=6))
def test_a_later_ledger_never_says_less(end: int, seen: list[_Seen], ticks: list[int]) -> None:
    seen = sorted(seen, key=lambda one: one[0])
    session = a_session(attempts=(attempt_of(an_offer(), BY_PHASE, seen),))
    costs = [ledger.cost(session, NOW + tick) for tick in sorted([*ticks, end])]
    assert costs == sorted(costs)


def test_a_machine_that_was_up_when_it_was_first_seen_was_up_since_its_create() -> None:
    """As one that was adopted after a create without an answer; a machine that was seen to boot was not."""
    seen: list[_Seen] = [(600 * SECOND, Phase.RUNNING, None)]
    adopted = a_session(attempts=(attempt_of(an_offer(), BY_PHASE, seen),))
    unseen = a_session(attempts=(attempt_of(an_offer(), BY_PHASE, []),))
    assert ledger.cost(unseen, NOW + 500 * SECOND) == round(8_000 * 500 / 3600)
    assert ledger.cost(adopted, NOW + 1200 * SECOND) == round(408_000 * 1200 / 3600)
    booted = a_session(attempts=(attempt_of(an_offer(), BY_PHASE, [(5 * SECOND, Phase.STARTING, None), *seen]),))
    assert ledger.cost(booted, NOW + 1200 * SECOND) == round(408_000 * 600 / 3600 + 8_000 * 600 / 3600)


def gone(session: Session, at: int) -> Session:
    look = Look(at=at, instance_ids=("i-1",), machines_listed=0)
    [attempt] = session.attempts
    return msgspec.structs.replace(session, attempts=(msgspec.structs.replace(attempt, look=look),))


def test_a_clean_look_ends_the_bill() -> None:
    session = gone(a_session(attempts=(attempt_of(an_offer(), Billing(), []),)), NOW + 55 * SECOND)
    assert ledger.cost(session, NOW + 10 * HOUR) == round(408_000 * 55 / 3600)
    assert ledger.burn(session, NOW + HOUR) == 0


def test_an_attempt_without_a_machine_costs_nothing() -> None:
    attempt = attempt_of(an_offer(), Billing(), [])
    nothing = msgspec.structs.replace(attempt, instance_ids=())
    never = msgspec.structs.replace(attempt, called_at=None)
    assert ledger.lines(a_session(attempts=(nothing, never)), NOW + HOUR) == []
    assert ledger.burn(a_session(attempts=(nothing, never)), NOW + HOUR) == 0


def test_two_machines_of_one_attempt_cost_twice() -> None:
    attempt = msgspec.structs.replace(attempt_of(an_offer(), Billing(), []), instance_ids=("i-1", "i-2"))
    session = a_session(attempts=(attempt,))
    assert ledger.cost(session, NOW + HOUR) == 2 * 408_000
    assert ledger.burn(session, NOW) == 2 * 408_000


def test_gpu_hours_count_each_gpu_and_only_while_it_is_billed() -> None:
    seen: list[_Seen] = [(1, Phase.STARTING, None), (HOUR, Phase.RUNNING, None), (3 * HOUR, Phase.STOPPED, None)]
    session = a_session(attempts=(attempt_of(an_offer(gpu_count=4), BY_PHASE, seen),))
    assert sum(line.gpu_ms for line in ledger.lines(session, NOW + 5 * HOUR)) == 8 * HOUR
    assert ledger.burn(session, NOW) == 8_000


def test_a_correction_is_a_segment_of_its_own_kind() -> None:
    correction = Correction(at=NOW + SECOND, amount=-7, reason="invoice")
    session = a_session(attempts=(attempt_of(an_offer(), Billing(), []),), corrections=(correction,))
    [line] = ledger.lines(session, NOW + HOUR)
    assert line.cost == 408_000 - 7
    assert [segment.kind for segment in line.segments] == ["gpu", "storage", "correction"]
    assert line.gpu_ms == HOUR


def test_the_bill_ends_at_the_first_of_the_two_looks_that_prove_it_gone() -> None:
    session = a_session(attempts=(attempt_of(an_offer(), Billing(), []),))
    first, second = (Look(at=NOW + at * SECOND, instance_ids=("i-1",), machines_listed=0) for at in (55, 61))
    proof = AbsenceProof(provider="vastai", tag=session.tag, instance_ids=("i-1",), looks=(first, second))
    [attempt] = session.attempts
    proven = msgspec.structs.replace(session, attempts=(msgspec.structs.replace(attempt, look=second, proof=proof),))
    assert ledger.cost(proven, NOW + HOUR) == round(408_000 * 55 / 3600)
