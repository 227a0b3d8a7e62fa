"""How often the machine of an unclear create is looked for, and when one that came up is the wrong one."""

from typing import Any

import pytest

from chalicelib.domain.attempt import Stage
from chalicelib.domain.instance import Instance, Phase
from chalicelib.domain.launch import failure, lost_create_pause
from chalicelib.domain.policy import Policy
from tests.builders import NOW
from tests.domain.test_session import an_attempt

POLICY = Policy()


def test_it_is_looked_for_every_ten_seconds_for_two_minutes_and_then_every_minute() -> None:
    pauses = [lost_create_pause(NOW, NOW + waited, POLICY) for waited in (0, 119_999, 120_000, 1_800_000)]
    assert pauses == [10_000, 10_000, 60_000, 60_000]


def test_no_setting_makes_it_a_loop_without_pause() -> None:
    assert lost_create_pause(NOW, NOW, Policy(lost_create_look_seconds=0.0)) == 100


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"gpu_count": 2}, ("wrong_hardware", "rented 1 GPUs, got 2")),
        ({"gpu": "RTX 3060"}, ("wrong_hardware", "rented RTX 4090, got RTX 3060")),
        ({"price_per_hour": 500_000}, ("dearer", "the machine costs $0.5000/h, agreed was at most $0.4500/h")),
        ({"phase": Phase.FAILED}, ("failed_to_boot", "starting")),
        ({"phase": Phase.FAILED, "message": "no such image"}, ("failed_to_boot", "no such image")),
        ({"price_per_hour": 450_000}, None),
        ({}, None),
    ],
)
def test_a_machine_that_will_not_become_what_was_rented_is_told_by_what_is_wrong(
    change: dict[str, Any], found: tuple[str, str] | None
) -> None:
    machine = Instance(provider="vastai", id="7", tag=None, **{"phase": Phase.STARTING, "status": "starting", **change})
    assert failure(an_attempt(Stage.BOOTING), machine, 450_000, NOW, POLICY) == found


def test_an_unclear_create_is_looked_for_often_enough_for_its_window() -> None:
    assert lost_create_pause(NOW, NOW, Policy(ambiguous_close_seconds=3.0)) == 1_000
    assert lost_create_pause(NOW, NOW, Policy()) == 10_000
