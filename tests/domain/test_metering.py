"""What one machine's own answer adds to what is known of it."""

import msgspec
import pytest

from chalicelib.domain.attempt import Attempt, Stage
from chalicelib.domain.billing import Billing
from chalicelib.domain.instance import Instance, Listing, Phase
from chalicelib.domain.instant import HOUR
from chalicelib.domain.ledger import metered
from chalicelib.domain.metering import read, rejoined, told
from tests.builders import NOW
from tests.domain.test_session import an_attempt


def a_machine(instance_id: str, phase: Phase = Phase.RUNNING, price: int = 400_000) -> Instance:
    return Instance(provider="vastai", id=instance_id, tag=None, phase=phase, status=phase.value, price_per_hour=price)


def an_attempt_with(*instance_ids: str) -> Attempt:
    return msgspec.structs.replace(an_attempt(Stage.BOOTING), instance_ids=instance_ids)


def a_listing(*machines: Instance, at: int) -> Listing:
    return Listing(provider="vastai", taken_at=at, instances=machines)


def test_what_a_machine_says_of_itself_is_written_down_when_it_was_said() -> None:
    (reading,) = told(an_attempt_with("7"), [a_machine("7")], NOW + 5).readings
    assert (reading.instance_id, reading.at, reading.phase, reading.price_per_hour) == (
        "7", NOW + 5, Phase.RUNNING, 400_000,
    )  # fmt: skip


def test_a_machine_of_somebody_else_and_silence_about_ours_change_nothing() -> None:
    attempt = an_attempt_with("7")
    assert told(attempt, [a_machine("8")], NOW + 5) is attempt
    assert told(attempt, [], NOW + 5) is attempt


def test_every_machine_that_is_told_of_is_read() -> None:
    found = told(an_attempt_with("7", "8"), [a_machine("7"), a_machine("8", price=500_000)], NOW + 5)
    assert [(one.instance_id, one.price_per_hour) for one in found.readings] == [("7", 400_000), ("8", 500_000)]


def test_a_machine_of_an_earlier_attempt_that_is_back_costs_from_when_it_is_seen_again() -> None:
    attempt = told(an_attempt_with("7"), [a_machine("7")], NOW + 5)
    back = rejoined(attempt, [a_machine("7"), a_machine("3")], NOW + HOUR)
    assert back.instance_ids == ("7", "3")
    assert rejoined(back, [a_machine("3")], NOW + 2 * HOUR) is back
    spans = [(one.instance_id, one.since) for one in metered(back, 0, NOW + 3 * HOUR)]
    assert min(since for machine, since in spans if machine == "3") == NOW + HOUR
    assert min(since for machine, since in spans if machine == "7") == attempt.called_at
    assert read(back, a_listing(a_machine("7"), at=NOW + 2 * HOUR)).readings[-1].phase is None


@pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.REBOOTING, Phase.FROZEN])
def test_a_machine_that_has_been_up_when_it_is_first_seen_was_up_since_its_create(phase: Phase) -> None:
    billing = Billing(gpu_in=(Phase.RUNNING, Phase.REBOOTING))
    attempt = told(msgspec.structs.replace(an_attempt_with("7"), billing=billing), [a_machine("7", phase)], NOW + HOUR)
    gpu = [one for one in metered(attempt, 0, NOW + 2 * HOUR) if one.kind == "gpu"]
    assert gpu[0].since == attempt.called_at


def test_a_phase_that_a_later_version_wrote_down_can_be_read() -> None:
    written = msgspec.json.encode(told(an_attempt_with("7"), [a_machine("7")], NOW))
    later = written.replace(b'"phase":"running"', b'"phase":"hibernating"')
    assert msgspec.json.decode(later, type=Attempt).readings[0].phase is Phase.UNKNOWN


def test_a_look_that_changes_no_bill_leaves_the_attempt_as_it_is() -> None:
    attempt = told(an_attempt_with("7"), [a_machine("7")], NOW)
    assert read(attempt, a_listing(a_machine("7"), at=NOW + HOUR)) is attempt
    assert read(attempt, a_listing(a_machine("7", price=410_000), at=NOW + HOUR)) is not attempt
