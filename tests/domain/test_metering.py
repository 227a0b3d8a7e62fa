"""What one machine's own answer adds to what is known of it."""

import msgspec

from chalicelib.domain.attempt import Attempt, Stage
from chalicelib.domain.instance import Instance, Phase
from chalicelib.domain.metering import told
from tests.builders import NOW
from tests.domain.test_session import an_attempt


def a_machine(instance_id: str, phase: Phase = Phase.RUNNING, price: int = 400_000) -> Instance:
    return Instance(provider="vastai", id=instance_id, tag=None, phase=phase, status=phase.value, price_per_hour=price)


def an_attempt_with(*instance_ids: str) -> Attempt:
    return msgspec.structs.replace(an_attempt(Stage.BOOTING), instance_ids=instance_ids)


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
