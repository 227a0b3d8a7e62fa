"""How often the machine of an unclear create is looked for."""

from chalicelib.domain.launch import lost_create_pause
from chalicelib.domain.policy import Policy
from tests.builders import NOW

POLICY = Policy()


def test_it_is_looked_for_every_ten_seconds_for_two_minutes_and_then_every_minute() -> None:
    pauses = [lost_create_pause(NOW, NOW + waited, POLICY) for waited in (0, 119_999, 120_000, 1_800_000)]
    assert pauses == [10_000, 10_000, 60_000, 60_000]


def test_no_setting_makes_it_a_loop_without_pause() -> None:
    assert lost_create_pause(NOW, NOW, Policy(lost_create_look_seconds=0.0)) == 100
