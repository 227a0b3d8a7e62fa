"""Old readings become sums: the bill stays what it was, and the row small."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import folding, ledger, metering
from chalicelib.domain.attempt import Attempt, Look, Stage
from chalicelib.domain.billing import Billing
from chalicelib.domain.instance import Instance, Listing, Phase
from chalicelib.domain.instant import HOUR, SECOND
from chalicelib.domain.ledger import Line
from tests.builders import NOW, a_session, an_offer

BY_PHASE = Billing(gpu_in=(Phase.RUNNING, Phase.UNKNOWN), free_in=(Phase.OFFLINE,))
FIVE_MINUTES = 300 * SECOND

_Look = tuple[int, dict[str, tuple[Phase, int | None]]]
phases = st.sampled_from((Phase.STARTING, Phase.RUNNING, Phase.RUNNING, Phase.STOPPED, Phase.OFFLINE))
looks = st.lists(
    st.tuples(
        st.integers(1, 9 * HOUR),
        st.dictionaries(
            st.sampled_from(("i-1", "i-2", "i-3")), st.tuples(phases, st.none() | st.integers(0, 900_000)), max_size=3
        ),
    ),
    min_size=1,
    max_size=25,
)


def attempt_of(billing: Billing = BY_PHASE) -> Attempt:
    return Attempt(
        offer=an_offer(gpu_count=2), disk_gb=40, billing=billing, stage=Stage.BOOTING, called_at=NOW, at=NOW,
        deadline_at=NOW, instance_ids=("i-1", "i-2"),
    )  # fmt: skip


def listed(at: int, shown: dict[str, tuple[Phase, int | None]]) -> Listing:
    machines = tuple(
        Instance(provider="vastai", id=name, tag=None, phase=phase, status="", price_per_hour=price)
        for name, (phase, price) in shown.items()
    )
    return Listing(provider="vastai", taken_at=NOW + at, instances=machines)


def read(attempt: Attempt, at: int, shown: dict[str, tuple[Phase, int | None]]) -> Attempt:
    return metering.read(attempt, listed(at, shown))


def bill(attempt: Attempt, until: int) -> list[Line]:
    """Without the segments, which folding joins."""
    found = ledger.lines(a_session(attempts=(attempt,)), NOW + until)
    return [msgspec.structs.replace(line, segments=()) for line in found]


@settings(max_examples=300, deadline=None)
@given(looks, st.sampled_from((Billing(), BY_PHASE)), st.integers(1, 8), st.integers(0, 24), st.booleans())
def test_whatever_was_seen_the_bill_is_the_same_to_the_micro_dollar(
    seen: list[_Look], billing: Billing, most: int, twin: int, back: bool
) -> None:
    """`twin`: when a further machine is known; if it is `back`, one of an earlier attempt, as soon as it is seen."""
    whole = small = attempt_of(billing)
    at = 0
    for number, (pause, shown) in enumerate(seen):
        at += pause
        if number == twin and not back:
            whole, small = whole.knows("i-3"), small.knows("i-3")
        elif number >= twin and "i-3" in shown:
            again = listed(at, shown).instances
            whole, small = (metering.rejoined(one, again, NOW + at) for one in (whole, small))
        whole, small = read(whole, at, shown), folding.folded(read(small, at, shown), most)
        for later in (0, 1, 50 * HOUR):
            assert bill(small, at + later) == bill(whole, at + later)
    numbers = [
        (one.number, one.since)
        for line in ledger.lines(a_session(attempts=(small,)), NOW + at)
        for one in line.segments
    ]
    assert len(set(numbers)) == len(numbers)


def test_weeks_of_a_jittering_price_fit_into_a_row() -> None:
    """Thirty days, another price every five minutes: 8,640 readings would not."""
    attempt = msgspec.structs.replace(attempt_of(), instance_ids=("i-1",))
    exact = rate = 0
    for number in range(30 * 288):
        exact += rate * FIVE_MINUTES
        rate = 300_000 + number % 977
        attempt = read(attempt, number * FIVE_MINUTES, {"i-1": (Phase.RUNNING, rate)})
    assert len(attempt.readings) <= folding.MOST
    assert len(msgspec.json.encode(attempt)) < 40_000
    lines = bill(attempt, (30 * 288 - 1) * FIVE_MINUTES)
    assert abs(sum(line.cost for line in lines) - exact / HOUR) <= len(lines) / 2
    assert sum(line.gpu_ms for line in lines) == 2 * (30 * 288 - 1) * FIVE_MINUTES


def test_an_honest_machine_keeps_every_reading() -> None:
    attempt = attempt_of()
    for number in range(144):
        attempt = read(attempt, number * FIVE_MINUTES, {"i-1": (Phase.RUNNING, 300_000 + number % 2)})
    assert attempt.folded == ()
    assert len(attempt.readings) == 144


def test_a_bill_that_ended_is_left_as_it_is() -> None:
    """Should the machine come back, what it cost after the look is still known."""
    attempt = attempt_of()
    for number in range(10):
        attempt = read(attempt, number * FIVE_MINUTES, {"i-1": (Phase.RUNNING, 300_000 + number)})
    seen = msgspec.structs.replace(
        attempt, look=Look(at=NOW + 10 * FIVE_MINUTES, instance_ids=("i-1", "i-2"), machines_listed=0)
    )
    assert folding.folded(seen, 4) is seen
    assert folding.folded(attempt, 4) is not attempt
